// A status page in each of its states, each served by a program of its own.

import { Vigil, closed, config, pending, silent, tcp, until, web } from '../support/vigil.mjs';

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"><rect width="160" height="40" rx="8" fill="#5b21b6"/></svg>';

const branding = {
  page_title: 'Northwind Status',
  company_name: 'Northwind',
  website_url: 'https://northwind.example/',
  support_url: 'mailto:help@northwind.example',
};

/** Starts all; gives them by name, each with the `word` that it shows, and a function that stops them. */
export async function startVariants() {
  const [good, bad, port, hangs, logo] = await Promise.all([web(), web(503), tcp(), silent(), web(200, 'image/svg+xml', LOGO)]);
  const nobody = await closed();
  const website = { label: 'Website', nodes: [{ label: 'Front page', replicas: [good.url, port.url] }, { label: 'Checkout', replicas: [good.url] }] };
  const workers = { label: 'Workers', nodes: [{ label: 'Mail queue' }, { label: 'Search index', hidden: true }] };
  const well = async (vigil) => {
    for (const replica of ['worker-1', 'worker-2', 'worker-3']) await vigil.report('s1/n0', replica);
    await vigil.report('s1/n1', 'indexer');
  };
  const faulty = { label: 'Faulty', nodes: [{ label: 'Database', replicas: [nobody, port.url] }, { label: 'Reports', replicas: [bad.url] }] };
  const late = { label: 'Late', nodes: [{ label: 'Archive', replicas: [hangs.url] }, { label: 'Never heard of' }] };
  const crowd = ({ url }, name) => ({ label: name, nodes: Array.from({ length: 20 }, (_, at) => ({ label: name + at, replicas: ['a', 'b', 'c'].map((to) => `${url}/${to}`) })) });
  const odd = {
    label: 'Pneumonoultramicroscopicsilicovolcanoconiosis'.repeat(2),
    nodes: [
      { label: '<script>alert("no")</script> & "more" \'quotes\'', replicas: [`${good.url}/${'very-long-name-'.repeat(20)}`, nobody] },
      { label: 'حالة الخوادم في أوروبا', replicas: Array.from({ length: 40 }, (_, at) => `${good.url}/${at}`) },
    ],
  };
  const wanted = [
    { name: 'healthy', word: 'healthy', branding, services: [website, workers], prepare: well },
    {
      name: 'sick',
      word: 'sick',
      branding,
      services: [website, workers],
      prepare: async (vigil) => [await well(vigil), await vigil.report('s1/n0', 'worker-2', 0.97)],
    },
    {
      name: 'dead',
      word: 'dead',
      branding,
      services: [website, workers, faulty],
      prepare: async (vigil) => [await well(vigil), await vigil.report('s1/n0', 'worker-2', 0.97)],
    },
    { name: 'unknown', word: 'healthy', unchecked: true, services: [late], metrics: { poll_delay_dead: 600, poll_delay_sick: 300 } },
    { name: 'empty', word: 'healthy', unchecked: true },
    { name: 'crowded', word: 'healthy', services: [crowd(good, 'Node ')] },
    { name: 'ruined', word: 'dead', services: [crowd({ url: nobody.replace('tcp', 'http') }, 'Node ')] },
    {
      name: 'odd',
      word: 'dead',
      branding: { ...branding, page_title: `${branding.page_title} <b>&</b>`, logo_url: `${logo.url}/logo.svg`, logo_color: '#5b21b6', icon_color: '#5b21b6' },
      services: [odd],
    },
  ];
  const variants = await Promise.all(
    wanted.map(async ({ prepare, ...variant }) => {
      const vigil = await Vigil.start(config(variant));
      await prepare?.(vigil);
      const settled = async () => (await vigil.get('status/text')) === variant.word && (variant.unchecked || !(await pending(vigil)));
      await until(settled, undefined, `${variant.name} is settled`);
      return { ...variant, vigil, url: vigil.url, elsewhere: new URL(logo.url).origin };
    }),
  );
  const stop = () => Promise.all([...variants.map(({ vigil }) => vigil.stop()), ...[good, bad, port, hangs, logo].map((target) => target.stop())]);
  return { variants: Object.fromEntries(variants.map((variant) => [variant.name, variant])), stop };
}
