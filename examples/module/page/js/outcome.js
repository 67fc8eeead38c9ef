// What came of a run: the headline, the diagnosis, both chains, and the details.

import { h, icon, replace } from './dom.js';
import { details } from './details.js';
import { bytes, millis, plain, sentence, statusText } from './format.js';
import { picture } from './picture.js';
import { hostOf } from './waterfall.js';

const protocols = { h2: 'HTTP/2', 'http/1.1': 'HTTP/1.1' };

/** outcome draws a result of a run into a place. entries are those of the keychain, warnings of the check before. */
export function outcome(place, result, { run, entries, warnings }) {
  const bundle = result.bundle?.document;
  const error = result.error;
  const hops = bundle?.hops ?? error?.hops ?? [];
  const diagnosis = error?.diagnosis ?? bundle?.diagnosis;
  replace(
    place,
    headline(bundle, error, hops),
    diagnosis && diagnosisCard(diagnosis),
    error && !diagnosis && errorCard(error),
    !diagnosis && toKnow(bundle, hops, warnings),
    hops.some((hop) => hop.receipt) && handshakes(hops, entries, diagnosis),
    details(bundle, error, hops, result, run),
  );
}

function headline(bundle, error, hops) {
  const last = hops.at(-1);
  const failed = Boolean(error);
  const status = bundle?.statusCode;
  const kind = failed ? 'bad' : status >= 400 ? 'warn' : 'good';
  const title = failed ? (failureTitles[error.kind] ?? error.kind) : `${status} ${statusText(status)}`.trim();
  const facts = [
    millis(bundle?.timings?.total ?? hops.reduce((sum, hop) => sum + (hop.timings?.total ?? 0), 0)),
    !failed && bytes(bundle.fileSize),
    protocols[last?.receipt?.alpn],
    last?.receipt?.tlsVersion && `TLS ${last.receipt.tlsVersion}`,
    bundle?.contentType,
    failed && error.phase && `in phase ${error.phase}`,
    failed && status && `status ${status}`,
    error?.retryable && 'may be tried again',
  ].filter(Boolean);
  return h(
    'header',
    { class: `headline ${kind}` },
    h('span', { class: 'sign' }, icon({ good: 'check', warn: 'warn', bad: 'cross' }[kind])),
    h(
      'div',
      {},
      h('h3', { id: 'headline' }, title),
      last && h('p', { class: 'where' }, h('code', {}, last.method), ' ', last.url),
    ),
    h(
      'ul',
      { class: 'facts' },
      facts.map((f) => h('li', {}, f)),
    ),
  );
}

const failureTitles = {
  config: 'The request cannot be sent as it is',
  url: 'The address cannot be used',
  egress: 'This program may not connect there',
  dns: 'The host’s name was not found',
  connect: 'No connection',
  proxy: 'The proxy refused',
  'tls-server-cert': 'The server’s certificate was not accepted',
  'tls-client-cert': 'The server refused this client',
  'tls-handshake': 'The TLS handshake failed',
  timeout: 'It took too long',
  canceled: 'Stopped',
  write: 'The request could not be written',
  protocol: 'The answer is not HTTP as it should be',
  truncated: 'The answer ended early',
  'content-decode': 'The answer is corrupt',
  limit: 'A limit was passed',
  parse: 'The answer does not parse',
  redirect: 'A redirect was not followed',
  status: 'The status is an error',
  'body-source': 'The body could not be read',
  resource: 'This machine lacks something',
  closed: 'The program is ending',
};

const confidences = { certain: 'Certain', high: 'Very likely', medium: 'Likely', low: 'A guess' };

function diagnosisCard(d) {
  return h(
    'section',
    { class: 'diagnosis', 'aria-labelledby': 'diagnosis-title' },
    h(
      'div',
      { class: 'diagnosis-head' },
      h('h3', { id: 'diagnosis-title' }, 'Why: ', h('code', { class: 'cause' }, d.cause)),
      h('span', { class: `confidence ${d.confidence}` }, confidences[d.confidence] ?? d.confidence),
    ),
    h('p', { class: 'advice' }, d.advice),
    h(
      'dl',
      {},
      h('div', {}, h('dt', {}, 'Seen'), h('dd', {}, d.seen)),
      d.changed?.length > 0 &&
        h(
          'div',
          {},
          h('dt', {}, 'Changed'),
          h(
            'dd',
            {},
            h(
              'ul',
              {},
              d.changed.map((c) => h('li', {}, c)),
            ),
          ),
        ),
      h('div', {}, h('dt', {}, 'More'), h('dd', {}, h('code', {}, d.docs))),
    ),
  );
}

function errorCard(error) {
  return h(
    'section',
    { class: 'diagnosis plain' },
    h('p', { class: 'advice' }, plain(error)),
    h(
      'dl',
      {},
      h(
        'div',
        {},
        h('dt', {}, 'Kind'),
        h('dd', {}, h('code', {}, [error.kind, error.reason].filter(Boolean).join(' / '))),
      ),
      error.type && h('div', {}, h('dt', {}, 'In the module'), h('dd', {}, h('code', {}, error.type))),
    ),
  );
}

// What worked and may not for long, each thing once.
function toKnow(bundle, hops, warnings) {
  const texts = [...warnings, ...hops.flatMap((hop) => hop.receipt?.warnings ?? [])].map((w) => w.message);
  const unique = [...new Set([...texts, ...(bundle?.notes ?? [])])];
  if (!unique.length) return null;
  return h(
    'section',
    { class: 'to-know', 'aria-label': 'To know' },
    icon('warn'),
    h(
      'ul',
      {},
      unique.map((text) => h('li', {}, sentence(text))),
    ),
  );
}

// The picture of one hop; with several, a choice between them, the last first.
function handshakes(hops, entries, diagnosis) {
  const place = h('div', {});
  const show = (i) => replace(place, picture(hops[i].receipt, entries, i === hops.length - 1 ? diagnosis : undefined));
  show(hops.length - 1);
  const choice =
    hops.length > 1 &&
    h(
      'div',
      { class: 'segments', role: 'radiogroup', 'aria-label': 'Hop' },
      hops.map((hop, i) => {
        const radio = h('input', { type: 'radio', name: 'hop', value: String(i), onchange: () => show(i) });
        radio.checked = i === hops.length - 1;
        return h('label', {}, radio, h('span', {}, `${i + 1}. ${hostOf(hop.url)}`));
      }),
    );
  return h(
    'section',
    { class: 'panel', 'aria-labelledby': 'chains-title' },
    h('div', { class: 'panel-head' }, h('h3', { id: 'chains-title' }, 'Who showed what, and who trusts it'), choice),
    place,
  );
}
