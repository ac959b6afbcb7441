// Keeps the status page live: fetches it anew and changes only what differs.
(() => {
  'use strict';

  const EVERY = 10e3; // ms between two looks
  const SLOWEST = 60e3; // the same, without answers
  const byId = (id) => document.getElementById(id);
  if (!byId('vigil-banner')) return;
  const root = document.documentElement;
  root.dataset.live = '';

  let skew = null; // server clock minus visitor clock
  let seen; // ETag of what is shown
  let known = new Date(); // last word from the server
  let failures = 0;
  let timer;
  let busy;

  /* Times */

  const now = () => Date.now() + (skew || 0);

  function write(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function ago(ms) {
    const s = ms / 1e3;
    const [size, unit] = s < 60 ? [1, 's'] : s < 3600 ? [60, 'min'] : s < 172800 ? [3600, 'h'] : [86400, 'days'];
    return Math.floor(s / size) + ' ' + unit;
  }

  function clock(date) {
    const day = date.toDateString() !== new Date(now()).toDateString() && { day: 'numeric', month: 'short' };
    return date.toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit' });
  }

  function tick(page) {
    if (skew === null) return;
    for (const time of page.querySelectorAll('#vigil-main time:not([data-at])')) {
      const date = new Date(time.dateTime);
      const age = now() - date;
      if (time.id) write(time, age < 2e3 ? 'just now' : ago(age) + ' ago');
      else write(time, 'for ' + (age < 6e4 ? 'less than a minute' : ago(age)) + ', since ' + clock(date));
    }
  }

  /* Refresh */

  const mine = ['style', 'data-below', 'data-shut', 'data-held', 'open']; // not from the server

  // Makes `old` equal to `fresh`, keeping every element that is still there.
  function morph(old, fresh) {
    if (!old.tagName) return write(old, fresh.textContent);
    if (old.nodeName === 'svg' && old.isEqualNode(fresh)) return;
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !mine.includes(name)) old.removeAttribute(name);
    }
    const ids = new Set([...fresh.children].map((child) => child.id));
    for (const child of [...old.children]) {
      if (child.id && !ids.has(child.id)) child.remove();
    }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const same = child.id
        ? [...old.children].find(({ id }) => id === child.id)
        : at && !at.id && at.nodeName === child.nodeName && at;
      if (same && same === at) at = at.nextSibling;
      else old.insertBefore(same || document.importNode(child, true), at);
      if (same) morph(same, child);
    }
    while (old.childNodes.length > fresh.childNodes.length) old.lastChild.remove();
  }

  const announcements = (page) => [...page.querySelectorAll('.announcement, .planned.is-active')];

  function show(page) {
    const banner = byId('vigil-banner');
    const { status } = banner.dataset;
    const focused = document.activeElement;
    const known = announcements(document).map(({ id }) => id);
    tick(page); // first, so that only real changes are written
    document.dispatchEvent(new CustomEvent('vigil-page', { detail: page }));
    document.title = page.title;
    morph(byId('vigil-main'), page.getElementById('vigil-main'));
    if (focused.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
    const news = announcements(document).filter(({ id }) => !known.includes(id));
    const words = (one) => (one.querySelector('h2') || one.querySelector('p')).textContent;
    if (news.length) byId('vigil-live').textContent = news.map(words).join('. ');
    if (status === banner.dataset.status) return;
    byId('vigil-live').textContent = banner.querySelector('h1').textContent;
    const icon = document.querySelector('link[rel=icon]');
    const [href] = icon.href.split('?');
    if (href.startsWith(location.origin)) icon.href = href + '?' + banner.dataset.status;
  }

  function lost() {
    const line = byId('vigil-lost');
    line.hidden = !failures;
    byId('vigil-banner').toggleAttribute('data-lost', failures > 0);
    if (failures) write(line.lastElementChild, 'Connection lost; showing what was known at ' + clock(known));
  }

  async function poll() {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    try {
      const reply = await fetch(location.pathname + location.search, { cache: 'no-cache', signal: AbortSignal.timeout(8e3) });
      if (!reply.ok) throw reply;
      const etag = reply.headers.get('etag');
      const date = Date.parse(reply.headers.get('date'));
      skew = date ? date + 500 - Date.now() : skew || 0;
      if (!etag || etag !== seen) {
        const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
        if (!page.getElementById('vigil-banner')) throw reply;
        show(page);
        seen = etag;
      }
      known = new Date(now());
      failures = 0;
    } catch {
      failures += 1;
    }
    busy = false;
    lost();
    tick(document);
    if (!document.hidden) timer = setTimeout(poll, Math.min(SLOWEST, EVERY * (failures || 1)));
  }

  document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : poll()));
  addEventListener('online', poll);
  setInterval(() => tick(document), 1e3);
  poll();

  /* Tooltips: shown by the stylesheet, kept on screen and closed here */

  function place(replica) {
    const tip = replica.querySelector('.tip');
    replica.removeAttribute('data-shut');
    tip.removeAttribute('data-below');
    tip.style.setProperty('--shift', '0px');
    const box = tip.getBoundingClientRect();
    const shift = Math.max(16 - box.left, Math.min(0, root.clientWidth - 16 - box.right));
    tip.style.setProperty('--shift', Math.round(shift) + 'px');
    tip.toggleAttribute('data-below', box.top < 8);
  }

  function shut(except) {
    for (const replica of document.querySelectorAll('.replica:hover, .replica:focus-within')) {
      if (replica !== except) replica.setAttribute('data-shut', '');
    }
  }

  for (const kind of ['pointerover', 'focusin', 'pointerdown']) {
    document.addEventListener(kind, (event) => {
      const replica = event.target.closest('.replica');
      if (kind === 'pointerdown') shut(replica);
      if (replica && !replica.contains(event.relatedTarget)) place(replica);
    });
  }
  document.addEventListener('keydown', (event) => event.key === 'Escape' && shut());
})();
