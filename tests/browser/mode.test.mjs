// How a replica is known is said beside it: to the eye, to a keyboard, to a screen reader, and without JavaScript.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Vigil, config, tcp, until, web } from '../support/vigil.mjs';
import { ARTEFACTS, launch, squares, tooltip, violations, visit } from './support.mjs';

/** The only replica of each node, in the order of the page. */
const MODES = [
  ['HTTP', 'Checked over HTTP'],
  ['TCP', 'Checked by opening a TCP connection'],
  ['Reports', 'Reports its load by itself'],
  ['Behind a firewall', 'Checked by vigil-local on its own network'],
  ['Script', 'Checked by a script'],
];

let browser, vigil, targets;

before(async () => {
  const [site, port] = (targets = await Promise.all([web(), tcp()]));
  const [http, tcps, push, local, script] = MODES.map(([label]) => label);
  const nodes = [
    { label: http, replicas: [site.url] },
    { label: tcps, replicas: [port.url] },
    { label: push, mode: 'push' },
    { label: local, mode: 'local' },
    { label: script, scripts: ['exit 0'] },
  ];
  const services = [{ label: 'Modes', nodes: nodes.map((node) => ({ ...node, hidden: true })) }];
  [browser, vigil] = await Promise.all([launch(), Vigil.start(config({ services }))]);
  await vigil.report('s0/n2', 'worker');
  await vigil.tell('s0/n3', { replica: 'db', interval: 3600, health: 'healthy' });
  const known = async () => (await vigil.get()).match(/aria-label="Replica 1: Healthy"/g)?.length === MODES.length;
  await until(known, undefined, 'every replica is healthy');
});
after(() => Promise.all([browser?.close(), vigil?.stop(), ...(targets ?? []).map((target) => target.stop())]));

for (const javaScriptEnabled of [true, false]) {
  describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', { concurrency: true }, () => {
    it('the mouse and the keyboard find how each replica is known', async () => {
      await visit(browser, vigil.url, { javaScriptEnabled }, async (page) => {
        const all = await squares(page).all();
        assert.equal(all.length, MODES.length);
        for (const [at, square] of all.entries()) {
          const tip = await tooltip(page, square);
          await square.hover();
          assert.ok((await tip.innerText()).includes(MODES[at][1]), `${MODES[at]}: ${await tip.innerText()}`);
          await page.mouse.move(0, 0);
          await tip.waitFor({ state: 'hidden' });
          await square.focus();
          await tip.waitFor({ state: 'visible' });
          assert.ok((await tip.innerText()).includes(MODES[at][1]), `${MODES[at]}: ${await tip.innerText()}`);
        }
      });
    });

    it('a screen reader says how each replica is known', async () => {
      await visit(browser, vigil.url, { javaScriptEnabled }, async (page) => {
        const session = await page.context().newCDPSession(page);
        const { nodes } = await session.send('Accessibility.getFullAXTree');
        const said = nodes.filter(({ role, name }) => role?.value === 'button' && /^Replica \d+: /.test(name?.value));
        assert.equal(said.length, MODES.length);
        for (const [at, { description }] of said.entries()) {
          assert.ok(description?.value.includes(MODES[at][1]), `${MODES[at]}: ${description?.value}`);
        }
      });
    });
  });
}

for (const colorScheme of ['light', 'dark']) {
  it(`looks right and passes axe with a tooltip open, ${colorScheme}`, async () => {
    await visit(browser, vigil.url, { colorScheme, reducedMotion: 'reduce' }, async (page) => {
      const square = squares(page).nth(3);
      await square.focus();
      await (await tooltip(page, square)).waitFor();
      await page.screenshot({ path: path.join(ARTEFACTS, `mode-${colorScheme}.png`) });
      assert.deepEqual(await violations(page), []);
    });
  });
}
