// Serves pages of a year that never was: those that `src/web/scene.rs` makes, as the program would send them.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/vigil.mjs';

/** The moment at which those pages were made. */
export const NOON = new Date('2026-11-24T12:12:05Z');

const TYPES = { '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'";

/** Makes the pages and serves them; gives `url`, the names, `edit` to change one from now on, and `stop`. */
export async function startScene() {
  const folder = await mkdtemp(path.join(tmpdir(), 'vigil-'));
  const env = { ...process.env, VIGIL_PAGES: folder };
  await promisify(execFile)('cargo', ['test', '--quiet', '--lib', 'web::scene'], { cwd: ROOT, env, maxBuffer: 1 << 26 });
  const pages = (await readdir(folder)).filter((name) => name.endsWith('.html'));
  const edits = new Map();
  const server = http.createServer(async ({ url }, answer) => {
    const name = new URL(url, 'http://page').pathname.slice(1);
    if (name === 'badge/icon') {
      answer.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg"/>');
      return;
    }
    try {
      const text = await readFile(path.join(folder, name), 'utf8');
      const edited = (edits.get(name) ?? ((same) => same))(text);
      const headers = { 'Content-Type': TYPES[path.extname(name)], 'Content-Security-Policy': POLICY, Date: NOON.toUTCString() };
      answer.writeHead(200, { ...headers, ETag: `"${edits.size}"` }).end(edited);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    folder,
    names: pages.map((name) => name.slice(0, -'.html'.length)),
    url: (name) => `http://127.0.0.1:${server.address().port}/${name}.html`,
    edit: (name, change) => edits.set(`${name}.html`, change),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}
