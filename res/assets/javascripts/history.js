// What a script adds to history: times in the visitor's own zone, and the text of what is pointed at or tapped.
(() => {
  'use strict';

  const root = document.documentElement;
  root.dataset.local = '';

  /* Times */

  const format = (options) => {
    const { format: write } = new Intl.DateTimeFormat('en-GB', options);
    return (date) => write(date);
  };
  const hour = format({ hour: '2-digit', minute: '2-digit' });
  const moment = format({ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  const second = format({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });

  function put(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function localise(page) {
    let last;
    for (const time of page.querySelectorAll('time[data-at]')) {
      if (time.dataset.at === 'day') continue; // days are those of UTC everywhere
      const date = new Date(time.dateTime);
      const same = time.dataset.at === 'end' && last && last.toDateString() === date.toDateString();
      put(time, (time.dataset.at === 'second' ? second : same ? hour : moment)(date));
      last = date;
    }
    for (const text of page.querySelectorAll('.when[data-t]')) put(text, hour(new Date(text.dataset.t * 1e3)));
  }

  localise(document);
  document.addEventListener('vigil-page', (event) => localise(event.detail));

  /* The text of a day or a point: its <title>, shown at once and where it can be read */

  const tip = document.createElement('p');
  tip.className = 'point';
  tip.hidden = true;
  tip.setAttribute('aria-hidden', 'true'); // it is a picture's; its words are also elsewhere
  document.body.append(tip);
  let held; // what is pointed at, its title, which the browser shall not show as well, and where it was

  function release() {
    if (!held) return;
    const [what, title] = held;
    if (!what.querySelector('title')) what.prepend(title);
    what.removeAttribute('data-held');
    tip.hidden = true;
    held = null;
  }

  function hold(what) {
    if (held && held[0] === what) return;
    const title = what.querySelector('title');
    release();
    if (!title) return;
    const at = what.getBoundingClientRect();
    held = [what, title, at];
    title.remove();
    what.setAttribute('data-held', '');
    const [when, ...rest] = title.textContent.split(': ');
    const local = what.dataset.t ? moment(new Date(what.dataset.t * 1e3)) : when;
    tip.textContent = '';
    const strong = document.createElement('b');
    strong.textContent = local;
    tip.append(strong, ' ' + rest.join(': '));
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(at.left + at.width / 2 - width / 2, root.clientWidth - width - 8);
    tip.style.left = Math.max(8, left) + 'px';
    tip.style.top = (at.top - height - 8 < 0 ? at.bottom + 8 : at.top - height - 8) + 'px';
  }

  document.addEventListener('pointerover', ({ target }) => {
    const what = target.closest('.bar > *, .hits > *');
    if (what) hold(what);
    else if (!target.closest('.bar, .plot')) release();
  });
  document.addEventListener('pointerdown', ({ target }) => target.closest('.bar, .plot') || release());
  // A finger leaves as soon as it is lifted; what it pointed at stays to be read.
  root.addEventListener('pointerleave', ({ pointerType }) => pointerType === 'mouse' && release());
  // The word of a scroll may come late, after something was pointed at where it stands now.
  addEventListener('scroll', () => held && held[0].getBoundingClientRect().top !== held[2].top && release(), { passive: true });
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && release());
})();
