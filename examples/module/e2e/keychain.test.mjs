// The Extract dialog and the keychain.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { folder, launch, open, runCase, startModule } from './page.mjs';
import { accessible } from './axe.mjs';

let samples;
let module;
let browser;
let page;
const answers = [];

before(async () => {
  samples = await folder();
  module = await startModule('-samples', samples.path);
  browser = await launch();
  page = await open(browser, module.address);
  page.on('response', async (response) => {
    answers.push(await response.text().catch(() => ''));
  });
});

after(async () => {
  await browser?.close();
  await module?.stop();
  await samples?.remove();
});

const dialog = () => page.locator('dialog').last();
const credentials = () => page.locator('[data-field=credentials] select');

test('a P12: wrong password, what is inside, save, use', async () => {
  await page.click('[aria-label="Extract a file for Client certificate"]');
  await page.setInputFiles('#extract-file', `${samples.path}/client.p12`);
  await page.fill('#extract-password', 'guess');
  await page.click('text=Look inside');
  await dialog().locator('.fault:visible').waitFor();
  assert.match(await dialog().locator('.fault:visible').innerText(), /password/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'extract-password');
  await accessible(page, 'wrong password');

  await page.fill('#extract-password', 'sesame');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.inside dl');
  const inside = await page.locator('.inside').innerText();
  assert.match(inside, /PKCS #12/);
  assert.match(inside, /EC P-256/);
  assert.match(inside, /Example client by mtlstest intermediate CA/);
  await accessible(page, 'inside');
  assert.equal(await page.inputValue('#extract-name'), 'Example client 2', 'a name that is free');
  await page.fill('#extract-name', 'From a P12');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await credentials().inputValue(), 'name:From a P12', 'it is chosen at once');
});

test('a PEM authority for the server, and a request with both', async () => {
  await page.fill('[data-field=url] input', 'https://bank.test/accounts');
  await page.check('#advanced', { force: true });
  await page.click('[aria-label="Extract a file for Self-signed certificate"]');
  await page.setInputFiles('#extract-file', `${samples.path}/authority.pem`);
  await page.click('text=Look inside');
  await page.waitForSelector('.inside dl');
  assert.match(await page.locator('.inside').innerText(), /PEM[\s\S]*Private keys\s+none[\s\S]*self-signed/);
  await page.fill('#extract-name', 'The bank’s authority');
  await page.click('dialog button:has-text("Save")');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await page.locator('[data-field=ca] select').inputValue(), 'name:The bank’s authority');
  await page.click('#run');
  await page.waitForSelector('.headline');
  assert.equal(await page.locator('#headline').innerText(), '200 OK');
  assert.match(await page.locator('[role=tree]').innerText(), /CN=Example client/);
});

test('a key in a second file; a file that is no credential', async () => {
  await page.click('[aria-label="Extract a file for Client certificate"]');
  await page.setInputFiles('#extract-file', `${samples.path}/authority.pem`);
  await page.click('text=Look inside');
  await page.waitForSelector('.inside .fault');
  assert.match(await page.locator('.inside .fault').innerText(), /no private key/);
  await page.setInputFiles('#extract-file', `${samples.path}/client.pem`);
  await page.click('summary');
  await page.setInputFiles('#extract-other', `${samples.path}/client-key.pem`);
  await page.click('text=Look inside');
  await page.waitForSelector('#extract-name:visible');
  await page.fill('#extract-name', 'From a P12');
  await page.click('dialog button:has-text("Save")');
  await dialog().locator('.fault:visible').waitFor();
  assert.match(await dialog().locator('.fault:visible').innerText(), /taken/);
  await page.fill('#extract-name', 'Two files');
  await page.click('dialog button:has-text("Save")');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await credentials().inputValue(), 'name:Two files');
});

test('credentials are listed, switched, renamed and deleted', async () => {
  await page.click('#open-credentials');
  await accessible(page, 'keychain');
  assert.equal(await page.locator('.entry').count(), 8);
  await page.click('[aria-label="Use From a P12"]');
  assert.equal(await credentials().inputValue(), 'name:From a P12');

  await page.click('[aria-label="Rename From a P12"]');
  await page.getByLabel('New name of From a P12').fill('Renamed');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[aria-label="Rename Renamed"]');
  assert.equal(await credentials().inputValue(), 'name:Renamed', 'the form follows');

  await page.click('[aria-label="Delete Two files"]');
  assert.equal(await page.locator('.entry').count(), 8, 'deleting takes a second click');
  await page.click('[aria-label="Delete Two files for good"]');
  await page.waitForFunction(() => document.querySelectorAll('.entry').length === 7);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog', { state: 'detached' });
  assert.equal(await credentials().locator('option', { hasText: 'Two files' }).count(), 0);
});

test('a credential that was deleted is refused by its field', async () => {
  await runCase(page, 'works');
  await page.click('#open-credentials');
  await page.click('[aria-label="Delete Example client"]');
  await page.click('[aria-label="Delete Example client for good"]');
  await page.waitForSelector('[aria-label="Delete Example client"]', { state: 'detached' });
  await page.keyboard.press('Escape');
  await page.click('#run');
  await page.waitForSelector('#faults:not([hidden])');
  assert.equal(await page.locator('[data-field=credentials] .fault').isVisible(), true);
});

test('no key and no password came back', async () => {
  assert.ok(answers.length > 10);
  for (const text of answers) {
    assert.doesNotMatch(text, /PRIVATE KEY|sesame/);
  }
  assert.doesNotMatch(await page.content(), /PRIVATE KEY|sesame/);
});
