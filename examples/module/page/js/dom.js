// Elements by function calls. Text only ever becomes text nodes: the page's
// policy forbids anything else.

const svgNamespace = 'http://www.w3.org/2000/svg';

/** h makes an HTML element: h('p', {class: 'x', onclick: f}, 'text', child). */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** s makes an SVG element. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(svgNamespace, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value') element.value = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** replace puts new children in the place of all old ones. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

let counter = 0;

/** uid is a fresh id, for labels and descriptions. */
export function uid(prefix = 'id') {
  counter += 1;
  return `${prefix}-${counter}`;
}

/** say tells a screen reader something that has no focus of its own. */
export function say(text) {
  const region = document.getElementById('said');
  region.textContent = '';
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}

/** copyButton copies what text() returns. */
export function copyButton(text, label = 'Copy') {
  const button = h('button', { type: 'button', class: 'small' }, label);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = 'Copied';
      say('Copied');
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => {
      button.textContent = label;
    }, 1600);
  });
  return button;
}

/** icon draws one of a few simple signs, which a text beside it explains. */
export function icon(name) {
  const paths = {
    check: 'M4 10.500l4 4 8-9',
    cross: 'M5 5l10 10M15 5L5 15',
    dash: 'M4 10h12',
    warn: 'M10 3l8 14H2zM10 8.500v3.500M10 14.500v.1',
    plus: 'M10 4v12M4 10h12',
  };
  return s(
    'svg',
    { class: `icon ${name}`, viewBox: '0 0 20 20', 'aria-hidden': 'true' },
    s('path', { d: paths[name] }),
  );
}
