// One function for each x-widget. It returns what is to be seen and, where that
// is one control, its input.

import { h } from './dom.js';
import { base64Of } from './api.js';
import { byteLength, isBytes, isObject, parse, same } from './exact.js';
import { bytes } from './format.js';
import { drawFields } from './fields.js';
import { list, rows } from './rows.js';
import { credentials, roots } from './names.js';

function input(c, attributes) {
  const element = h('input', {
    id: c.id,
    type: 'text',
    'aria-describedby': c.describedBy,
    'aria-label': c.label,
    spellcheck: 'false',
    autocapitalize: 'off',
    ...attributes,
  });
  return { element, input: element };
}

// Text stays text; a value that came as something else is shown and read as JSON.
function text(c, attributes = {}) {
  const isText = c.value === undefined || c.value === null || typeof c.value === 'string';
  const control = input(c, {
    value: isText ? (c.value ?? '') : JSON.stringify(c.value),
    class: isText ? '' : 'code',
    ...attributes,
  });
  control.input.addEventListener('input', () => c.set(isText ? control.input.value : json(control.input.value)));
  return control;
}

function json(value) {
  try {
    return parse(value);
  } catch {
    return value;
  }
}

const url = (c) => text(c, { inputmode: 'url', placeholder: 'https://', class: 'code', 'aria-required': 'true' });

const password = (c) => text(c, { type: 'password', autocomplete: 'off' });

function number(c) {
  const { minimum, maximum, default: usual } = c.schema;
  const control = input(c, {
    type: 'number',
    min: minimum,
    max: maximum,
    step: 'any',
    placeholder: usual ?? '',
    value: c.value ?? '',
  });
  control.input.addEventListener('input', () =>
    c.set(control.input.value === '' ? undefined : Number(control.input.value)),
  );
  return control;
}

function toggle(c) {
  const on = String(c.value ?? c.schema.default ?? false) === 'true';
  const element = h('input', { id: c.id, type: 'checkbox', role: 'switch', 'aria-describedby': c.describedBy });
  element.checked = on;
  element.addEventListener('change', () => c.set(element.checked));
  return { element, input: element };
}

function select(c) {
  const { choices, free } = c.context.schema.choices(c.schema);
  const value = c.value ?? c.schema.default ?? '';
  const known = choices.some((choice) => same(choice.value, value));
  const all = [...choices];
  // What has no default can be left open, and what is not listed stays.
  if (!('default' in c.schema) && !choices.some((choice) => choice.value === ''))
    all.unshift({ value: '', title: '–' });
  if (!known && value !== '') all.push({ value, title: String(value) });
  const other = free && !choices.some((choice) => choice.value === 'custom');
  const element = h(
    'select',
    { id: c.id, 'aria-describedby': c.describedBy, 'aria-label': c.label },
    all.map((choice, i) => h('option', { value: String(i) }, choice.title)),
    other && h('option', { value: 'other' }, 'Other…'),
  );
  element.value = String(all.findIndex((choice) => same(choice.value, value)));
  const box = h('div', { class: 'select' }, element);
  element.addEventListener('change', () => {
    box.querySelector('input')?.remove();
    if (element.value !== 'other') return c.set(all[Number(element.value)].value);
    const typed = h('input', {
      type: 'text',
      class: 'code',
      'aria-label': `${c.title}, typed`,
      oninput: () => c.set(typed.value),
    });
    box.append(typed);
    typed.focus();
    return undefined;
  });
  return { element: box, input: element };
}

/** body is text, or the bytes of a file. */
function body(c) {
  const box = h('div', { class: 'body' });
  const area = h('textarea', {
    id: c.id,
    rows: 5,
    class: 'code',
    'aria-describedby': c.describedBy,
    'aria-label': c.label,
    spellcheck: 'false',
  });
  const file = h('input', { type: 'file', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true' });
  const pick = h('button', { type: 'button', class: 'small', onclick: () => file.click() }, 'Use a file…');
  const show = (value) => {
    const held = isBytes(value);
    area.value = held
      ? ''
      : value === undefined || value === null
        ? ''
        : typeof value === 'string'
          ? value
          : JSON.stringify(value);
    area.placeholder = held ? `${bytes(byteLength(value.$base64))} from a file; typing here takes their place` : '';
  };
  area.addEventListener('input', () => c.set(area.value));
  file.addEventListener('change', async () => {
    if (!file.files.length) return;
    const value = { $base64: await base64Of(file.files[0]) };
    c.set(value);
    show(value);
  });
  show(c.value);
  box.append(area, h('div', { class: 'aside' }, pick, file));
  return { element: box, input: area };
}

/** group is an object with fields of its own. */
function group(c) {
  const object = isObject(c.value) ? c.value : {};
  const properties = c.context.schema.properties(c.schema);
  const context = {
    ...c.context,
    changed: () => c.set(Object.keys(object).length ? object : undefined),
  };
  // Within a group that is shown, everything is.
  return { element: h('div', { class: 'group' }, drawFields(context, properties, object, c.path)) };
}

export const controls = {
  text,
  url,
  password,
  number,
  select,
  body,
  group,
  credentials,
  roots,
  list,
  switch: toggle,
  headers: rows,
  query: rows,
  form: rows,
  multipart: rows,
};
