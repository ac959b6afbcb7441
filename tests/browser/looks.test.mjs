// How the page looks, in each of its states, for everyone: axe-core, the Nu HTML checker, every width and theme.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ARTEFACTS, launch, squares, tooltip, violations, visit } from './support.mjs';
import { startVariants } from './variants.mjs';

const STATES = ['healthy', 'sick', 'dead', 'unknown'];
const NAMES = [...STATES, 'empty', 'crowded', 'odd', 'missing'];
const LARGEST = 60_000;

let browser, variants, stop;

before(async () => {
  [browser, { variants, stop }] = await Promise.all([launch(), startVariants()]);
  variants.missing = { ...variants.healthy, name: 'missing', url: `${variants.healthy.url}nothing/here` };
});
after(() => Promise.all([browser?.close(), stop?.()]));

/** Opens a variant; the branded one shows a logo from elsewhere, as it was told to, and one page is missing. */
function open(name, options, check) {
  const { url, elsewhere } = variants[name];
  const allow = (what) => (name === 'missing' && what.includes('404')) || (name === 'odd' && what === `request: ${elsewhere}/logo.svg`);
  // Without motion, so that nothing is looked at half shown.
  return visit(browser, url, { reducedMotion: 'reduce', ...options }, check, allow);
}

/** The words of the header that are broken over lines, though none of these brands has a long one. */
const brokenWords = (page) =>
  page.evaluate(() => {
    const broken = [];
    const walker = document.createTreeWalker(document.querySelector('header'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (walker.currentNode.parentElement.closest('[aria-hidden]')) continue;
      for (const word of walker.currentNode.data.matchAll(/\S+/g)) {
        const range = document.createRange();
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        if (range.getClientRects().length > 1) broken.push(word[0]);
      }
    }
    return broken;
  });

for (const name of NAMES) {
  describe(`the page: ${name}`, () => {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [320, 360, 768, 1440]) {
        it(`is accessible and fits, ${colorScheme}, ${width} px wide`, async () => {
          await open(name, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
            const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
            assert.ok(wide <= room, `${wide} px in ${room} px`);
            assert.deepEqual(await brokenWords(page), []);
            if (width === 320) return;
            await page.screenshot({ path: path.join(ARTEFACTS, `${name}-${colorScheme}-${width}.png`), fullPage: true });
            if (width === 768) return;
            assert.deepEqual(await violations(page), []);
            const square = squares(page).first();
            if ((await square.count()) === 0) return;
            await square.focus();
            await (await tooltip(page, square)).waitFor();
            await page.screenshot({ path: path.join(ARTEFACTS, `${name}-${colorScheme}-${width}-tooltip.png`) });
            assert.deepEqual(await violations(page), [], 'with a tooltip');
          });
        });
      }
    }
  });
}

it('is valid HTML for the Nu HTML checker, in every state', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vigil-'));
  try {
    const save = async (name, url) => writeFile(path.join(folder, name), await (await fetch(url)).text());
    await Promise.all([
      ...Object.values(variants).map(({ name, url }) => save(`${name}.html`, url)),
      ...STATES.slice(0, 3).flatMap((name) => ['icon', 'color'].map((kind) => save(`${kind}-${name}.svg`, `${variants[name].vigil.url}badge/${kind}`))),
    ]);
    const jar = path.join(path.dirname(createRequire(import.meta.url).resolve('vnu-jar/package.json')), 'build/dist/vnu.jar');
    const args = ['-jar', jar, '--format', 'json', '--stdout', '--exit-zero-always', '--also-check-svg', folder];
    const { stdout } = await promisify(execFile)('java', args, { maxBuffer: 1 << 26 });
    const messages = JSON.parse(stdout).messages.filter(({ type, subType }) => type !== 'info' || subType === 'warning');
    assert.deepEqual(messages.map(({ url, lastLine, message }) => `${path.basename(url ?? '')}:${lastLine}: ${message}`), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('each status', () => {
  it('has an icon of its own and its word', async () => {
    const seen = {};
    for (const name of STATES) {
      await open(name, {}, async (page) => {
        seen[name] = {
          headline: await page.getByRole('heading', { level: 1 }).innerText(),
          icon: await page.locator(`main .is-${name} use[href^="#icon-"]`).first().getAttribute('href'),
          badge: await (await fetch(`${variants[name].vigil.url}badge/icon`)).text(),
        };
        const word = name[0].toUpperCase() + name.slice(1);
        const row = page.locator(`li.is-${name}:has(h3)`).first();
        assert.match(await row.innerText(), new RegExp(`\\b${word}\\b`));
        assert.match(await row.locator(`.is-${name} > [aria-describedby]`).first().getAttribute('aria-label'), new RegExp(`\\b${word}\\b`));
      });
    }
    for (const what of ['headline', 'icon']) assert.equal(new Set(STATES.map((name) => seen[name][what])).size, STATES.length, what);
    assert.equal(new Set(['healthy', 'sick', 'dead'].map((name) => seen[name].badge)).size, 3, 'badges');
  });

  it('has squares that differ without colour', async () => {
    const options = { forcedColors: 'active', deviceScaleFactor: 2 };
    const pictures = new Map();
    for (const name of ['healthy', 'sick', 'dead', 'unknown']) {
      await open(name, options, async (page) => {
        await page.evaluate(() => document.activeElement.blur());
        // The same number in all of them, so that only the shape can differ.
        const square = page.locator(`.is-${name} > [aria-describedby]`).first();
        await square.evaluate((element) => (element.textContent = '1'));
        pictures.set((await square.screenshot()).toString('base64'), name);
      });
    }
    assert.equal(pictures.size, 4);
  });
});

describe('preferences', () => {
  it('without motion, nothing moves', async () => {
    await open('dead', {}, async (page) => {
      await squares(page).first().focus();
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    });
  });

  for (const name of STATES) {
    it(`with forced colours, ${name} is readable and accessible`, async () => {
      await open(name, { forcedColors: 'active' }, async (page) => {
        await page.screenshot({ path: path.join(ARTEFACTS, `${name}-forced-colors.png`), fullPage: true });
        assert.ok(await page.getByRole('heading', { level: 1 }).isVisible());
        assert.deepEqual(await violations(page), []);
      });
    });
  }

  it('with text twice as large, it fits', async () => {
    await open('dead', { viewport: { width: 768, height: 900 } }, async (page) => {
      await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(wide <= room, `${wide} px in ${room} px`);
    });
  });
});

for (const name of ['crowded', 'ruined']) {
  it(`weighs less than ${LARGEST} bytes with 20 nodes of 3 replicas: ${name}`, async () => {
    const answer = await fetch(variants[name].url, { headers: { 'Accept-Encoding': 'identity' } });
    const { length } = Buffer.from(await answer.arrayBuffer());
    assert.ok(length < LARGEST, `${length} bytes`);
  });
}
