// Arrays: of texts, of pairs that fit in a line, of larger things on cards.

import { h, icon } from './dom.js';
import { isObject } from './exact.js';
import { controls } from './controls.js';
import { drawFields } from './fields.js';

/** rows edits an array of objects. */
export function rows(c) {
  // A whole form may stand there as text.
  if (typeof c.value === 'string' && c.value !== '') return controls.body(c);
  const properties = c.context.schema.properties(c.context.schema.items(c.schema));
  const values = asRows(c.value, properties);
  const said = (row) => Object.values(row).some((v) => v !== undefined && v !== '');
  const changed = () => c.set(values.filter(said));
  // Two fields fit in a line; where a row says something beside them, it says all.
  const usual = properties.filter((p) => !p.schema['x-advanced']);
  const beside = (row) => properties.some((p) => !usual.includes(p) && (row[p.key] ?? '') !== '');
  const drawOne = (row, i) =>
    usual.length === 2 && !beside(row) ? pair(c, usual, row, i, changed) : card(c, properties, row, i, changed);
  return { element: array(values, changed, () => ({}), drawOne, c.title) };
}

// An object's members are rows too, and a list of values is a row for each.
function asRows(value, [first, second]) {
  if (Array.isArray(value)) return value.map((row) => ({ ...row }));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, v]) =>
    [v].flat().map((one) => ({ [first.key]: name, [second.key]: one })),
  );
}

function pair(c, properties, object, i, changed) {
  return h(
    'div',
    { class: 'pair' },
    properties.map(
      ({ key, schema }) =>
        controls.text(
          {
            ...c,
            schema,
            id: undefined,
            describedBy: undefined,
            label: `${schema.title ?? key}, row ${i + 1}`,
            value: object[key],
            set(value) {
              object[key] = value;
              changed();
            },
          },
          { placeholder: schema.title ?? key, class: 'code' },
        ).element,
    ),
  );
}

function card(c, properties, object, i, changed) {
  const context = {
    ...c.context,
    changed: () => {
      changed();
      c.context.changed();
    },
  };
  return h(
    'div',
    { class: 'card', role: 'group', 'aria-label': `${c.title}, ${i + 1}` },
    drawFields(context, properties, object, `${c.path}[${i}]`),
  );
}

/** list edits an array of texts, or of texts and bytes. */
export function list(c) {
  const item = c.context.schema.items(c.schema);
  const values = (Array.isArray(c.value) ? c.value : [c.value])
    .filter((v) => v !== undefined && v !== null && v !== '')
    .map((value) => ({ value }));
  const changed = () => c.set(values.map((v) => v.value).filter((v) => v !== undefined && v !== ''));
  const long = c.context.schema.branches(item).some((b) => b.properties?.$base64);
  const draw = (row, i) =>
    h(
      'div',
      { class: 'single' },
      (long ? controls.body : controls.text)({
        ...c,
        schema: item,
        id: undefined,
        describedBy: undefined,
        label: `${c.title}, ${i + 1}`,
        value: row.value,
        set(value) {
          row.value = value;
          changed();
        },
      }).element,
    );
  return { element: array(values, changed, () => ({ value: undefined }), draw, c.title) };
}

// array draws the rows of values with ways to add and to remove one.
function array(values, changed, fresh, draw, title) {
  const place = h('div', { class: 'rows' });
  const add = h('button', { type: 'button', class: 'small add', 'aria-label': `Add to ${title}` }, icon('plus'), 'Add');
  const redraw = () => {
    place.replaceChildren(
      ...values.map((value, i) =>
        h(
          'div',
          { class: 'row' },
          draw(value, i),
          h(
            'button',
            { type: 'button', class: 'quiet', 'aria-label': `Remove ${i + 1} from ${title}`, onclick: () => remove(i) },
            icon('cross'),
          ),
        ),
      ),
    );
  };
  const remove = (i) => {
    values.splice(i, 1);
    redraw();
    changed();
    (place.querySelectorAll('.quiet')[Math.min(i, values.length - 1)] ?? add).focus();
  };
  add.addEventListener('click', () => {
    values.push(fresh());
    redraw();
    changed();
    place.lastElementChild.querySelector('input, select, textarea').focus();
  });
  redraw();
  return h('div', { class: 'array' }, place, add);
}
