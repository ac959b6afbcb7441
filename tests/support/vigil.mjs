// Starts the built program on a port that the system chooses, and targets for it to watch that can die and come back.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The top of the tree. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The program; `VIGIL_BIN` names another. */
const BINARY = process.env.VIGIL_BIN ?? path.join(ROOT, 'target/debug/vigil');

/** The password of reporters. */
export const TOKEN = 's3cret';

/** How long anything may take that is to happen at once: generous, since the machine may be busy. */
export const SOON = 20e3;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Asks again and again until `what` gives something true, no longer than `limit`; gives that. */
export async function until(what, limit = SOON, name = what.toString()) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${limit / 1e3} s: ${name}`);
    await sleep(50);
  }
}

/** A running program, of which `url` is the page. */
export class Vigil {
  /** Starts it with that configuration, in which `PORT` stands for the port. */
  static async start(config, port = 0) {
    const folder = await mkdtemp(path.join(tmpdir(), 'vigil-'));
    const file = path.join(folder, 'vigil.cfg');
    await writeFile(file, config.replace('PORT', port));
    const child = spawn(BINARY, ['-c', file], { cwd: folder, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const vigil = new Vigil();
    Object.assign(vigil, { config, folder, child, log: '', ended: once(child, 'exit') });
    child.stderr.on('data', (text) => (vigil.log += text));
    for await (const line of createInterface({ input: child.stdout })) {
      const [, url] = line.match(/^serving the status page on (http:\/\/\S+)$/) ?? [];
      if (url) return Object.assign(vigil, { url, port: Number(new URL(url).port) });
    }
    await vigil.ended;
    throw new Error(`the program did not start: ${vigil.log}`);
  }

  /** The answer to a GET, as text. */
  async get(where = '') {
    return (await fetch(this.url + where)).text();
  }

  /** A report of a replica's load, as reporters send it. */
  async report(where, replica, cpu = 0.2, interval = 3600) {
    return this.tell(where, { replica, interval, load: { cpu, ram: 0.4 } });
  }

  /** A report of whatever kind. */
  async tell(where, report) {
    const answer = await fetch(`${this.url}reporter/${where}/`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`:${TOKEN}`)}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(report),
    });
    if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`);
  }

  /** Ends it. */
  async stop() {
    this.child.kill('SIGTERM');
    await this.ended;
    running.delete(this.child);
    await rm(this.folder, { recursive: true });
    if (this.log.includes('panicked')) throw new Error(`the program panicked: ${this.log}`);
  }

  /** Starts what was stopped once more, at the same address. */
  again() {
    return Vigil.start(this.config, this.port);
  }
}

/** Whether a replica or a node on the page is not judged yet. */
export const pending = async (vigil) => /: Unknown"|>Not checked yet<|>Waiting for reports</.test(await vigil.get());

/**
 * A configuration. Services are `{ label, nodes }`, nodes are `{ label, replicas }`, `{ label, scripts }`, or only
 * `{ label, mode }` when replicas report. Ids are counted: the first node of the second service is `s1/n0`.
 */
export function config({ server = {}, branding = {}, metrics = {}, services = [] }) {
  const table = (values) => Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('');
  const how = ({ mode = 'push', replicas, scripts }) => (replicas ? { mode: 'poll', replicas } : scripts ? { mode: 'script', scripts } : { mode });
  const node = ({ label, hidden = false, ...rest }, at) =>
    `[[probe.service.node]]\n${table({ id: `n${at}`, label, reveal_replica_name: !hidden, ...how(rest) })}`;
  const service = ({ label, nodes }, at) => `[[probe.service]]\n${table({ id: `s${at}`, label })}${nodes.map(node).join('')}`;
  const usual = { poll_interval: 1, poll_retry: 0, push_system_cpu_sick_above: 0.9 };
  return (
    `[server]\n${table({ log_level: 'info', reporter_token: TOKEN, ...server })}inet = "127.0.0.1:PORT"\nworkers = 2\n` +
    `[branding]\n${table(branding)}[metrics]\n${table({ ...usual, ...metrics })}${services.map(service).join('')}`
  );
}

/** Something to watch; it is alive until `stop`, and again after `start`. */
class Target {
  constructor(scheme, make) {
    Object.assign(this, { scheme, make, port: 0, sockets: new Set() });
  }

  async start() {
    this.server = this.make();
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.server.on('error', reject).listen(this.port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `${this.scheme}://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    const closed = once(this.server, 'close');
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }
}

/** A web server that answers every request with that. */
export const web = (status = 200, type = 'text/plain', body = 'well\n') =>
  new Target('http', () => http.createServer((_, answer) => answer.writeHead(status, { 'Content-Type': type }).end(body))).start();

/** A web server that never answers. */
export const silent = () => new Target('http', () => http.createServer(() => {})).start();

/** A server that takes connections. */
export const tcp = () => new Target('tcp', () => net.createServer(() => {})).start();

/** An address where nothing listens. */
export async function closed() {
  const target = await tcp();
  await target.stop();
  return target.url;
}
