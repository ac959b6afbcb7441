// The HTTP API is what docs/openapi.yaml says: schemathesis makes requests of it, right ones and wrong ones, and looks at
// each answer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOKEN, Vigil, config } from '../support/vigil.mjs';

const MANAGER = 'm4nager';
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const DESCRIPTION = here('../../docs/openapi.yaml');

/** The program; what this machine keeps elsewhere is named by the environment. */
const SCHEMATHESIS = process.env.SCHEMATHESIS ?? 'schemathesis';

/** How many requests it makes of each kind, and where its dice begin: the same each time. */
const EXAMPLES = 20;
const SEED = 5;

let vigil;

before(async () => {
  const demo = { label: 'Demo', nodes: [{ label: 'Application' }, { label: 'Local', mode: 'local' }] };
  const text = config({ server: { manager_token: MANAGER, mcp_server: true }, services: [demo] });
  // The ids of the examples.
  vigil = await Vigil.start(text.replace('id = "s0"', 'id = "demo"').replace('id = "n0"', 'id = "application"'));
});
after(() => vigil?.stop());

/** Runs it; gives its exit code and what it said. */
async function run(...more) {
  const options = ['--url', vigil.url, '--max-examples', EXAMPLES, '--seed', SEED, '--generation-database', 'none', '--workers', 2, ...more];
  const child = spawn(SCHEMATHESIS, ['--config-file', here('schemathesis.toml'), 'run', DESCRIPTION, ...options], {
    cwd: vigil.folder,
    env: { PATH: process.env.PATH, HOME: vigil.folder, REPORTER_TOKEN: TOKEN, MANAGER_TOKEN: MANAGER, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  const [code] = await once(child, 'close');
  return { code, said };
}

it('is as it is documented, whatever it is asked', async () => {
  const { code, said } = await run();
  assert.equal(code, 0, said);
  const operations = (await readFile(DESCRIPTION, 'utf8')).match(/^ +operationId:/gm).length;
  assert.match(said, new RegExp(`Tested: +${operations}\\b`), 'every operation');
  assert.equal(await vigil.get('status/text'), 'healthy');
});
