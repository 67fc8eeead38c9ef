// Fields whose value is a name in the keychain: a choice, and a way to add to it.

import { h } from './dom.js';
import { validity } from './format.js';

/** credentials chooses a client certificate. */
export function credentials(c) {
  const { element, input } = choice(c, 'credential', 'None');
  return { element, input };
}

/** roots chooses certificates to trust, or takes their text. */
export function roots(c) {
  const isText = typeof c.value === 'string' && c.value.includes('-----BEGIN');
  const area = h('textarea', {
    rows: 4,
    class: 'code',
    'aria-label': `${c.title}, as text`,
    spellcheck: 'false',
    placeholder: '-----BEGIN CERTIFICATE-----',
    hidden: !isText,
  });
  area.addEventListener('input', () => c.set(area.value));
  if (isText) area.value = c.value;
  const chooser = choice(c, 'roots', 'None', { value: 'text', title: 'Certificates as text…', chosen: isText });
  chooser.input.addEventListener('change', () => {
    area.hidden = chooser.input.value !== 'text';
    if (!area.hidden) {
      c.set(area.value);
      area.focus();
    }
  });
  chooser.element.append(area);
  return chooser;
}

function choice(c, use, none, extra) {
  const entries = c.context.credentials().filter((entry) => entry.use === use);
  const value = typeof c.value === 'string' && !extra?.chosen ? c.value : '';
  const select = h(
    'select',
    { id: c.id, 'aria-describedby': c.describedBy },
    h('option', { value: '' }, none),
    entries.map((entry) => h('option', { value: `name:${entry.name}` }, label(entry))),
    value &&
      !entries.some((entry) => entry.name === value) &&
      h('option', { value: `name:${value}` }, `${value} (not in the keychain)`),
    extra && h('option', { value: extra.value }, extra.title),
  );
  select.value = extra?.chosen ? extra.value : value && `name:${value}`;
  select.addEventListener('change', () => {
    if (select.value !== extra?.value) c.set(select.value.slice('name:'.length));
  });
  const extract = h('button', { type: 'button', 'aria-label': `Extract a file for ${c.title}` }, 'Extract…');
  extract.addEventListener('click', async () => {
    const name = await c.context.extract(use);
    if (name) c.context.chosen(c.path, name);
  });
  return { element: h('div', { class: 'choice' }, h('div', { class: 'choice-row' }, select, extract)), input: select };
}

function label(entry) {
  if (entry.state === 'good') return entry.name;
  return `${entry.name} (${validity(entry.chain[0].notAfter, entry.chain[0].notBefore).text})`;
}
