// Dialogs: the browser's own, so focus and Escape are its work.

import { h, uid } from './dom.js';

/**
 * dialog shows one and resolves with what close(value) was given, undefined
 * where it was left. draw(close) returns its content.
 */
export function dialog(title, draw, { wide = false } = {}) {
  return new Promise((resolve) => {
    let value;
    const id = uid('dialog');
    const element = h('dialog', { class: wide ? 'wide' : '', 'aria-labelledby': id });
    const close = (v) => {
      value = v;
      element.close();
    };
    const before = document.activeElement;
    element.append(
      h(
        'header',
        {},
        h('h2', { id }, title),
        h('button', { type: 'button', class: 'quiet close', 'aria-label': 'Close', onclick: () => close() }, '✕'),
      ),
      draw(close),
    );
    element.addEventListener('close', () => {
      element.remove();
      if (before?.isConnected) before.focus();
      resolve(value);
    });
    // A click beside the dialog leaves it.
    element.addEventListener('mousedown', (event) => {
      if (event.target === element) close();
    });
    document.body.append(element);
    element.showModal();
  });
}

/** labelled is a field of a dialog: a label above, a hint below. */
export function labelled(title, input, hint) {
  input.id ||= `d-${title.toLowerCase().replace(/\W+/g, '-')}`;
  const hintId = `${input.id}-hint`;
  if (hint) input.setAttribute('aria-describedby', hintId);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: input.id }, title),
    input,
    hint && h('p', { class: 'help', id: hintId }, hint),
  );
}
