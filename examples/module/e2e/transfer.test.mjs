// Import and export.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { launch, open, runCase, startModule } from './page.mjs';
import { accessible } from './axe.mjs';

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

async function importText(text) {
  await page.click('#open-import');
  await page.fill('#import-text', text);
  await page.click('dialog button:has-text("Read")');
}

const value = (key) => page.locator(`[data-field="${key}"]`).locator('input, select, textarea').first().inputValue();

test('a curl command', async () => {
  await importText(
    "curl 'https://api.example/pay' -X POST --cert me.p12:pw -H 'X-Trace: 1' -H 'Content-Type: application/json' -d '{\"a\": 1}'",
  );
  await page.waitForSelector('.found li');
  assert.match(await page.locator('.found').innerText(), /POST https:\/\/api\.example\/pay[\s\S]*--cert/);
  await accessible(page, 'import');
  await page.click('[aria-label="Use it: A curl command"]');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await value('url'), 'https://api.example/pay');
  assert.equal(await page.locator('[data-field=method] select option:checked').innerText(), 'POST');
  assert.equal(await page.locator('[data-field=data] textarea').inputValue(), '{"a": 1}');
  assert.ok(
    (await page.locator('[data-field=headers] input').evaluateAll((all) => all.map((i) => i.value))).includes(
      'X-Trace',
    ),
  );
  // Its certificate is not here, and it is not sent without.
  assert.match(await page.locator('[data-field=credentials] select option:checked').innerText(), /not in the keychain/);
  await page.click('#run');
  await page.locator('[data-field=credentials] .fault:visible').waitFor();
});

const blueprint = {
  name: 'Two steps',
  flow: [
    {
      id: 3,
      module: 'http:ActionSendData',
      version: 3,
      parameters: { handleErrors: true },
      mapper: {
        url: 'https://a.example/one',
        method: 'get',
        headers: [{ name: 'Accept', value: 'text/xml' }],
        qs: [],
        bodyType: '',
        parseResponse: true,
      },
    },
    {
      id: 4,
      module: 'http:ActionSendData',
      version: 3,
      parameters: {},
      mapper: {
        url: 'https://a.example/two',
        method: 'put',
        headers: [],
        qs: [{ name: 'a', value: 'b' }],
        bodyType: 'raw',
        contentType: 'application/json',
        data: '{}',
      },
    },
  ],
};

test('a blueprint of several modules', async () => {
  await importText(JSON.stringify(blueprint));
  await page.waitForSelector('.found li');
  assert.equal(await page.locator('.found > ul > li').count(), 2);
  await page.locator('.found button').nth(1).click();
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await value('url'), 'https://a.example/two');
  assert.equal(await page.locator('[data-field=data] textarea').inputValue(), '{}');
});

test('what is none of these is said to be none', async () => {
  await importText('{"neither": 1}');
  await page.locator('dialog .fault:visible').waitFor();
  await page.fill('#import-text', 'wget https://a.example');
  await page.click('dialog button:has-text("Read")');
  await page.waitForFunction(() => /curl/.test(document.querySelector('dialog .fault').textContent));
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await value('url'), 'https://a.example/two', 'the form is as it was');
});

test('a document goes out and comes in again, every digit of it', async () => {
  const document = {
    url: 'https://a.example/',
    method: 'patch',
    qs: [{ name: 'n', value: 12345678901234567890n }],
    headers: [{ name: 'Authorization', value: 'Bearer tok' }],
    timeout: 7,
    verify: { skipName: true },
    gzip: true,
  };
  const text = JSON.stringify(document, (key, v) =>
    typeof v === 'bigint' ? (JSON.rawJSON?.(String(v)) ?? 0) : v,
  ).replace('"value":0', '"value":12345678901234567890');
  await importText(text);
  await page.waitForSelector('dialog', { state: 'detached' });
  await page.click('#open-export');
  await page.waitForFunction(() => document.querySelector('dialog pre').textContent.includes('"url"'));
  assert.doesNotMatch(
    await page.locator('dialog pre').innerText(),
    /Bearer tok/,
    'secret headers are left out unless asked for',
  );
  await page.check('#export-reveal', { force: true });
  await page.waitForFunction(() => document.querySelector('dialog pre').textContent.includes('Bearer tok'));
  const exported = await page.locator('dialog pre').innerText();
  assert.match(exported, /12345678901234567890/);
  const read = JSON.parse(exported);
  assert.equal(read.timeout, 7);
  assert.deepEqual(read.verify, { skipName: true });
  assert.equal(read.method.toLowerCase(), 'patch');
  await accessible(page, 'export');
  await page.check('dialog input[value=curl]', { force: true });
  await page.waitForFunction(() => document.querySelector('dialog pre').textContent.startsWith('curl'));
  assert.match(await page.locator('dialog pre').innerText(), /-X PATCH|--request PATCH/);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
});

test('a run becomes an HTTP Archive, saved as a file', async () => {
  await runCase(page, 'missing');
  await page.click('#open-export');
  await page.check('dialog input[value=har]', { force: true });
  await page.waitForFunction(() => document.querySelector('dialog pre').textContent.includes('"log"'));
  const download = page.waitForEvent('download');
  await page.click('text=Save as a file');
  const file = await download;
  assert.equal(file.suggestedFilename(), 'run.har');
  const archive = JSON.parse(await readFile(await file.path(), 'utf8'));
  assert.equal(archive.log.version, '1.2');
  assert.equal(archive.log.entries.length, 1);
  assert.ok(archive.log.entries[0]._tls, 'the receipt is in it');
  assert.deepEqual(
    page.problems.filter((p) => !p.includes('400')),
    [],
  );
});
