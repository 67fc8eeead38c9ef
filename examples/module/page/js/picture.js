// The chains of both sides as a picture: from the certificate that was shown, at
// the bottom, up to whom the other side trusts.

import { h, icon, s, uid } from './dom.js';
import { shorten } from './format.js';
import { clientSide, describe, serverSide } from './chain.js';

const width = 340;
const boxHeight = 56;
const gap = 34;

/** picture draws both sides of a hop. */
export function picture(receipt, entries, diagnosis) {
  const sides = [clientSide(receipt, entries, diagnosis), serverSide(receipt, diagnosis)];
  return h('div', { class: 'picture' }, sides.map(drawSide));
}

const signs = { good: 'check', bad: 'cross', warn: 'warn', open: 'dash' };

function drawSide(side) {
  return h(
    'figure',
    { class: 'side' },
    h(
      'figcaption',
      {},
      h('span', { class: 'side-title' }, side.title),
      h('span', { class: `verdict ${side.verdict}` }, icon(signs[side.verdict]), side.text),
    ),
    side.nodes.length > 0 && drawChain(side),
    side.note && h('p', { class: 'side-note' }, side.note),
  );
}

function drawChain(side) {
  const nodes = side.nodes.toReversed(); // the authority on top
  const height = nodes.length * boxHeight + (nodes.length - 1) * gap + 2;
  const ids = { title: uid('picture'), description: uid('picture') };
  const svg = s(
    'svg',
    {
      class: 'chain',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-labelledby': `${ids.title} ${ids.description}`,
    },
    s('title', { id: ids.title }, `${side.title}: its chain of certificates`),
    s('desc', { id: ids.description }, describe(side)),
  );
  nodes.forEach((node, i) => {
    const y = 1 + i * (boxHeight + gap);
    if (i > 0) svg.append(link(y, nodes[i - 1]));
    svg.append(box(node, y, i === nodes.length - 1));
  });
  return svg;
}

// An arrow from the signer down to what it has signed.
function link(y, signer) {
  const x = 36;
  const top = y - gap;
  return s(
    'g',
    { class: `link ${signer.state === 'good' ? '' : signer.state}` },
    s('path', { d: `M${x} ${top + 2}V${y - 8}`, class: 'line' }),
    s('path', { d: `M${x - 4.5} ${y - 10}L${x} ${y - 3}L${x + 4.5} ${y - 10}Z`, class: 'head' }),
    s('text', { x: x + 16, y: top + gap / 2 + 3, class: 'signed' }, 'signed'),
  );
}

function box(node, y, leaf) {
  const kind = [node.state, node.sent ? '' : 'unsent', leaf ? 'leaf' : 'authority'].join(' ');
  const text = node.selfSigned && !node.anchor ? `self-signed, ${node.text}` : node.text;
  return s(
    'g',
    { class: `node ${kind}`, transform: `translate(1 ${y})` },
    s('rect', { width: width - 2, height: boxHeight, rx: 10 }),
    leaf ? sheet() : seal(node.state),
    s(
      'text',
      { x: 64, y: 25, class: 'name' },
      shorten(node.name, 32),
      s('title', {}, node.more ? `${node.name}, ${node.more}` : node.name),
    ),
    s('text', { x: 64, y: 43, class: 'text' }, shorten(text, 46)),
  );
}

// A sheet for the certificate that was shown.
function sheet() {
  return s(
    'g',
    { class: 'seal', transform: 'translate(25 16)' },
    s('path', { d: 'M1 1h13l6 6v17H1z' }),
    s('path', { d: 'M6 12h9M6 17h9' }),
  );
}

// A seal for an authority, with a sign of who trusts it.
function seal(state) {
  const marks = {
    good: 'M-4.5 .5l3.2 3.2 6-6.8',
    warn: 'M-4 0h8',
    bad: 'M-3.7-3.7l7.4 7.4M3.7-3.7l-7.4 7.4',
    open: 'M-4 0h8',
  };
  return s(
    'g',
    { class: 'seal', transform: 'translate(35.5 28)' },
    s('circle', { r: 11.5 }),
    s('path', { d: marks[state] }),
  );
}
