// Takes the pictures of README.md: picture.mjs LIGHT.png DARK.png

import { setTimeout as sleep } from 'node:timers/promises';
import { Vigil, closed, config, pending, until, web } from '../support/vigil.mjs';
import { launch, visit } from './support.mjs';

const [site, nobody] = await Promise.all([web(), closed()]);

const node = (label, count) => ({ label, replicas: Array.from({ length: count }, (_, number) => `${site.url}/${number}`) });

const services = [
  {
    label: 'Cloud console',
    nodes: [node('Website', 3), node('Customer dashboard', 4)],
  },
  {
    label: 'Platform',
    nodes: [node('REST API', 6), { label: 'Background jobs' }, { label: 'Report builder' }],
  },
  {
    label: 'Data',
    nodes: [node('Object storage', 4), { label: 'Search', replicas: [`${site.url}/0`, `${site.url}/1`, nobody] }],
  },
];
const branding = {
  page_title: 'Northwind Cloud Status',
  company_name: 'Northwind Cloud',
  website_url: 'https://northwind.example/',
  support_url: 'https://northwind.example/support',
  icon_color: '#4338ca',
  logo_color: '#4338ca',
};

const vigil = await Vigil.start(config({ branding, services }));
const browser = await launch();
try {
  for (const name of ['job-1', 'job-2', 'job-3', 'job-4']) await vigil.report('s1/n1', name);
  for (const [name, load] of [['builder-1', 0.4], ['builder-2', 0.96], ['builder-3', 0.5]]) await vigil.report('s1/n2', name, load);
  await until(async () => !(await pending(vigil)));
  for (const [at, colorScheme] of ['light', 'dark'].entries()) {
    const options = { colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1.5, viewport: { width: 1280, height: 720 } };
    await visit(browser, vigil.url, options, async (page) => {
      await sleep(1500);
      await page.screenshot({ path: process.argv[2 + at], fullPage: true });
    });
  }
} finally {
  await browser.close();
  await vigil.stop();
  await site.stop();
}
