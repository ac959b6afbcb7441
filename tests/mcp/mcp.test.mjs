// Language models, through the client of the Model Context Protocol as it is published for Node.js.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Vigil, closed, config, pending, tcp, until } from '../support/vigil.mjs';

let vigil;
let target;

before(async () => {
  target = await tcp();
  const nodes = [{ label: 'Both', replicas: [target.url, await closed()], hidden: true }];
  const services = [{ label: 'Web & more', nodes: [...nodes, { label: 'Silent' }] }];
  vigil = await Vigil.start(config({ server: { mcp_server: true }, services }));
  await until(async () => (await vigil.get('status/text')) === 'dead');
  await until(async () => !(await pending(vigil)) || (await vigil.get('status/report')).includes('["healthy","dead"]'));
});

after(async () => {
  await vigil?.stop();
  await target?.stop();
});

/** Connects a client; `check` gets it and what went over the wire. */
async function connected(check) {
  const answers = [];
  const told = async (url, options) => {
    const answer = await fetch(url, options);
    answers.push({ method: options.method, status: answer.status, session: answer.headers.get('mcp-session-id') });
    return answer;
  };
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${vigil.url}mcp/probes`), { fetch: told }));
  try {
    await check(client, answers);
  } finally {
    await client.close();
  }
}

describe('a language model', () => {
  it('is told what there is to ask', async () => {
    await connected(async (client) => {
      assert.equal(client.getServerVersion().name, 'vigil');
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name), ['get_report']);
      assert.deepEqual(tools[0].annotations, { readOnlyHint: true, idempotentHint: true, openWorldHint: false });
      await client.ping();
    });
  });

  it('gets what /status/report says, as text and as structured content that fits its schema', async () => {
    await connected(async (client) => {
      await client.listTools(); // from then on the client holds results against the schema
      const { content, structuredContent, isError } = await client.callTool({ name: 'get_report' });
      assert.ok(!isError);
      assert.deepEqual(structuredContent, JSON.parse(await vigil.get('status/report')));
      assert.deepEqual(JSON.parse(content[0].text), structuredContent);
      assert.deepEqual(structuredContent.probes, [
        {
          name: 'Web & more',
          status: 'dead',
          nodes: [
            { name: 'Both', status: 'dead', replicas: ['healthy', 'dead'] },
            { name: 'Silent', status: 'healthy', replicas: [] },
          ],
        },
      ]);
    });
  });

  it('is refused another tool, in words', async () => {
    await connected(async (client) => {
      await assert.rejects(client.callTool({ name: 'restart' }), /there is no such tool/);
    });
  });

  it('needs no session, and 20 of them at once meet nobody else', async () => {
    const reports = await Promise.all(
      Array.from({ length: 20 }, async () => {
        let report;
        await connected(async (client, answers) => {
          report = (await client.callTool({ name: 'get_report' })).structuredContent;
          assert.ok(answers.every(({ session }) => session === null));
          assert.ok(answers.filter(({ method }) => method === 'POST').every(({ status }) => [200, 202].includes(status)));
        });
        return report;
      }),
    );
    assert.ok(reports.every((report) => report.health === 'dead'));
  });
});

describe('whoever asks otherwise', () => {
  const post = (body, headers = {}) =>
    fetch(`${vigil.url}mcp/probes`, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });

  it('is told what is wrong, and how it would be right', async () => {
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    for (const [answer, status, text] of [
      [post(ping), 200, /^{"jsonrpc":"2.0","id":1,"result":{}}$/],
      [post(ping, { 'MCP-Protocol-Version': '2025-06-18' }), 200, /"result"/],
      [post(ping, { 'MCP-Protocol-Version': '1999-01-01' }), 400, /there are 2025-11-25, /],
      [post(ping, { 'Content-Type': 'text/plain' }), 400, /send application\/json/],
      [post('{"id":'), 400, /"error":{"code":-32600/],
      [post(`[${ping}]`), 400, /"error":{"code":-32600/],
      [post('{"jsonrpc":"2.0","method":"notifications/initialized"}'), 202, /^$/],
      [post(`"${'x'.repeat(70_000)}"`), 413, /larger than 64 KiB/],
    ]) {
      const { status: found, text: said } = await answer.then(async (one) => ({ status: one.status, text: await one.text() }));
      assert.equal(found, status, said);
      assert.match(said, text);
    }
    for (const method of ['GET', 'DELETE']) {
      const answer = await fetch(`${vigil.url}mcp/probes`, { method });
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
    }
  });
});

describe('without mcp_server', () => {
  it('there is nothing at that address', async () => {
    const other = await Vigil.start(config({ services: [{ label: 'Web', nodes: [{ label: 'Silent' }] }] }));
    try {
      for (const method of ['GET', 'POST']) {
        assert.equal((await fetch(`${other.url}mcp/probes`, { method })).status, 404);
      }
    } finally {
      await other.stop();
    }
  });
});
