// What a JSON Schema says of a form. The keywords beside draft 2020-12 are
// x-order, x-widget, x-advanced and x-when.

import { isObject, same } from './exact.js';

/** Schema resolves references within one document. */
export class Schema {
  constructor(root) {
    this.root = root;
  }

  /** resolve follows $ref; what stands beside it has the last word. */
  resolve(schema) {
    let out = schema ?? {};
    while (typeof out.$ref === 'string') {
      const { $ref, ...rest } = out;
      const target = $ref
        .slice(2)
        .split('/')
        .reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], this.root);
      out = { ...target, ...rest };
    }
    return out;
  }

  /** properties of an object's schema, in the order of the form. */
  properties(schema) {
    return Object.entries(this.resolve(schema).properties ?? {})
      .map(([key, property]) => ({ key, schema: this.resolve(property) }))
      .sort((a, b) => (a.schema['x-order'] ?? 0) - (b.schema['x-order'] ?? 0));
  }

  /** branches are a schema and all of its alternatives. */
  branches(schema) {
    return [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((b) => this.resolve(b));
  }

  /** choices are the named values of a schema; free: any other text may be given. */
  choices(schema) {
    const choices = this.branches(schema)
      .filter((b) => 'const' in b && b.title)
      .map((b) => ({ value: b.const, title: b.title }));
    const alternatives = this.branches(schema).slice(1);
    const free = alternatives.some((b) => !('const' in b) && !b.enum && [b.type].flat().includes('string'));
    return { choices, free };
  }

  /** items of the schema's array, wherever among the alternatives it stands. */
  items(schema) {
    return this.resolve(this.branches(schema).find((b) => b.items)?.items);
  }

  /** widget says how a field is entered, also where the schema does not. */
  widget(schema) {
    if (schema['x-widget']) return schema['x-widget'];
    const types = [schema.type].flat();
    if (this.choices(schema).choices.length) return 'select';
    if (types[0] === 'boolean') return 'switch';
    if (schema.properties) return 'group';
    if (this.branches(schema).some((b) => b.items)) return 'list';
    return types[0] === 'number' || types[0] === 'integer' ? 'number' : 'text';
  }
}

/** isDefault: the value says no more than its absence would. */
export function isDefault(schema, value) {
  if (value === undefined || value === null || value === '') return true;
  if ('default' in schema) return same(value, schema.default) || String(value) === String(schema.default);
  return value === false || (isObject(value) && Object.keys(value).length === 0);
}

/** valueOf is what a key means in an object: its default where it is missing. */
export function valueOf(schema, value) {
  if (value === undefined || value === null || value === '')
    return schema.default ?? (schema['x-widget'] === 'switch' ? false : '');
  if (schema['x-widget'] === 'switch') return String(value) === 'true';
  return value;
}

/** isShown asks a field's conditions about the object that it is in. */
export function isShown(schema, properties, object) {
  return Object.entries(schema['x-when'] ?? {}).every(([key, wanted]) => {
    const other = properties.find((p) => p.key === key);
    if (!other) return true;
    return isShown(other.schema, properties, object) && wanted.some((w) => same(w, valueOf(other.schema, object[key])));
  });
}
