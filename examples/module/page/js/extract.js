// The Extract dialog: a file, its password, what is inside, a name, Save. The
// file is opened by the server, which forgets file and password again.

import { base64Of, post } from './api.js';
import { dialog, labelled } from './dialog.js';
import { h, icon, replace } from './dom.js';
import { nameOf, plain, validity } from './format.js';

const formats = {
  pkcs12: 'PKCS #12 (P12, PFX)',
  pem: 'PEM',
  der: 'DER',
  pkcs7: 'PKCS #7 (P7B)',
  pkcs8: 'PKCS #8',
  jks: 'Java key store (JKS)',
  jceks: 'Java key store (JCEKS)',
};

/** extract asks for a file and resolves to the name that it was saved under; names() are taken. */
export function extract(use, changed, names) {
  const roots = use === 'roots';
  return dialog(
    roots ? 'Extract certificates to trust' : 'Extract a client certificate',
    (close) => new Extraction(use, changed, names, close).element,
  );
}

class Extraction {
  constructor(use, changed, names, close) {
    Object.assign(this, { use, changed, names, close, files: {} });
    this.file = h('input', { type: 'file', id: 'extract-file', required: true });
    this.other = h('input', { type: 'file', id: 'extract-other' });
    this.password = h('input', { type: 'password', id: 'extract-password', autocomplete: 'off' });
    this.inside = h('div', { class: 'inside', 'aria-live': 'polite' });
    this.fault = h('p', { class: 'fault', role: 'alert', hidden: true });
    this.name = h('input', { type: 'text', id: 'extract-name', autocomplete: 'off', maxlength: '80' });
    this.look = h('button', { type: 'submit', class: 'primary' }, 'Look inside');
    this.save = h('button', { type: 'button', class: 'primary', hidden: true, onclick: () => this.keep() }, 'Save');
    this.nameField = labelled('Name', this.name, 'By which requests refer to it.');
    this.nameField.hidden = true;
    for (const input of [this.file, this.other, this.password]) input.addEventListener('input', () => this.reset());
    this.element = h(
      'form',
      {
        class: 'dialog-body',
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          this.open();
        },
      },
      h(
        'p',
        { class: 'lead' },
        'P12, PFX, PEM, DER, PKCS #7, PKCS #8 or JKS: the type is found out. The file is opened by the program on this machine; neither the file nor its password is kept.',
      ),
      labelled('File', this.file),
      use === 'credential' &&
        h(
          'details',
          {},
          h('summary', {}, 'The private key is in a file of its own'),
          labelled('Second file', this.other),
        ),
      labelled('Password', this.password, 'Leave it empty if the file has none.'),
      this.fault,
      this.inside,
      this.nameField,
      h('footer', {}, h('button', { type: 'button', onclick: () => close() }, 'Cancel'), this.look, this.save),
    );
  }

  reset() {
    replace(this.inside);
    this.fault.hidden = true;
    this.save.hidden = true;
    this.nameField.hidden = true;
    this.look.hidden = false;
  }

  fail(error, input) {
    this.fault.textContent = error.error ? plain(error.error) : error.message;
    this.fault.hidden = false;
    input?.focus();
  }

  async call() {
    const call = { file: await base64Of(this.file.files[0]), password: this.password.value };
    if (this.other.files.length) call.other = await base64Of(this.other.files[0]);
    return call;
  }

  async open() {
    if (!this.save.hidden) return this.keep();
    this.reset();
    if (!this.file.files.length) return this.fail(new Error('Choose a file first.'), this.file);
    try {
      this.show(await post('api/credentials/extract', await this.call()));
    } catch (error) {
      const reason = error.error?.reason;
      this.fail(error, reason === 'wrong-password' || reason === 'password-required' ? this.password : this.file);
    }
    return undefined;
  }

  show(inventory) {
    const usable = this.use === 'roots' ? inventory.certificates.length > 0 : inventory.identities.length > 0;
    replace(
      this.inside,
      h('h3', {}, 'Inside'),
      h(
        'dl',
        {},
        row('Type', formats[inventory.format] ?? inventory.format),
        row(
          'Private keys',
          inventory.keys.length
            ? inventory.keys.map((k) => [k.type, k.curve ?? k.bits].filter(Boolean).join(' ')).join(', ')
            : 'none',
        ),
        row('Certificates', h('ul', {}, inventory.certificates.map(certificate))),
        inventory.warnings.length > 0 &&
          row(
            'To know',
            h(
              'ul',
              {},
              inventory.warnings.map((w) => h('li', {}, w)),
            ),
          ),
      ),
      this.use === 'credential' && this.chooser(inventory),
      !usable &&
        h(
          'p',
          { class: 'fault' },
          this.use === 'roots'
            ? 'There is no certificate in this file.'
            : 'There is no private key with its certificate in this file.',
        ),
    );
    if (!usable) return;
    const first =
      this.use === 'roots'
        ? inventory.certificates[0]
        : inventory.certificates.find((c) => c.sha256 === inventory.identities[0].leafSha256);
    this.name.value = this.free(nameOf(first.subject).slice(0, 70));
    this.nameField.hidden = false;
    this.save.hidden = false;
    this.look.hidden = true;
    this.name.focus();
    this.name.select();
  }

  // free is a name that no entry has yet.
  free(name) {
    const taken = new Set(this.names());
    let out = name;
    for (let n = 2; taken.has(out); n += 1) out = `${name} ${n}`;
    return out;
  }

  // Of several identities one is chosen.
  chooser(inventory) {
    this.alias = '';
    if (inventory.identities.length < 2) return null;
    const select = h(
      'select',
      {
        id: 'extract-identity',
        onchange: () => {
          this.alias = select.value;
        },
      },
      inventory.identities.map((identity) => {
        const leaf = inventory.certificates.find((c) => c.sha256 === identity.leafSha256);
        return h(
          'option',
          { value: identity.leafSha256 },
          [leaf && nameOf(leaf.subject), identity.alias].filter(Boolean).join(', '),
        );
      }),
    );
    this.alias = select.value;
    return labelled('Which identity', select);
  }

  async keep() {
    try {
      const entries = await post('api/credentials/save', {
        ...(await this.call()),
        name: this.name.value.trim(),
        use: this.use,
        alias: this.alias ?? '',
      });
      this.changed(entries);
      this.password.value = '';
      this.close(this.name.value.trim());
    } catch (error) {
      this.fail(error, this.name);
    }
  }
}

function row(term, value) {
  return h('div', {}, h('dt', {}, term), h('dd', {}, value));
}

function certificate(c) {
  const until = validity(c.notAfter, c.notBefore);
  return h(
    'li',
    {},
    h('strong', {}, nameOf(c.subject)),
    c.subject === c.issuer ? ', self-signed' : ` by ${nameOf(c.issuer)}`,
    ' ',
    h(
      'span',
      { class: `verdict ${until.state}` },
      icon(until.state === 'good' ? 'check' : until.state === 'warn' ? 'warn' : 'cross'),
      until.text,
    ),
  );
}
