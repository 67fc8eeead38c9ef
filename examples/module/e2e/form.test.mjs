// The form: drawn from the schema, with its conditions, faults and values.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, open, startModule } from './page.mjs';
import { accessible } from './axe.mjs';

let module;
let browser;
let page;
let echo;
let received;

before(async () => {
  module = await startModule();
  browser = await launch();
  page = await open(browser, module.address);
  echo = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      received = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
      };
      response.setHeader('Content-Type', 'application/json');
      response.end('{"ok": true}');
    });
  });
  await new Promise((resolve) => {
    echo.listen(0, '127.0.0.1', resolve);
  });
});

after(async () => {
  echo?.close();
  await browser?.close();
  await module?.stop();
});

const field = (key) => page.locator(`[data-field="${key}"]`);

test('every key of the schema is a field, in its order, with its title and help', async () => {
  const schema = await (await fetch(`${module.address}api/schema`)).json();
  const wanted = Object.entries(schema.properties).sort((a, b) => a[1]['x-order'] - b[1]['x-order']);
  const shown = await page
    .locator('#fields > [data-field]')
    .evaluateAll((all) => all.map((f) => ({ key: f.dataset.field, text: f.textContent })));
  assert.deepEqual(
    shown.map((f) => f.key),
    wanted.map(([key]) => key),
  );
  shown.forEach((f, i) => {
    assert.ok(f.text.includes(wanted[i][1].title), f.key);
    assert.ok(f.text.includes(wanted[i][1].description), f.key);
  });
  for (const [key, property] of wanted) {
    assert.equal(await field(key).isVisible(), !property['x-advanced'] && !property['x-when'], key);
  }
});

test('another schema draws another form', async () => {
  const drawn = await page.evaluate(async () => {
    const { Form } = await import(new URL('js/form.js', location.href));
    const place = document.createElement('div');
    const schema = {
      type: 'object',
      properties: {
        colour: {
          title: 'Colour',
          'x-order': 2,
          default: 'red',
          oneOf: [
            { const: 'red', title: 'Red' },
            { const: 'blue', title: 'Blue' },
          ],
        },
        shade: { title: 'Shade', 'x-order': 3, type: 'string', 'x-when': { colour: ['blue'] } },
        count: { title: 'Count', 'x-order': 1, type: 'integer', minimum: 1 },
        steps: { title: 'Steps', 'x-order': 4, type: 'array', items: { $ref: '#/$defs/step' } },
      },
      $defs: { step: { type: 'string' } },
    };
    const form = new Form(place, schema, { credentials: () => [], extract: () => undefined, chosen: () => undefined });
    const shown = () => [...place.children].filter((f) => !f.hidden).map((f) => f.dataset.field);
    const before = shown();
    const select = place.querySelector('select');
    select.value = '1';
    select.dispatchEvent(new Event('change'));
    const number = place.querySelector('[type=number]');
    number.value = '7';
    number.dispatchEvent(new Event('input'));
    const after = shown();
    form.load({ colour: 'blue', shade: 'navy', steps: ['a', 'b'] });
    const loaded = [...place.querySelectorAll('input')].map((i) => i.value);
    return { before, after, loaded, document: form.document };
  });
  assert.deepEqual(drawn.before, ['count', 'colour', 'steps']);
  assert.deepEqual(drawn.after, ['count', 'colour', 'shade', 'steps']);
  assert.deepEqual(drawn.loaded, ['', 'navy', 'a', 'b']);
  assert.deepEqual(drawn.document, { colour: 'blue', shade: 'navy', steps: ['a', 'b'] });
});

test('advanced settings are shown when asked for, and when they say something', async () => {
  assert.equal(await field('timeout').isVisible(), false);
  await page.check('#advanced', { force: true });
  assert.equal(await field('timeout').isVisible(), true);
  await accessible(page, 'advanced');
  await field('timeout').locator('input').fill('5');
  await page.uncheck('#advanced', { force: true });
  assert.equal(await field('timeout').isVisible(), true, 'it is not the default any more');
  await field('timeout').locator('input').fill('');
  assert.equal(await field('timeout').isVisible(), false);
});

test('fields depend on others', async () => {
  await field('bodyType').locator('select').selectOption({ label: 'Raw' });
  assert.equal(await field('data').isVisible(), true);
  assert.equal(await field('customContentType').isVisible(), false);
  await field('contentType').locator('select').selectOption({ label: 'Another one' });
  assert.equal(await field('customContentType').isVisible(), true);
  await field('bodyType').locator('select').selectOption({ label: 'Nothing' });
  for (const key of ['data', 'contentType', 'customContentType'])
    assert.equal(await field(key).isVisible(), false, key);
});

test('what is filled in is what is sent', async () => {
  await field('url').locator('input').fill(`http://127.0.0.1:${echo.address().port}/path?a=1`);
  await field('method').locator('select').selectOption({ label: 'POST' });
  await field('headers').locator('.add').click();
  await page.getByLabel('Name, row 1').first().fill('X-Trace');
  await page.getByLabel('Value, row 1').first().fill('seven');
  await field('qs').locator('.add').click();
  await field('qs').locator('input').nth(0).fill('q');
  await field('qs').locator('input').nth(1).fill('grüße & mehr');
  await field('bodyType').locator('select').selectOption({ label: 'Form with files (multipart)' });
  const parts = field('formDataFields');
  await parts.locator('.add').first().click();
  await parts.getByLabel('Key').fill('note');
  await parts.getByLabel('Value').fill('hello');
  await page.click('#run');
  await page.waitForSelector('.headline');
  assert.equal(await page.locator('#headline').innerText(), '200 OK');
  assert.equal(received.method, 'POST');
  assert.equal(received.url, '/path?a=1&q=gr%C3%BC%C3%9Fe%20%26%20mehr');
  assert.equal(received.headers['x-trace'], 'seven');
  assert.match(received.body, /name="note"\r\n\r\nhello\r\n/);
  await accessible(page, 'filled in');
});

test('a method that is not listed can be typed', async () => {
  await field('method').locator('select').selectOption({ label: 'Other…' });
  await page.getByLabel('Method, typed').fill('PURGE');
  await field('bodyType').locator('select').selectOption({ label: 'Nothing' });
  await page.click('#run');
  await page.waitForFunction(() => document.querySelector('.where')?.textContent.includes('PURGE'));
  assert.equal(received.method, 'PURGE');
});

test('faults stand beside their fields, and lead there', async () => {
  await field('url').locator('input').fill('ftp://example');
  await field('headers').locator('input').nth(0).fill('no name');
  await page.click('#run');
  await page.waitForSelector('#faults:not([hidden])');
  assert.match(await field('url').locator('.fault').innerText(), /scheme/);
  assert.ok((await field('headers').locator('.fault').innerText()).length > 10);
  assert.equal(await field('url').locator('input').getAttribute('aria-invalid'), 'true');
  await accessible(page, 'faults');
  await page.click('#faults button:has-text("URL")');
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-field]').dataset.field), 'url');
  await field('url').locator('input').fill('http://127.0.0.1:1/');
  assert.equal(await field('url').locator('.fault').isVisible(), false);
});

test('a connection that fails is told', async () => {
  await field('headers').locator('.quiet').first().click();
  await page.click('#run');
  await page.waitForFunction(() => document.querySelector('#headline')?.textContent === 'No connection');
  assert.match(await page.locator('.facts').innerText(), /in phase connect/);
});
