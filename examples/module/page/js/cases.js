// The ready-made cases: as cards before anything has run, as a note with ways to
// the neighbours once one has.

import { h, replace } from './dom.js';

/** welcome draws the cards. */
export function welcome(place, cases, onpick) {
  replace(
    place,
    h(
      'section',
      { class: 'welcome', 'aria-labelledby': 'welcome-title' },
      h('h3', { id: 'welcome-title' }, 'Learn mutual TLS by looking'),
      h(
        'p',
        {},
        'Ten requests against servers that this program brings along: what works, what fails, and why. Choose one, or fill in the form for a server of your own.',
      ),
      h(
        'ol',
        { class: 'cases' },
        cases.map((c, i) =>
          h(
            'li',
            {},
            h(
              'button',
              { type: 'button', 'data-case': c.id, onclick: () => onpick(i) },
              h('span', { class: 'number', 'aria-hidden': 'true' }, String(i + 1)),
              h('span', { class: 'case-title' }, c.title),
              h('span', { class: 'case-summary' }, c.summary),
            ),
          ),
        ),
      ),
    ),
  );
}

/** note says what a case teaches, and leads on. */
export function note(place, cases, i, onpick) {
  if (i === undefined) return replace(place);
  const c = cases[i];
  const to = (n, text) =>
    h('button', { type: 'button', class: 'small', disabled: !cases[n], onclick: () => onpick(n) }, text);
  return replace(
    place,
    h(
      'section',
      { class: 'case-note', 'aria-label': 'About this example' },
      h('p', { class: 'case-number' }, `Example ${i + 1} of ${cases.length}`),
      h('h3', {}, c.title),
      h('p', {}, c.summary, ' ', h('span', { class: 'look' }, c.look)),
      h('div', { class: 'case-ways' }, to(i - 1, 'Previous'), to(i + 1, 'Next')),
    ),
  );
}
