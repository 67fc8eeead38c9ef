// The dialog of the keychain: what there is, under which names.

import { post } from './api.js';
import { dialog } from './dialog.js';
import { h, icon, replace } from './dom.js';
import { nameOf, plain, validity } from './format.js';

/**
 * keychain lists entries and changes them. store has entries; changed(entries,
 * from, to), which is told of each change, with the names of a renaming; extract(use);
 * use(entry), which switches the form to one; and inUse(entry).
 */
export function keychain(store) {
  return dialog(
    'Credentials',
    () => {
      const place = h('div', { class: 'entries' });
      const redraw = () =>
        replace(
          place,
          group(store, redraw, 'credential', 'Client certificates'),
          group(store, redraw, 'roots', 'Certificates to trust'),
        );
      redraw();
      return h(
        'div',
        { class: 'dialog-body' },
        h(
          'p',
          { class: 'lead' },
          'They are kept in the memory of the program, and are gone when it ends. The page sees certificates, never a key. An entry named ',
          h('code', {}, 'platform'),
          ' is what “Use mutual TLS” presents.',
        ),
        place,
      );
    },
    { wide: true },
  );
}

function group(store, redraw, use, title) {
  const entries = store.entries.filter((e) => e.use === use);
  const add = h('button', { type: 'button', class: 'small' }, icon('plus'), 'Extract…');
  add.addEventListener('click', async () => {
    await store.extract(use);
    redraw();
  });
  return h(
    'section',
    {},
    h('div', { class: 'panel-head' }, h('h3', {}, title), add),
    entries.length
      ? h(
          'ul',
          {},
          entries.map((entry) => item(store, redraw, entry)),
        )
      : h('p', { class: 'empty' }, 'None yet.'),
  );
}

function item(store, redraw, entry) {
  const leaf = entry.chain[0];
  const until = validity(leaf.notAfter, leaf.notBefore);
  const fault = h('p', { class: 'fault', role: 'alert', hidden: true });
  const call = async (path, body, ...names) => {
    try {
      store.changed(await post(path, body), ...names);
      redraw();
    } catch (error) {
      fault.textContent = error.error ? plain(error.error) : error.message;
      fault.hidden = false;
    }
  };
  const more = entry.chain.length - 1;
  const facts = [
    leaf.subject === leaf.issuer ? 'self-signed' : `by ${nameOf(leaf.issuer)}`,
    entry.key,
    more > 0 && (entry.use === 'roots' ? `and ${more} more` : `${more} above it`),
    entry.sample && 'example',
  ]
    .filter(Boolean)
    .join(', ');
  const element = h('li', { class: 'entry' });
  const rest = () =>
    replace(
      element,
      h(
        'div',
        {},
        h('div', { class: 'entry-name' }, entry.name),
        h(
          'div',
          { class: 'entry-facts' },
          nameOf(leaf.subject) === entry.name ? facts : `${nameOf(leaf.subject)}, ${facts}`,
        ),
        fault,
      ),
      h('span', { class: `verdict ${until.state}` }, until.text),
      h(
        'div',
        { class: 'entry-tools' },
        store.inUse(entry)
          ? h('span', { class: 'in-use' }, icon('check'), 'In use')
          : h(
              'button',
              {
                type: 'button',
                class: 'small',
                'aria-label': `Use ${entry.name}`,
                onclick: () => {
                  store.use(entry);
                  redraw();
                },
              },
              'Use',
            ),
        h(
          'button',
          { type: 'button', class: 'small', 'aria-label': `Rename ${entry.name}`, onclick: () => rename() },
          'Rename',
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'small danger',
            'aria-label': `Delete ${entry.name}`,
            onclick: (event) => sure(event.target),
          },
          'Delete',
        ),
      ),
    );
  // A key is gone for good, so deleting takes a second click.
  const sure = (button) => {
    if (button.dataset.sure) return call('api/credentials/delete', { name: entry.name });
    button.dataset.sure = 'yes';
    button.textContent = 'Delete for good';
    button.setAttribute('aria-label', `Delete ${entry.name} for good`);
    return undefined;
  };
  const rename = () => {
    const input = h('input', {
      type: 'text',
      value: entry.name,
      'aria-label': `New name of ${entry.name}`,
      maxlength: '80',
    });
    const form = h(
      'form',
      {
        class: 'entry-rename',
        onsubmit: (event) => {
          event.preventDefault();
          call('api/credentials/rename', { from: entry.name, to: input.value.trim() }, entry.name, input.value.trim());
        },
      },
      input,
      h('button', { type: 'submit', class: 'small' }, 'Keep'),
      h('button', { type: 'button', class: 'small', onclick: rest }, 'Cancel'),
      fault,
    );
    replace(element, form);
    input.select();
    input.focus();
  };
  rest();
  return element;
}
