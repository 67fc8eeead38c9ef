// JSON whose numbers keep every digit. A browser's own numbers end at 2^53;
// those that would change stay as the text they came as.

/** Exact is a number that JavaScript has none for. */
export class Exact {
  constructor(source) {
    this.source = source;
  }

  toString() {
    return this.source;
  }

  toJSON() {
    return JSON.rawJSON ? JSON.rawJSON(this.source) : Number(this.source);
  }
}

/** parse is JSON.parse with exact numbers, where the browser shows their source. */
export function parse(text) {
  return JSON.parse(text, (key, value, context) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? new Exact(source) : value;
  });
}

/** isObject: a JSON object, which an exact number is not. */
export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Exact);
}

/** typeOf is the JSON type of a value. */
export function typeOf(value) {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Exact) return 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** isBytes: bytes as documents carry them. */
export function isBytes(value) {
  return isObject(value) && typeof value.$base64 === 'string' && Object.keys(value).length === 1;
}

/** byteLength of base64 text. */
export function byteLength(base64) {
  return Math.floor((base64.replace(/[\s=]/g, '').length * 3) / 4);
}

/** same compares two JSON values. */
export function same(a, b) {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
