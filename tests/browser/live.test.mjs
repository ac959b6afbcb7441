// How the page keeps itself up to date, in real time.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Vigil, closed, config, pending, tcp, until, web } from '../support/vigil.mjs';
import { launch, squares, tooltip, visit } from './support.mjs';

/** The page looks at the server every 10 s; a probe takes another second. */
const LIVE = 30e3;

const DEAD = 'Some systems are down';
const WELL = 'All systems are healthy';

let browser;

before(async () => (browser = await launch()));
after(() => browser?.close());

/** A page of one watched target and 15 quiet nodes, with what is added; `check` gets the program and the target. */
async function watching(more, check) {
  const target = await tcp();
  const quiet = await web();
  const filler = { label: 'Quiet', nodes: Array.from({ length: 15 }, (_, at) => ({ label: `Quiet ${at}`, replicas: [quiet.url] })) };
  const services = [{ label: 'Watched', nodes: [{ label: 'Target', replicas: [target.url] }] }, filler];
  const vigil = await Vigil.start(config({ services, ...more }));
  try {
    await until(async () => !(await pending(vigil)));
    await check(vigil, target, services);
  } finally {
    await Promise.allSettled([vigil.stop(), target.stop(), quiet.stop()]);
  }
}

const headline = (page, text, timeout = LIVE) => page.getByRole('heading', { level: 1, name: text }).waitFor({ timeout });

describe('the page', { concurrency: true }, () => {
  it('follows a death and a recovery, and leaves the visitor where he is', async () => {
    await watching({}, async (vigil, target) => {
      await visit(browser, vigil.url, { viewport: { width: 500, height: 500 } }, async (page) => {
        await page.evaluate(() => {
          window.stayed = true;
          window.said = [];
          const live = document.querySelector('[role=status]');
          new MutationObserver(() => window.said.push(live.textContent)).observe(live, { childList: true, characterData: true, subtree: true });
        });
        const square = squares(page).nth(12);
        await square.focus();
        const tip = await tooltip(page, square);
        await tip.waitFor();
        await square.evaluate((element) => {
          window.watched = element;
          window.place = () => [Math.round(element.getBoundingClientRect().top), window.scrollY > 0];
        });
        // The page may scroll smoothly to what got the focus.
        await until(async () => {
          const before = await page.evaluate(() => String((window.before = window.place())));
          await sleep(500);
          return before === (await page.evaluate(() => String(window.place())));
        });
        const unmoved = async (when) => {
          assert.ok(await page.evaluate(() => window.stayed), `reloaded ${when}`);
          assert.ok(await page.evaluate(() => document.activeElement === window.watched), `focus lost ${when}`);
          assert.ok(await tip.isVisible(), `tooltip closed ${when}`);
          const [before, now] = await page.evaluate(() => [window.before, window.place()]);
          assert.ok(Math.abs(before[0] - now[0]) <= 2 && before[1] && now[1], `scrolled ${when}: ${before} to ${now}`);
        };
        await target.stop();
        await headline(page, DEAD);
        await unmoved('after the death');
        assert.equal(await page.getByRole('status').innerText(), DEAD);
        assert.match(await page.title(), new RegExp(DEAD));
        assert.equal(await page.getByText('Target is dead', { exact: false }).count(), 1);
        await target.start();
        await headline(page, WELL);
        await unmoved('after the recovery');
        // Twice something happened, twice it was announced, however often the page looked.
        assert.deepEqual(await page.evaluate(() => window.said), [DEAD, WELL]);
      });
    });
  });

  it('brings announcements in and out when nothing else changes, and tells of them', async () => {
    const manager_token = 'm4nager';
    await watching({ server: { manager_token }, metrics: { poll_interval: 600 } }, async (vigil) => {
      const manage = async (method, where, body) => {
        const headers = { Authorization: `Basic ${btoa(`:${manager_token}`)}`, 'Content-Type': 'application/json' };
        const answer = await fetch(`${vigil.url}manager/announcement${where}`, { method, headers, body: body && JSON.stringify(body) });
        assert.ok(answer.ok, answer.status);
        return body && answer.json();
      };
      const old = await manage('POST', '', { title: 'Old news', text: 'Known' });
      await visit(browser, vigil.url, {}, async (page) => {
        const titles = () => page.locator('.announcement h2').allInnerTexts();
        assert.deepEqual(await titles(), ['Old news']);
        await page.evaluate(() => (window.stayed = document.querySelector('.announcement')));
        const { id } = await manage('POST', '', { title: 'Work on Sunday', text: 'First line\nSecond line' });
        const title = page.getByRole('heading', { level: 2, name: 'Work on Sunday' });
        await title.waitFor({ timeout: LIVE });
        assert.deepEqual(await titles(), ['Work on Sunday', 'Old news']);
        assert.equal(await page.getByRole('status').innerText(), 'Work on Sunday');
        assert.ok(await page.evaluate(() => window.stayed.isConnected));
        await manage('DELETE', `/${id}`);
        await title.waitFor({ state: 'detached', timeout: LIVE });
        await manage('DELETE', `/${old.id}`);
        await page.locator('.announcements').waitFor({ state: 'detached', timeout: LIVE });
      });
    });
  });

  it('brings maintenance in, marks what it is of, and takes all of that away when it is over', async () => {
    const manager_token = 'm4nager';
    await watching({ server: { manager_token }, metrics: { poll_interval: 600 } }, async (vigil) => {
      const headers = { Authorization: `Basic ${btoa(`:${manager_token}`)}`, 'Content-Type': 'application/json' };
      await visit(browser, vigil.url, {}, async (page) => {
        const body = JSON.stringify({ title: 'New disks', ends_at: new Date(Date.now() + 3600e3).toISOString() });
        const answer = await fetch(`${vigil.url}manager/maintenance`, { method: 'POST', headers, body });
        assert.ok(answer.ok, answer.status);
        const { id } = await answer.json();
        await headline(page, 'All systems are under maintenance');
        assert.equal(await page.locator('.planned.is-active h2').innerText(), 'New disks');
        assert.equal(await page.locator('li.node.is-maintenance').count(), await page.locator('li.node').count());
        assert.equal(await vigil.get('status/text'), 'healthy');
        await fetch(`${vigil.url}manager/maintenance/${id}`, { method: 'DELETE', headers });
        await headline(page, WELL);
        assert.equal(await page.locator('.planned, .is-maintenance:not(.legend *)').count(), 0);
      });
    });
  });

  it('says since when a replica is dead, and why', async () => {
    await watching({}, async (vigil, target) => {
      await target.stop();
      await until(async () => (await vigil.get('status/text')) === 'dead');
      await visit(browser, vigil.url, {}, async (page) => {
        const square = squares(page).first();
        await square.focus();
        const tip = await tooltip(page, square);
        await tip.getByText('connection refused').waitFor();
        await tip.getByText('less than a minute').waitFor();
      });
    });
  });

  it('counts the seconds since the last check', async () => {
    await watching({ metrics: { poll_interval: 600 } }, async (vigil) => {
      await visit(browser, vigil.url, {}, async (page) => {
        const seconds = async () => Number((await page.getByText(/checked.* \d+ s ago/i).first().innerText({ timeout: 15e3 })).match(/(\d+) s ago/)[1]);
        const first = await seconds();
        await until(async () => (await seconds()) >= first + 3, 8e3);
      });
    });
  });

  it('says that the connection is lost, and recovers at the same address', async () => {
    await watching({}, async (first) => {
      const expected = (what) => /ERR_|Failed to load resource/.test(what);
      let again;
      const check = async (page) => {
        await page.evaluate(() => (window.stayed = true));
        const notice = page.getByText(/connection lost/i);
        assert.ok(!(await notice.isVisible()));
        await first.stop();
        await notice.waitFor({ timeout: LIVE });
        again = await first.again();
        await notice.waitFor({ state: 'hidden', timeout: 2 * LIVE });
        await headline(page, WELL);
        assert.ok(await page.evaluate(() => window.stayed));
      };
      try {
        await visit(browser, first.url, {}, check, expected);
      } finally {
        await again?.stop();
      }
    });
  });

  it('asks nothing while it is hidden, and at once when it is shown again', async () => {
    await watching({}, async (vigil, target) => {
      await visit(browser, vigil.url, {}, async (page) => {
        const turn = (hidden) =>
          page.evaluate((hidden) => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event('visibilitychange'));
          }, hidden);
        await page.waitForLoadState('networkidle');
        await turn(true);
        let asked = 0;
        page.on('request', (request) => (asked += request.url() === vigil.url));
        await target.stop();
        await until(async () => (await vigil.get('')).includes(DEAD));
        await sleep(11e3); // longer than the pause between two looks
        assert.equal(asked, 0);
        await headline(page, WELL);
        await turn(false);
        await headline(page, DEAD);
        assert.equal(asked, 1);
      });
    });
  });

  it('shows a service that was added, and forgets one that was removed, by a restart', async () => {
    await watching({}, async (vigil, target, [watched]) => {
      const added = { label: 'Brand new', nodes: [{ label: 'Closed', replicas: [await closed()] }] };
      const expected = (what) => /ERR_|Failed to load resource/.test(what);
      let other;
      const check = async (page) => {
        await page.evaluate(() => (window.stayed = true));
        await vigil.stop();
        other = await Vigil.start(config({ services: [added, watched] }), vigil.port);
        await page.getByRole('heading', { name: 'Brand new' }).waitFor({ timeout: 2 * LIVE });
        await headline(page, DEAD, LIVE);
        assert.equal(await page.getByText('Quiet 3').count(), 0);
        assert.deepEqual(await page.getByRole('heading', { level: 2 }).allInnerTexts().then((all) => all.slice(0, 2)), ['Brand new', 'Watched']);
        assert.ok(await page.evaluate(() => window.stayed));
      };
      try {
        await visit(browser, vigil.url, {}, check, expected);
      } finally {
        await other?.stop();
      }
    });
  });
});

describe('custom HTML', () => {
  it('runs its scripts and styles, beside ours', async () => {
    const custom_html = '<script>window.custom = "ran";</script><style>h1 { letter-spacing: 7px }</style>';
    await watching({ branding: { custom_html } }, async (vigil, target) => {
      await visit(browser, vigil.url, {}, async (page) => {
        assert.equal(await page.evaluate(() => window.custom), 'ran');
        assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('h1')).letterSpacing), '7px');
        await target.stop();
        await headline(page, DEAD);
      });
    });
  });

  it('without it, no inline script runs', async () => {
    await watching({}, async (vigil) => {
      const blocked = (what) => /Content Security Policy|CSP/.test(what);
      await visit(browser, vigil.url, {}, async (page) => {
        await page.evaluate(() => {
          const script = document.createElement('script');
          script.textContent = 'window.injected = true';
          document.head.append(script);
        });
        assert.equal(await page.evaluate(() => window.injected), undefined);
      }, blocked);
    });
  });
});
