// The details of a result, in tabs: the bundle, hops and timings, receipts, JSON.

import { withholdings } from './chain.js';
import { copyButton, h, replace } from './dom.js';
import { bytes } from './format.js';
import { receipt } from './receipt.js';
import { tabs } from './tabs.js';
import { tree } from './tree.js';
import { hostOf, waterfall } from './waterfall.js';

/** details draws the tabs of a result. */
export function details(bundle, error, hops, result, run) {
  const pages = [];
  if (bundle) pages.push({ title: 'Bundle', content: bundleTab(bundle, result, run) });
  if (hops.length) pages.push({ title: 'Hops and timings', content: hopsTab(hops, bundle) });
  if (hops.some((hop) => hop.receipt)) pages.push({ title: 'Receipt', content: receiptsTab(hops) });
  pages.push({ title: 'JSON', content: jsonTab(bundle, error) });
  return tabs('Details', pages);
}

function bundleTab(bundle, result, run) {
  const path = h('output', { class: 'path', for: 'bundle-tree' }, 'Choose a field for its mapping path.');
  const copy = copyButton(() => path.dataset.path);
  copy.hidden = true;
  const view = tree(bundle, 'Bundle', (at) => {
    path.dataset.path = at;
    replace(path, h('code', {}, at));
    copy.hidden = false;
  });
  view.id = 'bundle-tree';
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'pathbar' },
      path,
      copy,
      bundle.fileSize > 0 &&
        h(
          'a',
          { class: 'button small', href: `api/runs/${run}/body`, download: bundle.fileName || 'body' },
          'Save the body',
        ),
    ),
    result.bundle.cut &&
      h('p', { class: 'cut' }, `The data is the beginning of ${bytes(bundle.fileSize)}; saving gives the whole.`),
    view,
  );
}

function hopsTab(hops, bundle) {
  return h(
    'div',
    {},
    h(
      'ol',
      { class: 'hops' },
      hops.map((hop) => {
        return h(
          'li',
          {},
          h('span', { class: `code status-${Math.floor((hop.statusCode ?? 0) / 100)}` }, hop.statusCode || '–'),
          h('span', { class: 'hop-url' }, h('code', {}, hop.method), ' ', hop.url),
          h('span', { class: 'hop-note' }, shownOn(hop)),
        );
      }),
    ),
    waterfall(hops, bundle?.timings),
  );
}

// shownOn says what became of the certificate on a hop.
function shownOn(hop) {
  if (!hop.receipt) return 'no TLS';
  const { presented, requested, withheld } = hop.receipt.clientCertificate;
  if (presented) return 'certificate shown';
  if (withheld?.length) return `certificate withheld: ${withholdings[withheld[0].reason] ?? withheld[0].reason}`;
  return requested ? 'asked for a certificate, none shown' : 'no certificate asked for';
}

function receiptsTab(hops) {
  return h(
    'div',
    {},
    hops
      .filter((hop) => hop.receipt || hops.length > 1)
      .map((hop, i) => [
        hops.length > 1 && h('h3', { class: 'hop-title' }, `Hop ${i + 1}: ${hostOf(hop.url)}`),
        receipt(hop.receipt),
      ]),
  );
}

function jsonTab(bundle, error) {
  const text = JSON.stringify(error ? { error, bundle } : bundle, null, 2);
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'pathbar' },
      h('span', { class: 'path' }, 'As documents carry it'),
      copyButton(() => text),
    ),
    h(
      'pre',
      { class: 'json', tabindex: '0', 'aria-label': 'JSON' },
      text.length > 200000 ? `${text.slice(0, 200000)}…` : text,
    ),
  );
}
