// Opens pages in Chromium, and takes note of everything that must not happen on them.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT } from '../support/vigil.mjs';

const require = createRequire(import.meta.url);

/** Where screenshots are kept. */
export const ARTEFACTS = path.join(ROOT, 'tests/artefacts');
mkdirSync(ARTEFACTS, { recursive: true });

/** A browser; `CHROMIUM` names another one. Root may not use Chromium's sandbox. */
export function launch() {
  const quiet = ['--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid() === 0 ? ['--no-sandbox', ...quiet] : quiet,
  });
}

/**
 * Opens `url` in a context with `options`, lets `check` look at it, and refuses every console error, every error of the
 * page, and every request to another host than the page's. `allow` says which of these are expected.
 */
export async function visit(browser, url, options, check, allow = () => false) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const faults = [];
  const fault = (what) => allow(what) || faults.push(what);
  const { origin } = new URL(url);
  context.on('console', (message) => ['error', 'warning'].includes(message.type()) && fault(`console: ${message.text()}`));
  context.on('weberror', (error) => fault(`error: ${error.error()}`));
  context.on('request', (request) => new URL(request.url()).origin === origin || fault(`request: ${request.url()}`));
  context.on('requestfailed', (request) => fault(`failed: ${request.url()}: ${request.failure().errorText}`));
  try {
    const page = await context.newPage();
    await page.goto(url);
    await check(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** What axe-core finds wrong with the page as it is shown now. */
export async function violations(page) {
  await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
  });
}

/** The squares of all replicas: whatever a tooltip describes. */
export const squares = (page) => page.locator('[aria-describedby]');

/** The tooltip of a square. */
export const tooltip = async (page, square) => page.locator(`[id="${await square.getAttribute('aria-describedby')}"]`);

/** The tooltips that are seen. */
export const seenTooltips = (page) => page.getByRole('tooltip').filter({ visible: true });
