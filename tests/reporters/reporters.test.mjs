// The reporters that the public uses, as they are published, against the program: each lives, dies and comes back.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SOON, TOKEN, Vigil, config, until } from '../support/vigil.mjs';

const INTERVAL = 2;
const DELAY = 1;

/** The time after which an idle connection irritates the reporter for Node.js. */
const PATIENCE = 10e3;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** How each is started; what this machine keeps elsewhere is named by the environment. */
const REPORTERS = [
  { name: 'npm vigil-reporter 1.2.0', command: [process.execPath, here('node/report.cjs')], replica: 'nœud:1/a' },
  { name: 'crate vigil-reporter 1.3.0', command: [process.env.RUST_REPORTER ?? here('rust/target/debug/vigil-reporter-rust-test')], replica: '192.168.1.10' },
  { name: 'PyPI py-vigil-reporter 0.2.0', command: [process.env.PYTHON ?? 'python3', here('python/report.py')], replica: 'python:1' },
];

let vigil;
const children = new Set();

before(async () => {
  // How busy this machine is must not matter, so that no reported load is too high.
  const metrics = { push_delay_dead: DELAY, push_system_cpu_sick_above: 1000, push_system_ram_sick_above: 1000 };
  vigil = await Vigil.start(config({ metrics, services: [{ label: 'Reporters', nodes: REPORTERS.map(({ name }) => ({ label: name })) }] }));
});
after(async () => {
  children.forEach((child) => child.kill('SIGKILL'));
  await vigil?.stop();
});

/** What the page says of a node: all text from its heading to the next, or to the end of its service. */
async function said(label) {
  const parts = (await vigil.get()).split(/(?=<h3)|<\/section/);
  return parts.find((part) => part.startsWith('<h3') && part.includes(label)).replace(/<[^>]*>/g, ' ');
}

const turns = (name, word, limit) => until(async () => new RegExp(`\\b${word}\\b`).test(await said(name)), limit, `${name} is ${word}`);

function report({ command: [program, ...more], replica }, node) {
  const child = spawn(program, [...more, vigil.url.slice(0, -1), TOKEN, 's0', `n${node}`, replica, String(INTERVAL)], {
    env: { ...process.env, RUST_LOG: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.said = '';
  child.stdout.on('data', (text) => (child.said += text));
  child.stderr.on('data', (text) => (child.said += text));
  return child;
}

describe('a reporter', { concurrency: true }, () => {
  for (const [node, reporter] of REPORTERS.entries()) {
    it(`lives, dies at its deadline and comes back: ${reporter.name}`, async () => {
      const { name } = reporter;
      const first = report(reporter, node);
      await turns(name, 'Healthy', PATIENCE + SOON);
      assert.ok((await said(name)).includes(reporter.replica));
      await sleep(PATIENCE + INTERVAL * 1e3);
      await turns(name, 'Healthy', 0);
      first.kill('SIGKILL');
      const killed = Date.now();
      await turns(name, 'Dead', SOON);
      const after = (Date.now() - killed) / 1e3;
      assert.ok(after >= DELAY - 0.1 && after <= INTERVAL + DELAY + 1.5, `dead ${after} s after the kill`);
      assert.match(await said(name), /no report within \d+ s/);
      const second = report(reporter, node);
      await turns(name, 'Healthy', PATIENCE + SOON);
      second.kill('SIGKILL');
      const trouble = [first, second].flatMap(({ said }) => said.split('\n').filter((line) => /error|fail|timed|abort|unreach|Traceback/i.test(line)));
      assert.deepEqual(trouble, []);
    });
  }
});
