// The calls of the page. All addresses are relative, so the token in the page's
// own address goes with them.

import { parse } from './exact.js';

/** Refusal is an error of the library, by field. */
export class Refusal extends Error {
  constructor(error) {
    super(error.message);
    this.error = error;
  }

  /** faults by field, the single one too. */
  get faults() {
    return this.error.faults?.length ? this.error.faults : [this.error];
  }
}

async function result(response) {
  const text = await response.text();
  const isJSON = (response.headers.get('Content-Type') ?? '').includes('json');
  if (!response.ok)
    throw isJSON ? new Refusal(parse(text).error) : new Error(text.trim() || `The server answered ${response.status}.`);
  return parse(text);
}

async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch {
    throw new Error('The program behind this page does not answer. Was it ended?');
  }
}

export async function get(path) {
  return result(await reach(path));
}

export async function post(path, body) {
  return result(
    await reach(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  );
}

/** run sends a document and calls on(line) for each line of the answer. */
export async function run(document, on) {
  const response = await reach('api/run', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(document),
  });
  if (!response.ok) return result(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? '';
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) on(parse(line));
    if (done) return undefined;
  }
}

export async function base64Of(file) {
  const data = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let i = 0; i < data.length; i += 0x8000) text += String.fromCharCode(...data.subarray(i, i + 0x8000));
  return btoa(text);
}
