// What a run shows: the tree with its paths, hops, timings, receipt, JSON.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFile } from 'node:fs/promises';
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

const tab = (title) => page.click(`[role=tab]:has-text("${title}")`);

test('a field of the bundle tells its mapping path, which is the library’s', async () => {
  const [works] = await (await fetch(`${module.address}api/cases`)).json();
  const answer = await fetch(`${module.address}api/run`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(works.document),
  });
  const { paths } = JSON.parse((await answer.text()).trim().split('\n').at(-1)).result;
  await runCase(page, 'works');
  await page.click('[data-path="data.accounts[].owner.name"] >> nth=0');
  assert.equal(await page.locator('output.path').innerText(), 'data.accounts[].owner.name');
  assert.ok(paths.includes('data.accounts[].owner.name'));
  // All fields of the data, as far as they are open.
  const shown = await page
    .locator('[data-path^="data."]')
    .evaluateAll((all) =>
      all.filter((i) => !i.hasAttribute('aria-expanded') && !i.dataset.path.endsWith(']')).map((i) => i.dataset.path),
    );
  assert.ok(shown.length >= 10);
  for (const path of shown) assert.ok(paths.includes(path), path);
});

test('numbers keep every digit', async () => {
  assert.match(await page.locator('[role=tree]').innerText(), /9007199254740993/);
  await tab('JSON');
  assert.match(await page.locator('pre.json').innerText(), /"balance": 9007199254740993/);
});

test('hops, timings and receipts of a redirect', async () => {
  await runCase(page, 'redirect');
  await tab('Hops and timings');
  const hops = await page.locator('.hops li').allInnerTexts();
  assert.equal(hops.length, 2);
  assert.match(hops[0], /302[\s\S]*bank\.test\/moved[\s\S]*certificate shown/);
  assert.match(hops[1], /200[\s\S]*partner\.test[\s\S]*not meant for this host/);
  const bars = await page
    .locator('.waterfall svg[role=img]')
    .evaluateAll((all) => all.map((svg) => svg.getAttribute('aria-label')));
  assert.equal(bars.length, 2);
  for (const label of bars) assert.match(label, /Connect .*TLS /); // an answer that came at once had no wait
  const starts = await page
    .locator('.waterfall .phase.tls')
    .evaluateAll((all) => all.map((r) => Number(r.getAttribute('x'))));
  assert.ok(starts[0] < starts[1], 'the second hop begins after the first');
  await accessible(page, 'hops');
  await tab('Receipt');
  const receipts = await page.locator('.receipt').allInnerTexts();
  assert.equal(receipts.length, 2);
  assert.match(receipts[0], /TLS\s+1\.3[\s\S]*Presented\s+Example client/);
  assert.match(receipts[1], /Presented\s+none[\s\S]*Withheld\s+Example client/);
  await accessible(page, 'receipt');
  // The picture follows the choice of the hop.
  await page.check('input[name=hop][value="0"]');
  assert.match(await page.locator('.side').first().innerText(), /Accepted/);
});

test('what is relaxed is told', async () => {
  await runCase(page, 'unknown-server');
  await page.check('#advanced', { force: true });
  await page.uncheck('[data-field=rejectUnauthorized] input', { force: true });
  await page.click('#run');
  await page.waitForFunction(() => document.querySelector('#headline')?.textContent === '200 OK');
  assert.match(await page.locator('.to-know').innerText(), /verif/);
  assert.match(await page.locator('.side').nth(1).innerText(), /Not verified/);
  await tab('Receipt');
  assert.match(await page.locator('.receipt').innerText(), /Relaxed\s+unverified/);
  await accessible(page, 'relaxed');
});

test('the body can be saved', async () => {
  await runCase(page, 'works');
  await tab('Bundle');
  const download = page.waitForEvent('download');
  await page.click('text=Save the body');
  const saved = JSON.parse(await readFile(await (await download).path(), 'utf8'));
  assert.equal(saved.caller, 'CN=Example client');
});

test('in dark, in a narrow window, and in both', async () => {
  for (const options of [
    { colorScheme: 'dark' },
    { viewport: { width: 390, height: 844 } },
    { colorScheme: 'dark', viewport: { width: 320, height: 640 } },
  ]) {
    const other = await open(browser, module.address, options);
    await accessible(other, JSON.stringify(options));
    for (const id of ['works', 'wrong-authority']) {
      await runCase(other, id);
      await accessible(other, `${id} ${JSON.stringify(options)}`);
      const over = await other.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(over, 0, `${id} sticks out by ${over} pixels`);
    }
    assert.deepEqual(other.problems, []);
    await other.context().close();
  }
});
