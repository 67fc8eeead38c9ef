// Where the time went: a row for each hop, its phases one after the other.

import { h, s } from './dom.js';
import { millis } from './format.js';

const phases = [
  ['connect', 'Connect'],
  ['tls', 'TLS'],
  ['send', 'Send'],
  ['wait', 'Wait'],
  ['transfer', 'Transfer'],
  ['decode', 'Decode'],
  ['parse', 'Parse'],
];

/** parts are the phases of a hop's timings. What is left before the first byte went into sending. */
export function parts(timings) {
  const before = (timings.connect ?? 0) + (timings.tls ?? 0) + (timings.wait ?? 0);
  const send = timings.firstByte ? Math.max(0, timings.firstByte - before) : 0;
  const all = { ...timings, send };
  return phases.map(([key, title]) => ({ key, title, ms: all[key] ?? 0 })).filter((p) => p.ms > 0);
}

/** waterfall draws hops; last has the bundle's timings, whose body phases are the last hop's. */
export function waterfall(hops, last) {
  const rows = hops.map((hop, i) => ({
    hop,
    parts: parts(
      i === hops.length - 1 ? { ...hop.timings, decode: last?.decode, parse: last?.parse } : (hop.timings ?? {}),
    ),
  }));
  const lengths = rows.map((row) =>
    Math.max(
      row.parts.reduce((sum, p) => sum + p.ms, 0),
      row.hop.timings?.total ?? 0,
    ),
  );
  const total = Math.max(
    lengths.reduce((a, b) => a + b, 0),
    0.001,
  );
  let start = 0;
  const body = rows.map((row, i) => {
    const drawn = bar(row.parts, start, total);
    start += lengths[i];
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, hops.length > 1 ? `${i + 1}. ${hostOf(row.hop.url)}` : hostOf(row.hop.url)),
      h('td', { class: 'bar' }, drawn),
      h('td', { class: 'number' }, millis(lengths[i])),
    );
  });
  return h(
    'div',
    { class: 'waterfall' },
    h(
      'table',
      {},
      h('caption', { class: 'visually-hidden' }, 'Timings of each hop'),
      h(
        'thead',
        { class: 'visually-hidden' },
        h(
          'tr',
          {},
          ['Hop', 'Phases', 'Total'].map((t) => h('th', { scope: 'col' }, t)),
        ),
      ),
      h('tbody', {}, body),
    ),
    legend(rows),
  );
}

function bar(list, start, total) {
  let at = start;
  const label = list.map((p) => `${p.title} ${millis(p.ms)}`).join(', ') || 'nothing measured';
  const svg = s('svg', { viewBox: '0 0 1000 22', preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
  svg.append(s('rect', { class: 'ground', width: 1000, height: 22, rx: 0 }));
  for (const p of list) {
    svg.append(
      s(
        'rect',
        { class: `phase ${p.key}`, x: (1000 * at) / total, width: Math.max((1000 * p.ms) / total, 2), height: 22 },
        s('title', {}, `${p.title} ${millis(p.ms)}`),
      ),
    );
    at += p.ms;
  }
  return svg;
}

// The sums of all hops, with the colours.
function legend(rows) {
  const sums = phases.map(([key, title]) => ({
    key,
    title,
    ms: rows
      .flatMap((r) => r.parts)
      .filter((p) => p.key === key)
      .reduce((sum, p) => sum + p.ms, 0),
  }));
  return h(
    'ul',
    { class: 'legend' },
    sums
      .filter((p) => p.ms > 0)
      .map((p) =>
        h(
          'li',
          {},
          s(
            'svg',
            { viewBox: '0 0 10 10', 'aria-hidden': 'true' },
            s('rect', { class: `phase ${p.key}`, width: 10, height: 10, rx: 3 }),
          ),
          p.title,
          h('span', { class: 'number' }, millis(p.ms)),
        ),
      ),
  );
}

export function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
