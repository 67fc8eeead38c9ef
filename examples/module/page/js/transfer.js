// Import and export.

import { post } from './api.js';
import { dialog, labelled } from './dialog.js';
import { copyButton, h, replace } from './dom.js';
import { plain } from './format.js';

/** importDialog reads a text and resolves to the document that was chosen. */
export function importDialog() {
  return dialog(
    'Import',
    (close) => {
      const area = h('textarea', {
        id: 'import-text',
        rows: 10,
        class: 'code',
        spellcheck: 'false',
        placeholder: 'curl https://api.example/accounts --cert client.p12',
      });
      const file = h('input', { type: 'file', id: 'import-file', accept: '.json,.txt,.sh' });
      const found = h('div', { class: 'found', 'aria-live': 'polite' });
      const fault = h('p', { class: 'fault', role: 'alert', hidden: true });
      file.addEventListener('change', async () => {
        if (file.files.length) area.value = await file.files[0].text();
      });
      const read = async (event) => {
        event.preventDefault();
        fault.hidden = true;
        replace(found);
        try {
          const requests = await post('api/import', { text: area.value });
          if (requests.length === 1 && requests[0].document && !requests[0].notes.length)
            return close(requests[0].document);
          replace(
            found,
            h('h3', {}, requests.length === 1 ? 'One request' : `${requests.length} requests`),
            h(
              'ul',
              {},
              requests.map((r) => request(r, close)),
            ),
          );
          found.querySelector('button')?.focus();
        } catch (error) {
          fault.textContent = error.error ? plain(error.error) : error.message;
          fault.hidden = false;
          area.focus();
        }
        return undefined;
      };
      return h(
        'form',
        { class: 'dialog-body', novalidate: true, onsubmit: read },
        labelled('A request document, an exported scenario (blueprint), or a curl command', area),
        labelled('Or from a file', file),
        fault,
        found,
        h(
          'footer',
          {},
          h('button', { type: 'button', onclick: () => close() }, 'Cancel'),
          h('button', { type: 'submit', class: 'primary' }, 'Read'),
        ),
      );
    },
    { wide: true },
  );
}

function request(r, close) {
  const name = r.document ? `${(r.document.method ?? 'get').toUpperCase()} ${r.document.url}` : '';
  return h(
    'li',
    { class: 'entry' },
    h(
      'div',
      {},
      h('div', { class: 'entry-name' }, r.title),
      name && h('div', { class: 'entry-facts' }, h('code', {}, name)),
      r.error && h('p', { class: 'fault' }, plain(r.error)),
      r.notes.length > 0 && notes(r.notes),
    ),
    r.document &&
      h(
        'button',
        { type: 'button', class: 'small', 'aria-label': `Use it: ${r.title}`, onclick: () => close(r.document) },
        'Use it',
      ),
  );
}

function notes(list) {
  return h(
    'ul',
    { class: 'notes' },
    list.map((n) => h('li', {}, n.path && h('code', {}, n.path), ' ', n.text)),
  );
}

/** exportDialog shows a document as JSON or curl, and a run that has ended as an HTTP Archive. */
export function exportDialog(document, run) {
  return dialog(
    'Export',
    () => {
      const formats = [
        ['json', 'JSON document'],
        ['curl', 'curl command'],
        ...(run ? [['har', 'HAR of the last run']] : []),
      ];
      const text = h('pre', { class: 'json', tabindex: '0', 'aria-label': 'Exported text' });
      const said = h('div', {});
      const fault = h('p', { class: 'fault', role: 'alert', hidden: true });
      const reveal = h('input', { type: 'checkbox', role: 'switch', id: 'export-reveal' });
      let as = 'json';
      let asked = 0; // an answer that another question has overtaken is not shown
      const write = async () => {
        const turn = ++asked;
        fault.hidden = true;
        try {
          const result = await post('api/export', { document, as, run: run ?? '', reveal: reveal.checked });
          if (turn !== asked) return;
          text.textContent = result.text;
          replace(
            said,
            as === 'har' &&
              h(
                'p',
                { class: 'help' },
                'An HTTP Archive, for the network panel of a browser. What TLS did stands under _tls.',
              ),
            result.notes.length > 0 && notes(result.notes),
          );
        } catch (error) {
          if (turn !== asked) return;
          replace(text);
          fault.textContent = error.error ? plain(error.error) : error.message;
          fault.hidden = false;
        }
      };
      reveal.addEventListener('change', write);
      const choice = h(
        'div',
        { class: 'segments', role: 'radiogroup', 'aria-label': 'Format' },
        formats.map(([value, title]) => {
          const radio = h('input', {
            type: 'radio',
            name: 'format',
            value,
            onchange: () => {
              as = value;
              write();
            },
          });
          radio.checked = value === as;
          return h('label', {}, radio, h('span', {}, title));
        }),
      );
      write();
      return h(
        'div',
        { class: 'dialog-body' },
        choice,
        h(
          'label',
          { class: 'switch', for: 'export-reveal' },
          reveal,
          h('span', { class: 'track', 'aria-hidden': 'true' }),
          h('span', {}, 'With passwords and the values of secret headers'),
        ),
        fault,
        text,
        said,
        h(
          'footer',
          {},
          copyButton(() => text.textContent),
          save(
            () => text.textContent,
            () => ({ json: 'request.json', curl: 'request.sh', har: 'run.har' })[as],
          ),
        ),
      );
    },
    { wide: true },
  );
}

/** save offers a text as a file. */
function save(text, name) {
  const button = h('button', { type: 'button', class: 'primary' }, 'Save as a file');
  button.addEventListener('click', () => {
    const address = URL.createObjectURL(new Blob([text()], { type: 'application/octet-stream' }));
    h('a', { href: address, download: name() }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
  return button;
}
