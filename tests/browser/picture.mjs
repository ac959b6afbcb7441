// Takes the pictures of README.md, of a year that never was: picture.mjs LIGHT.png DARK.png

import { setTimeout as sleep } from 'node:timers/promises';
import { startScene } from './scene.mjs';
import { launch, visit } from './support.mjs';

const scene = await startScene();
const browser = await launch();
try {
  for (const [at, colorScheme] of ['light', 'dark'].entries()) {
    const options = { colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1.5, viewport: { width: 1280, height: 1130 } };
    await visit(browser, scene.url('status-dead'), options, async (page) => {
      await sleep(1500);
      await page.screenshot({ path: process.argv[2 + at] });
    });
  }
} finally {
  await browser.close();
  await scene.stop();
}
