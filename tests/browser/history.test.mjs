// The past on the pages: accessible, valid, in sight, without colour, without a script, and while the page lives.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startScene } from './scene.mjs';
import { ARTEFACTS, launch, violations, visit } from './support.mjs';

/** A page of each kind, and of each there is least and most of. */
const NAMES = [
  ...['status-healthy', 'status-sick', 'status-dead', 'status-young', 'status-new', 'status-fresh'],
  ...['status-announced-healthy', 'status-announced-sick', 'status-announced-dead'],
  ...['status-maintained-healthy', 'status-maintained-sick', 'status-maintained-dead', 'status-maintained', 'node-maintained-1'],
  ...['node-0-24h', 'node-1-90d', 'node-2-7d', 'node-3-30d', 'node-young', 'node-fresh', 'node-unread'],
  ...['month', 'month-empty', 'month-unread', 'status-foreign', 'node-foreign'],
];
const LIVE = 30e3;

let browser, scene;

before(async () => ([browser, scene] = await Promise.all([launch(), startScene()])));
after(() => Promise.all([browser?.close(), scene?.stop()]));

const open = (name, options, check) => visit(browser, scene.url(name), { reducedMotion: 'reduce', ...options }, check);
const tip = (page) => page.locator('body > .point');

for (const name of NAMES) {
  it(`is accessible and fits, in both themes and at every width: ${name}`, async () => {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [320, 390, 1280]) {
        await open(name, { colorScheme, viewport: { width, height: 900 } }, async (page) => {
          await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
          const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
          assert.ok(wide <= room, `${wide} px in ${room} px`);
          if (width === 320) return;
          assert.deepEqual(await violations(page), []);
          await page.screenshot({ path: path.join(ARTEFACTS, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        });
      }
    }
  });
}

for (const name of ['status-foreign', 'node-foreign']) {
  it(`has every name that is written from right to left in a place of its own: ${name}`, async () => {
    await open(name, {}, async (page) => {
      const { loose, found } = await page.evaluate(() => {
        const turned = /[\p{Script=Arabic}\p{Script=Hebrew}]/u;
        const texts = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) if (turned.test(walker.currentNode.data)) texts.push(walker.currentNode);
        // Of its own is what says how it is written and holds no word of ours, or what two characters set apart.
        const isLoose = ({ data, parentElement }) =>
          turned.test(data.replace(/\u2068[^\u2069]*\u2069/g, '')) && /^$|[a-z]/.test(parentElement.closest('bdi, [dir]')?.textContent ?? '');
        return { loose: texts.filter(isLoose).map(({ data }) => data), found: texts.length };
      });
      assert.deepEqual(loose, []);
      assert.ok(found > 8, `${found} of them`);
    });
  });
}

it('is valid HTML for the Nu HTML checker', async () => {
  const jar = path.join(path.dirname(createRequire(import.meta.url).resolve('vnu-jar/package.json')), 'build/dist/vnu.jar');
  const args = ['-jar', jar, '--format', 'json', '--stdout', '--exit-zero-always', scene.folder];
  const { stdout } = await promisify(execFile)('java', args, { maxBuffer: 1 << 26 });
  const messages = JSON.parse(stdout).messages.filter(({ url, type, subType }) => url.endsWith('.html') && (type !== 'info' || subType === 'warning'));
  assert.deepEqual(messages.map(({ url, lastLine, message }) => `${path.basename(url)}:${lastLine}: ${message}`), []);
});

describe('a day', () => {
  it('says what there was when it is pointed at, in sight at both ends, and only once', async () => {
    await open('status-dead', { viewport: { width: 1000, height: 700 } }, async (page) => {
      const bar = page.locator('.services .bar').first();
      for (const day of ['> :first-child', '> :last-child', '.d']) {
        const column = bar.locator(day).first();
        const { x, width } = await column.boundingBox();
        const box = await bar.boundingBox();
        await page.mouse.move(x + width / 2, box.y + box.height * 0.75);
        await tip(page).waitFor();
        const text = await tip(page).innerText();
        assert.match(text, day === '.d' ? /^\w{3} \d+ \w{3} down for / : /^\w{3} \d+ \w{3} /);
        const at = await tip(page).boundingBox();
        assert.ok(at.x >= 0 && at.x + at.width <= 1000 && at.y >= 0, JSON.stringify(at));
        assert.equal(await column.locator('title').count(), 0, 'the browser would show it as well');
      }
      await page.evaluate(() => dispatchEvent(new Event('scroll'))); // the late word of one that is over
      assert.ok(await tip(page).isVisible());
      await page.keyboard.press('Escape');
      await tip(page).waitFor({ state: 'hidden' });
      assert.equal(await bar.locator('.d title').count(), await bar.locator('.d').count());
    });
  });

  it('says it by touch, and ceases when something else is touched, or it moves away', async () => {
    await open('status-dead', { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true }, async (page) => {
      const bar = page.locator('.services .bar').first();
      await bar.scrollIntoViewIfNeeded();
      const box = await bar.locator('> :last-child').boundingBox();
      await page.touchscreen.tap(box.x + 3, box.y + 20);
      await tip(page).waitFor();
      const { x, width } = await tip(page).boundingBox();
      assert.ok(x >= 0 && x + width <= 390);
      await page.touchscreen.tap(5, box.y - 80);
      await tip(page).waitFor({ state: 'hidden' });
      await page.touchscreen.tap(box.x + 3, box.y + 20);
      await tip(page).waitFor();
      await page.evaluate(() => scrollBy({ top: 60, behavior: 'instant' }));
      await tip(page).waitFor({ state: 'hidden' });
    });
  });

  it('that was not a good one is told to the keyboard, in a list that opens', async () => {
    await open('status-dead', { javaScriptEnabled: false }, async (page) => {
      const summary = page.locator('.unwell summary').first();
      await summary.focus();
      await page.keyboard.press('Enter');
      const days = page.locator('.unwell').first().locator('li');
      await days.first().waitFor();
      assert.match(await days.last().innerText(), /^\w{3} \d+ \w{3}: /);
    });
  });

  it('looks different for each of its kinds, without colour', async () => {
    for (const forcedColors of ['none', 'active']) {
      await open('status-dead', { forcedColors, deviceScaleFactor: 4 }, async (page) => {
        await page.evaluate(() => (document.querySelector('main').style.filter = 'grayscale(1)'));
        const seen = new Set();
        for (const key of await page.locator('.legend .bar').all()) seen.add((await key.screenshot()).toString('base64'));
        assert.equal(seen.size, 6, forcedColors);
      });
    }
  });
});

describe('room', () => {
  /** In how many lines each of these texts stands. */
  const lines = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((element) => {
    const range = document.createRange();
    range.selectNodeContents([...element.childNodes].findLast((node) => node.nodeType === Node.TEXT_NODE));
    return range.getClientRects().length;
  }));

  it('is made on a phone for the status and the uptime of a replica, beside a long address', async () => {
    await open('node-3-30d', { viewport: { width: 390, height: 800 } }, async (page) => {
      assert.deepEqual(await lines(page, '.instances tbody .state, .instances tbody .share'), Array(6).fill(1));
      assert.ok((await lines(page, '.instances .address')).some((count) => count > 1));
    });
  });

  it('is used by the list of days', async () => {
    await open('status-dead', { viewport: { width: 1280, height: 800 } }, async (page) => {
      await page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
      const list = page.locator('.unwell ul').first();
      const [all, day] = [await list.boundingBox(), await list.locator('li').first().boundingBox()];
      assert.ok(day.width > all.width * 0.9, `${day.width} of ${all.width}`);
    });
  });

  it('has a heading on the page of a month', async () => {
    await open('month', {}, async (page) => {
      assert.equal(await page.locator('h1').innerText(), 'Incidents');
      assert.equal(await page.locator('h2').first().innerText(), 'November 2026');
    });
  });
});

describe('times', () => {
  it('are those of the visitor with a script, and of UTC without', async () => {
    const first = (page) => page.locator('.incident .when').first().innerText();
    await open('month', { timezoneId: 'Asia/Tokyo' }, async (page) => assert.match(await first(page), /^Since 24 Nov, 21:00, for 12 min$/));
    await open('month', { javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' }, async (page) => assert.match(await first(page), /^Since 24 Nov, 12:00 UTC, for 12 min$/));
  });

  it('of maintenance are those of the visitor, too', async () => {
    const first = (page) => page.locator('.planned .when').first().innerText();
    const name = 'status-maintained-healthy';
    await open(name, { timezoneId: 'Asia/Tokyo' }, async (page) => assert.equal(await first(page), '24 Nov, 20:12 – 22:12, for 2 h'));
    await open(name, { javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' }, async (page) =>
      assert.equal(await first(page), '24 Nov, 11:12 UTC – 13:12 UTC, for 2 h'));
  });

  it('of announcements are those of the visitor, too, to the second', async () => {
    const first = (page) => page.locator('.announcement .when').first().innerText();
    const name = 'status-announced-healthy';
    await open(name, { timezoneId: 'Asia/Tokyo' }, async (page) =>
      assert.match(await first(page), /^Published on 24 Nov 2026, 21:09:05\s+Shown until 27 Nov 2026, 21:09:05$/));
    await open(name, { javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' }, async (page) =>
      assert.match(await first(page), /^Published on 24 Nov 2026, 12:09:05 UTC\s+Shown until 27 Nov 2026, 12:09:05 UTC$/));
  });

  it('of a chart are those of the visitor, too', async () => {
    await open('node-0-24h', { timezoneId: 'Asia/Tokyo' }, async (page) => {
      assert.ok((await page.locator('.chart .when').allTextContents()).every((text) => /^(01|05|09|13|17|21):00$/.test(text)));
      const hit = page.locator('.hits rect').nth(40);
      await hit.hover();
      await tip(page).waitFor();
      assert.match(await tip(page).innerText(), /^24 Nov, \d\d:\d\d median \d+ ms, 95% within/);
    });
  });
});

describe('a page that lives', () => {
  it('takes over what is new, and keeps what is open, focused and pointed at', async () => {
    await open('status-sick', { viewport: { width: 1000, height: 900 } }, async (page) => {
      const details = page.locator('.unwell').first();
      await details.locator('summary').focus();
      await page.keyboard.press('Enter');
      const day = page.locator('.services .bar').first().locator('> :last-child');
      await day.hover();
      await tip(page).waitFor();
      scene.edit('status-sick', (html) => html.replaceAll('down for 4 min so far', 'down for 5 min so far').replaceAll('Website is sick', 'Website is slow'));
      await page.getByText('Website is slow').waitFor({ timeout: LIVE });
      assert.ok(await details.evaluate((element) => element.open && element.contains(document.activeElement)));
      assert.ok(await tip(page).isVisible());
      await page.mouse.move(2, 2);
      await tip(page).waitFor({ state: 'hidden' });
      assert.equal(await day.locator('title').count(), 1);
      assert.match(await day.locator('title').textContent(), /down for 5 min so far/);
    });
  });
});
