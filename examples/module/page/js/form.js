// The form, drawn from a schema: nothing here knows a field by its name.

import { h, replace } from './dom.js';
import { plain } from './format.js';
import { Schema, isShown } from './schema.js';
import { drawFields } from './fields.js';

/** Form edits one document. */
export class Form {
  /**
   * @param place where the fields go
   * @param root the JSON Schema of the document
   * @param context what widgets ask for: credentials, and extract(use), which resolves to a name
   */
  constructor(place, root, context) {
    this.place = place;
    this.schema = new Schema(root);
    this.properties = this.schema.properties(root);
    this.context = { ...context, schema: this.schema, advanced: false, fields: [], changed: () => this.update() };
    this.load({});
  }

  /** load draws a document anew. */
  load(document) {
    this.object = copy(document);
    this.redraw();
  }

  /** redraw is for when what can be chosen has changed. */
  redraw() {
    this.context.fields = [];
    replace(this.place, drawFields(this.context, this.properties, this.object, ''));
    this.update();
  }

  /** holders are the keys that hold a name of the keychain: credential or roots. */
  holders(use) {
    const widget = use === 'roots' ? 'roots' : 'credentials';
    return this.properties.filter((p) => p.schema['x-widget'] === widget).map((p) => p.key);
  }

  names(use) {
    return this.holders(use).map((key) => this.object[key]);
  }

  switchTo(use, name) {
    for (const key of this.holders(use)) this.object[key] = name;
    this.redraw();
  }

  /** rename follows a name that was changed. */
  rename(from, to) {
    for (const key of [...this.holders('credential'), ...this.holders('roots')]) {
      if (from && this.object[key] === from) this.object[key] = to;
    }
    this.redraw();
  }

  /** document is what the form says, without what it does not show. */
  get document() {
    return prune(this.schema, this.properties, this.object);
  }

  set advanced(shown) {
    this.context.advanced = shown;
    this.update();
  }

  update() {
    for (const field of this.context.fields) field.update();
    this.onchange?.();
  }

  /** showFaults puts faults beside their fields, and returns those that have none. */
  showFaults(faults) {
    for (const field of this.context.fields) field.setFault('');
    const homeless = [];
    for (const fault of faults) {
      const field = this.fieldOf(fault.field ?? '');
      if (field) field.setFault(plain(fault));
      else homeless.push(fault);
    }
    return homeless;
  }

  /** fieldOf finds a field by its path; of one inside of a list, the list. */
  fieldOf(path) {
    const inside = (field) =>
      path === field.path || path.startsWith(`${field.path}.`) || path.startsWith(`${field.path}[`);
    return this.context.fields.filter(inside).sort((a, b) => b.path.length - a.path.length)[0];
  }
}

function prune(schema, properties, object) {
  const out = {};
  for (const [key, value] of Object.entries(object)) {
    const property = properties.find((p) => p.key === key);
    if (property && !isShown(property.schema, properties, object)) continue;
    out[key] = value;
  }
  return copy(out);
}

// Exact numbers are objects of a class, which structuredClone would make plain.
function copy(value) {
  if (Array.isArray(value)) return value.map(copy);
  if (Object.getPrototypeOf(value ?? 0) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)]));
}

/** faultSummary lists faults, each a way to its field. */
export function faultSummary(form, faults) {
  if (!faults.length) return [];
  const title =
    faults.length === 1 ? 'This cannot be sent yet' : `${faults.length} things to mend before this can be sent`;
  return [
    h('p', {}, h('strong', {}, title)),
    h(
      'ul',
      {},
      faults.map((fault) => {
        const field = form.fieldOf(fault.field ?? '');
        if (!field) return h('li', {}, plain(fault));
        return h(
          'li',
          {},
          h('button', { type: 'button', class: 'link', onclick: () => field.focus() }, field.title),
          ': ',
          plain(fault),
        );
      }),
    ),
  ];
}
