// With the keyboard alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, startModule } from './page.mjs';

let module;
let browser;
let page;

before(async () => {
  module = await startModule();
  browser = await launch();
  page = await open(browser, module.address);
});

after(async () => {
  await browser?.close();
  await module?.stop();
});

const key = (name) => page.keyboard.press(name);
const focused = () =>
  page.evaluate(() => {
    const e = document.activeElement;
    return {
      id: e.id,
      role: e.getAttribute('role') ?? e.tagName.toLowerCase(),
      text: e.textContent.trim().slice(0, 60),
      path: e.dataset.path,
      field: e.closest('[data-field]')?.dataset.field,
      case: e.dataset.case,
    };
  });

async function tabTo(wanted, limit = 80) {
  for (let i = 0; i < limit; i += 1) {
    await key('Tab');
    const f = await focused();
    if (wanted(f)) return f;
  }
  throw new Error(`not reached: ${wanted}; the focus is on ${JSON.stringify(await focused())}`);
}

test('from the address bar to a bundle’s path', async () => {
  await key('Tab');
  assert.match((await focused()).text, /Skip to the result/);
  await key('Enter');
  await tabTo((f) => f.case === 'works', 3);
  await key('Enter');
  await page.waitForSelector('.headline');
  await page.waitForFunction(() => document.activeElement.id === 'result');
  await tabTo((f) => f.role === 'tab');
  for (const title of ['Hops and timings', 'Receipt', 'JSON', 'Bundle']) {
    await key('ArrowRight');
    assert.equal((await focused()).text, title);
  }
  await tabTo((f) => f.role === 'treeitem');
  assert.equal((await focused()).path, 'statusCode');
  await key('ArrowDown');
  assert.equal((await focused()).path, 'headers');
  await key('ArrowRight'); // opens
  await key('ArrowRight'); // goes in
  assert.equal((await focused()).path, 'headers[]');
  await key('ArrowLeft');
  await key('ArrowLeft'); // closes
  assert.equal((await focused()).path, 'headers');
  for (let i = 0; i < 40 && (await focused()).path !== 'data.accounts[].balance'; i += 1) await key('ArrowDown');
  await key('Enter');
  assert.equal(await page.locator('output.path').innerText(), 'data.accounts[].balance');
  await key('End');
  const last = await focused();
  await key('Home');
  assert.notEqual(last.path, 'statusCode');
  assert.equal((await focused()).path, 'statusCode');
});

test('fill in, run, read the fault, mend it', async () => {
  await page.reload();
  await page.waitForSelector('[data-field=url]');
  await tabTo((f) => f.field === 'url');
  await page.keyboard.type('htp://bank.test/accounts');
  await key('Control+Enter');
  await page.waitForSelector('#faults:not([hidden])');
  await page.waitForFunction(() => document.activeElement.id === 'faults');
  await key('Tab');
  await key('Enter');
  assert.equal((await focused()).field, 'url');
  await key('Control+a');
  await page.keyboard.type('https://bank.test/accounts');
  await key('Control+Enter');
  await page.waitForSelector('.headline');
  assert.equal(await page.locator('.cause').innerText(), 'server-cert-untrusted');
});

test('rows and switches', async () => {
  await tabTo((f) => f.field === 'headers');
  await key('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Name, row 1');
  await page.keyboard.type('Accept');
  await key('Tab');
  await page.keyboard.type('*/*');
  await key('Tab');
  await key('Enter'); // removes it
  assert.equal(await page.locator('[data-field=headers] .row').count(), 0);
  assert.match((await focused()).text, /Add/);
  await tabTo((f) => f.id === 'advanced');
  await key('Space');
  assert.equal(await page.locator('[data-field=timeout]').isVisible(), true);
});

test('a dialog keeps the focus, and gives it back', async () => {
  await page.reload();
  await page.waitForSelector('[data-field=url]');
  await tabTo((f) => f.id === 'open-credentials');
  await key('Enter');
  await page.waitForSelector('dialog[open]');
  for (let i = 0; i < 30; i += 1) {
    await key('Tab');
    // The browser's own controls, which have the focus as the body, are between the last and the first.
    assert.ok(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement.closest('dialog') !== null,
      ),
    );
  }
  await key('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal((await focused()).id, 'open-credentials');
});
