// How the page is used: with a keyboard, by touch, and without JavaScript.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, seenTooltips, squares, tooltip, visit } from './support.mjs';
import { startVariants } from './variants.mjs';

let browser, variants, stop;

before(async () => ([browser, { variants, stop }] = await Promise.all([launch(), startVariants()])));
after(() => Promise.all([browser?.close(), stop?.()]));

/** Where a tooltip must be: wholly between the left and the right edge, and not above the page. */
async function assertInSight(page, tip) {
  const { x, y, width } = await tip.boundingBox();
  assert.ok(x >= 0 && x + width <= page.viewportSize().width && y >= 0, `at ${x}, ${y}, ${width} px wide`);
}

describe('with a keyboard', { concurrency: true }, () => {
  for (const [name, width] of [['dead', 1280], ['dead', 360], ['crowded', 1280]]) {
    it(`Tab reaches every square and shows its tooltip: ${name}, ${width} px`, async () => {
      await visit(browser, variants[name].url, { viewport: { width, height: 700 } }, async (page) => {
        const all = await squares(page).count();
        const reached = new Set();
        for (let press = 0; press < 4 * all + 20 && reached.size < all; press += 1) {
          await page.keyboard.press('Tab');
          const focused = page.locator('[aria-describedby]:focus');
          if ((await focused.count()) === 0) continue;
          const tip = await tooltip(page, focused);
          assert.ok(await tip.isVisible());
          await assertInSight(page, tip);
          assert.equal(await seenTooltips(page).count(), 1);
          reached.add(await focused.getAttribute('aria-describedby'));
        }
        assert.equal(reached.size, all);
      });
    });
  }

  it('Escape hides a tooltip and leaves the focus', async () => {
    await visit(browser, variants.dead.url, {}, async (page) => {
      const square = squares(page).first();
      await square.focus();
      const tip = await tooltip(page, square);
      await tip.waitFor({ state: 'visible' });
      await page.keyboard.press('Escape');
      await tip.waitFor({ state: 'hidden' });
      assert.ok(await square.evaluate((element) => element === document.activeElement));
      await page.keyboard.press('Tab');
      await page.keyboard.press('Shift+Tab');
      await tip.waitFor({ state: 'visible' });
    });
  });

  it('Escape hides a tooltip that the mouse opened', async () => {
    await visit(browser, variants.dead.url, {}, async (page) => {
      const square = squares(page).first();
      await square.hover();
      const tip = await tooltip(page, square);
      await tip.waitFor({ state: 'visible' });
      await page.keyboard.press('Escape');
      await tip.waitFor({ state: 'hidden' });
    });
  });

  it('the first stop is a link to the content', async () => {
    await visit(browser, variants.dead.url, {}, async (page) => {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      assert.ok(await page.evaluate(() => document.querySelector('main').contains(document.activeElement)));
    });
  });
});

describe('with a mouse', () => {
  it('a tooltip stays while the pointer is on it, and its text can be selected', async () => {
    await visit(browser, variants.dead.url, {}, async (page) => {
      const square = squares(page).first();
      await square.hover();
      const tip = await tooltip(page, square);
      const { x, y, width, height } = await tip.boundingBox();
      await page.mouse.move(x + width / 2, y + height / 2, { steps: 20 });
      assert.ok(await tip.isVisible());
      await page.mouse.move(5, 5, { steps: 10 });
      await tip.waitFor({ state: 'hidden' });
    });
  });
});

describe('by touch', { concurrency: true }, () => {
  for (const name of ['dead', 'crowded']) {
    it(`a tap shows a tooltip in sight, and a tap elsewhere hides it: ${name}`, async () => {
      await visit(browser, variants[name].url, { viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true }, async (page) => {
        for (const square of (await squares(page).all()).slice(0, 12)) {
          await square.tap();
          const tip = await tooltip(page, square);
          await tip.waitFor({ state: 'visible' });
          await assertInSight(page, tip);
          assert.equal(await seenTooltips(page).count(), 1);
          await page.touchscreen.tap(3, 300);
          await tip.waitFor({ state: 'hidden' });
        }
      });
    });
  }
});

describe('without JavaScript', { concurrency: true }, () => {
  it('all is there: headline, labels, statuses, causes', async () => {
    await visit(browser, variants.dead.url, { javaScriptEnabled: false }, async (page) => {
      assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Some systems are down');
      const text = await page.getByRole('main').innerText();
      for (const label of ['Website', 'Front page', 'Checkout', 'Workers', 'Mail queue', 'Faulty', 'Database', 'Reports', 'Healthy', 'Sick', 'Dead']) {
        assert.ok(text.includes(label), label);
      }
      assert.match(text, /Last checked .*\d/);
    });
  });

  for (const width of [360, 1280]) {
    it(`tooltips show by hover and by focus, ${width} px`, async () => {
      await visit(browser, variants.dead.url, { javaScriptEnabled: false, viewport: { width, height: 700 } }, async (page) => {
        for (const square of await squares(page).all()) {
          const tip = await tooltip(page, square);
          await square.hover();
          await tip.waitFor({ state: 'visible' });
          await page.mouse.move(0, 0);
          await tip.waitFor({ state: 'hidden' });
          await square.focus();
          await tip.waitFor({ state: 'visible' });
          const { x, width: wide } = await tip.boundingBox();
          assert.ok(x >= 0 && x + wide <= width, `at ${x}, ${wide} px wide`);
        }
      });
    });
  }
});
