// What a chain of certificates is: who signed whom, until when, who trusts it.
// The picture of it is in picture.js.

import { nameOf, restOf, validity } from './format.js';

/**
 * A side is {title, verdict, text, nodes, note}, its nodes from the certificate
 * that was shown up to the authority; a node is {name, more, text, state, sent,
 * selfSigned}. Verdicts and states are good, warn, bad and open.
 */

const vouchers = {
  system: ['good', 'Trusted', 'the system trusts it'],
  added: ['good', 'Trusted', 'the request adds it as trusted'],
  pin: ['good', 'Trusted by its key', 'not needed: the server’s key is pinned'],
  unverified: ['warn', 'Not verified', 'nothing was verified'],
  '': ['bad', 'Not accepted here', 'nothing here trusts it'],
};

/** serverSide is the chain that the server has shown. */
export function serverSide(receipt, diagnosis) {
  const chain = receipt?.server?.chain ?? [];
  const side = { title: 'Server', nodes: chain.map(certificate) };
  if (!chain.length) return { ...side, verdict: 'open', text: receipt ? 'Showed no certificate' : 'No TLS' };
  const [verdict, text, reason] = vouchers[receipt.server.trustedBy] ?? ['open', receipt.server.trustedBy, ''];
  complete(side, chain);
  const leaf = side.nodes[0];
  if (diagnosis?.cause === 'server-name-mismatch') {
    Object.assign(leaf, { state: 'bad', text: 'for another name than the address' });
  } else if (leaf.state !== 'bad') {
    judge(side, verdict, reason);
  }
  return { ...side, verdict, text };
}

/** clientSide is the chain that was shown, or why there was none. entries are those of the keychain. */
export function clientSide(receipt, entries, diagnosis) {
  const side = { title: 'Client', nodes: [] };
  const client = receipt?.clientCertificate;
  if (!client) return { ...side, verdict: 'open', text: 'Nobody was asked' };
  const accepted = client.acceptableCAs ?? [];
  const note = accepted.length
    ? `The server accepts ${accepted.slice(0, 3).map(nameOf).join(', ')}${accepted.length > 3 ? ` and ${accepted.length - 3} more` : ''}.`
    : '';
  if (!client.presented) return { ...side, note, ...unshown(receipt, diagnosis) };
  // The receipt has the leaf; the rest is what the keychain sends with it.
  const entry = entries.find((e) => e.use === 'credential' && e.chain[0].sha256 === client.presented.sha256);
  const chain = entry ? [client.presented, ...entry.chain.slice(1)] : [client.presented];
  side.nodes = chain.map(certificate);
  complete(side, chain);
  const listed = chain.some((c) => accepted.includes(c.issuer) || accepted.includes(c.subject));
  const refused = diagnosis?.cause.startsWith('client-');
  const reason = listed
    ? 'on the server’s list'
    : accepted.length
      ? 'not on the server’s list'
      : 'the server names none';
  if (side.nodes[0].state !== 'bad') judge(side, listed ? 'good' : refused ? 'bad' : 'open', reason);
  return { ...side, note, verdict: refused ? 'bad' : 'good', text: refused ? 'Refused' : 'Accepted' };
}

// complete adds the signer of the last certificate, which was not sent.
function complete(side, chain) {
  const { issuer, subject } = chain.at(-1);
  if (issuer !== subject)
    side.nodes.push({ name: nameOf(issuer), more: restOf(issuer), text: 'not sent along', state: 'open', sent: false });
}

// judge says at the top of a chain what the other side makes of it.
function judge(side, state, reason) {
  const top = side.nodes.at(-1);
  if (top.state === 'bad') return;
  top.text = top.sent || state === 'good' ? reason : `not sent along, ${reason}`;
  top.state = state;
  top.anchor = true;
}

export const withholdings = {
  'other-origin': 'not meant for this host',
  'authority-not-listed': 'its authority is not on the server’s list',
  'no-common-signature-scheme': 'the server cannot check its kind of key',
  'another-was-chosen': 'another one was chosen',
};

function unshown(receipt, diagnosis) {
  const { withheld, requested } = receipt.clientCertificate;
  const node = (name, text, state) => [{ name, more: '', text, state, sent: false }];
  if (withheld?.length) {
    const first = withheld[0];
    return {
      verdict: 'warn',
      text: 'Withheld',
      nodes: node(nameOf(first.subject), withholdings[first.reason] ?? first.reason, 'warn'),
    };
  }
  if (requested)
    return {
      verdict: diagnosis ? 'bad' : 'open',
      text: 'None shown',
      nodes: node('No certificate', 'the server asked for one', diagnosis ? 'bad' : 'open'),
    };
  // Who refuses the server does not get to its question.
  if (diagnosis?.cause.startsWith('server-'))
    return {
      verdict: 'open',
      text: 'Not reached',
      nodes: node('Nothing shown', 'the server was refused first', 'open'),
    };
  return { verdict: 'open', text: 'Not asked', nodes: node('Nothing shown', 'the server did not ask', 'open') };
}

function certificate(c) {
  const until = validity(c.notAfter, c.notBefore);
  return {
    name: nameOf(c.subject),
    more: restOf(c.subject),
    text: until.text,
    state: until.state,
    sent: true,
    selfSigned: c.subject === c.issuer,
  };
}

/** describe says a side in words, for those who do not see the picture. */
export function describe(side) {
  const steps = side.nodes.map((n) => `${n.name} (${n.text})`);
  return `${side.title}: ${side.text}. ${steps.length ? `${steps.join(', signed by ')}.` : ''} ${side.note ?? ''}`.trim();
}
