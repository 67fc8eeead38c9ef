// The receipt of a hop, in words.

import { h } from './dom.js';
import { day, fingerprint, nameOf } from './format.js';

const protocols = { h2: 'HTTP/2', 'http/1.1': 'HTTP/1.1', '': 'not negotiated' };

const trusted = {
  system: 'the system’s authorities',
  added: 'an authority that the request adds',
  pin: 'the pinned key',
  unverified: 'nobody: it was not verified',
  '': 'nobody',
};

/** receipt draws what a connection did; without TLS there is none. */
export function receipt(r) {
  if (!r) return h('p', { class: 'empty' }, 'This hop had no TLS, so there is no receipt.');
  const client = r.clientCertificate;
  const server = r.server.chain?.[0];
  return h(
    'div',
    { class: 'receipt' },
    section('Connection', [
      ['TLS', r.tlsVersion || 'no handshake'],
      ['Cipher suite', code(r.cipherSuite)],
      ['Protocol', protocols[r.alpn] ?? r.alpn],
      ['Resumed', r.resumed ? 'yes, an earlier handshake’s session' : 'no'],
      ['Reused', r.reused ? 'yes, the connection had served before' : 'no, a new connection'],
      r.proxy && ['Proxy', r.proxy],
      r.ignoredProxy && ['Proxy not used', `${r.ignoredProxy}, which the environment names`],
    ]),
    section('Client certificate', [
      ['Asked for', client.requested ? 'yes' : 'no'],
      ['Accepted authorities', client.acceptableCAs?.length ? names(client.acceptableCAs) : 'none are named'],
      ['Presented', client.presented ? certificate(client.presented) : 'none'],
      client.withheld?.length > 0 && [
        'Withheld',
        h(
          'ul',
          {},
          client.withheld.map((w) => h('li', {}, `${nameOf(w.subject)}: `, code(w.reason))),
        ),
      ],
    ]),
    section('Server', [
      ['Certificate', server ? certificate(server) : 'none'],
      r.server.chain?.length > 1 && ['Sent with it', names(r.server.chain.slice(1).map((c) => c.subject))],
      ['Vouched for by', trusted[r.server.trustedBy] ?? r.server.trustedBy],
    ]),
    (r.relaxations?.length > 0 || r.warnings?.length > 0) &&
      section('To know', [
        r.relaxations?.length > 0 && [
          'Relaxed',
          h(
            'ul',
            {},
            r.relaxations.map((x) => h('li', {}, code(x))),
          ),
        ],
        r.warnings?.length > 0 && [
          'Warnings',
          h(
            'ul',
            {},
            r.warnings.map((w) => h('li', {}, w.message)),
          ),
        ],
      ]),
  );
}

function section(title, rows) {
  return h(
    'section',
    {},
    h('h4', {}, title),
    h(
      'dl',
      {},
      rows.filter(Boolean).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))),
    ),
  );
}

function code(text) {
  return text ? h('code', {}, text) : '–';
}

function names(list) {
  return h(
    'ul',
    {},
    list.slice(0, 20).map((dn) => h('li', {}, nameOf(dn))),
    list.length > 20 && h('li', {}, `and ${list.length - 20} more`),
  );
}

function certificate(c) {
  return [
    h('div', {}, h('strong', {}, nameOf(c.subject)), ` by ${nameOf(c.issuer)}, until ${day(c.notAfter)}`),
    h('div', { class: 'fingerprint' }, 'SHA-256 ', h('code', {}, fingerprint(c.sha256))),
  ];
}
