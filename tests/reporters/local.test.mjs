// The daemon that watches what Vigil cannot reach, vigil-local, as it is published, against the program.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SOON, TOKEN, Vigil, config, tcp, until, web } from '../support/vigil.mjs';

const INTERVAL = 2;
const DELAY = 3;

/** One way there and back, and three checks, of which a dead one takes up to a second. */
const CYCLE = (INTERVAL + 3) * 1e3;

let vigil;
let daemon;
let folder;
let targets;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vigil-'));
  const file = path.join(folder, 'works');
  await writeFile(file, '');
  targets = {
    tcp: await tcp(),
    http: await web(),
    script: { stop: () => rm(file), start: () => writeFile(file, '') },
  };
  const nodes = ['TCP', 'HTTP', 'Script'].map((label) => ({ label, mode: 'local' }));
  vigil = await Vigil.start(config({ metrics: { local_delay_dead: DELAY }, services: [{ label: 'Behind', nodes }] }));
  const watched = [
    `mode = "poll"\nreplicas = [${JSON.stringify(targets.tcp.url)}]`,
    `mode = "poll"\nreplicas = [${JSON.stringify(targets.http.url)}]`,
    `mode = "script"\nscripts = ["test -e ${file} || exit 2"]`,
  ];
  const node = (what, at) => `[[probe.service.node]]\nid = "n${at}"\n${what}\n`;
  await writeFile(
    path.join(folder, 'vigil-local.cfg'),
    `[server]\nlog_level = "warn"\n[report]\nendpoint = ${JSON.stringify(vigil.url.slice(0, -1))}\ntoken = ${JSON.stringify(TOKEN)}\n` +
      `[metrics]\ninterval = ${INTERVAL}\npoll_retry = 0\npoll_delay_dead = 1\npoll_delay_sick = 1\n` +
      `[[probe.service]]\nid = "s0"\n${watched.map(node).join('')}`,
  );
  start();
});

after(async () => {
  daemon?.kill('SIGKILL');
  await vigil?.stop();
  await Promise.allSettled([targets?.tcp.stop(), targets?.http.stop()]);
  await rm(folder, { recursive: true });
});

function start() {
  daemon = spawn(process.env.VIGIL_LOCAL ?? 'vigil-local', ['-c', path.join(folder, 'vigil-local.cfg')], { stdio: 'ignore' });
}

/** The status of each of the three, in the order of the file. */
async function statuses() {
  const { probes } = JSON.parse(await vigil.get('status/report'));
  return probes[0].nodes.map(({ status, replicas }) => (replicas.length ? status : 'none'));
}

const are = (wanted, limit) => until(async () => `${await statuses()}` === wanted, limit, `all are ${wanted}`);

describe('vigil-local 1.3.1', () => {
  it('watches three targets, and each flip shows within its interval', async () => {
    await are('healthy,healthy,healthy', SOON);
    for (const [at, target] of Object.values(targets).entries()) {
      const one = ['healthy', 'healthy', 'healthy'].map((word, other) => (other === at ? 'dead' : word)).join();
      await target.stop();
      await are(one, CYCLE);
      await target.start();
      await are('healthy,healthy,healthy', CYCLE);
    }
    assert.match(await vigil.get(), /Checked by vigil-local on its own network/);
  });

  it('is missed when it is silent, and heard again', async () => {
    daemon.kill('SIGKILL');
    const killed = Date.now();
    await are('dead,dead,dead', SOON);
    const dead = (Date.now() - killed) / 1e3;
    assert.ok(dead >= DELAY - 0.1 && dead <= INTERVAL + DELAY + 1.5, `dead ${dead} s after the kill`);
    assert.match(await vigil.get(), /no report within \d+ s/);
    start();
    await are('healthy,healthy,healthy', SOON);
  });
});
