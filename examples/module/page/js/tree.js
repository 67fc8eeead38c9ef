// The bundle as a tree (WAI-ARIA tree view). Choosing a field tells the path by
// which a next step maps it.

import { h, s } from './dom.js';
import { byteLength, isBytes, isObject, typeOf } from './exact.js';
import { bytes } from './format.js';

const shownChildren = 200; // of one array or object, before "more"
const longText = 400;

/** step is one name of a path as the library's Shape.Paths writes it. */
export function step(path, key) {
  const name = /^[A-Za-z0-9_]+$/.test(key) ? key : `\`${key.replaceAll('`', '\\`')}\``;
  return path ? `${path}.${name}` : name;
}

/** tree draws an object; onpick(path, value) is told of the field that is chosen. */
export function tree(value, label, onpick) {
  const root = h('ul', { role: 'tree', 'aria-label': label, class: 'tree' });
  root.append(...children(value, ''));
  const first = root.querySelector('[role=treeitem]');
  if (first) first.tabIndex = 0;
  root.addEventListener('keydown', (event) => keydown(event, root));
  root.addEventListener('click', (event) => {
    const item = event.target.closest('[role=treeitem]');
    if (!item) return;
    if (event.target.closest('.twisty')) toggle(item);
    else pick(item);
    move(root, item);
  });

  function pick(item) {
    root.querySelector('[aria-selected=true]')?.setAttribute('aria-selected', 'false');
    item.setAttribute('aria-selected', 'true');
    onpick(item.dataset.path, item.jsonValue);
  }

  root.addEventListener('pick', (event) => pick(event.target));
  return root;
}

function children(value, path) {
  const entries = Array.isArray(value)
    ? value.map((v, i) => [String(i), v, `${path}[]`])
    : Object.entries(value).map(([k, v]) => [k, v, step(path, k)]);
  const items = entries.slice(0, shownChildren).map(([key, v, at]) => node(key, v, at, Array.isArray(value)));
  if (entries.length > shownChildren)
    items.push(h('li', { class: 'more', role: 'none' }, `${entries.length - shownChildren} more are not shown`));
  return items;
}

function node(key, value, path, element) {
  const inner = (isObject(value) && !isBytes(value)) || Array.isArray(value);
  const size = inner ? Object.keys(value).length : 0;
  const open = size > 0 && size <= 12 && !['hops', 'receipt', 'timings', 'headers', 'attempts'].includes(path);
  const item = h('li', { role: 'treeitem', tabindex: '-1', 'aria-selected': 'false', 'data-path': path });
  item.jsonValue = value;
  const row = h(
    'div',
    { class: 'row' },
    size > 0
      ? h(
          'span',
          { class: 'twisty', 'aria-hidden': 'true' },
          s('svg', { viewBox: '0 0 12 12' }, s('path', { d: 'M4 2l4 4-4 4' })),
        )
      : h('span', { class: 'twisty-none' }),
    h('span', { class: element ? 'key index' : 'key' }, key),
    summary(value, size),
  );
  item.append(row);
  if (size > 0) {
    item.setAttribute('aria-expanded', 'false');
    if (open) expand(item);
  }
  return item;
}

function summary(value, size) {
  const type = typeOf(value);
  if (isBytes(value)) return h('span', { class: 'value bytes' }, `${bytes(byteLength(value.$base64))} of bytes`);
  if (type === 'array') return h('span', { class: 'size' }, size === 1 ? '1 item' : `${size} items`);
  if (type === 'object') return h('span', { class: 'size' }, size === 1 ? '1 field' : `${size} fields`);
  if (type === 'string') {
    const cut = value.length > longText;
    return h('span', { class: 'value string' }, cut ? `${value.slice(0, longText)}…` : value || '""');
  }
  return h('span', { class: `value ${type}` }, String(value));
}

function expand(item) {
  item.setAttribute('aria-expanded', 'true');
  if (!item.querySelector(':scope > ul'))
    item.append(h('ul', { role: 'group' }, children(item.jsonValue, item.dataset.path)));
}

function toggle(item) {
  if (item.getAttribute('aria-expanded') === 'false') expand(item);
  else if (item.hasAttribute('aria-expanded')) item.setAttribute('aria-expanded', 'false');
}

// Only the items that are in open branches can be reached.
function reachable(root) {
  return [...root.querySelectorAll('[role=treeitem]')].filter(
    (item) => !item.parentElement.closest('[role=treeitem][aria-expanded=false]'),
  );
}

function move(root, item) {
  const before = root.querySelector('[role=treeitem][tabindex="0"]');
  if (before) before.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
}

function keydown(event, root) {
  const item = event.target.closest('[role=treeitem]');
  const items = reachable(root);
  const at = items.indexOf(item);
  const expanded = item.getAttribute('aria-expanded');
  const to = {
    ArrowDown: () => items[at + 1],
    ArrowUp: () => items[at - 1],
    Home: () => items[0],
    End: () => items.at(-1),
    ArrowRight: () =>
      expanded === 'false' ? toggle(item) : expanded === 'true' && item.querySelector('[role=treeitem]'),
    ArrowLeft: () => (expanded === 'true' ? toggle(item) : item.parentElement.closest('[role=treeitem]')),
    Enter: () => item.dispatchEvent(new CustomEvent('pick', { bubbles: true })),
    ' ': () => item.dispatchEvent(new CustomEvent('pick', { bubbles: true })),
  }[event.key];
  if (!to || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const next = to();
  if (next instanceof Element) move(root, next);
}
