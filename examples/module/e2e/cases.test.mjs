// Every ready-made case, as a newcomer meets it.

import assert from 'node:assert/strict';
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
  assert.equal(await module?.stop(), 0, 'the program ends with its input');
});

const text = (selector) => page.locator(selector).innerText();

// What each case has to show: its headline, the cause, and both sides.
const cases = [
  {
    id: 'works',
    headline: '200 OK',
    client: ['Accepted', 'on the server’s list'],
    server: ['Trusted', 'the request adds it as trusted'],
  },
  {
    id: 'missing',
    headline: 'The server refused this client',
    cause: 'client-cert-missing',
    client: ['None shown', 'the server asked for one'],
    server: ['Trusted'],
  },
  {
    id: 'wrong-authority',
    headline: 'The server refused this client',
    cause: 'client-cert-untrusted',
    client: ['Refused', 'stranger CA', 'not on the server’s list'],
    server: ['Trusted'],
  },
  {
    id: 'expired',
    headline: 'The server refused this client',
    cause: 'client-cert-expired',
    client: ['Refused', 'ended'],
    server: ['Trusted'],
  },
  {
    id: 'no-intermediate',
    headline: 'The server refused this client',
    cause: 'client-cert-untrusted',
    client: ['Refused', 'not sent along, not on the server’s list'],
    server: ['Trusted'],
  },
  {
    id: 'unknown-server',
    headline: 'The server’s certificate was not accepted',
    cause: 'server-cert-untrusted',
    client: ['Not reached'],
    server: ['Not accepted here', 'nothing here trusts it'],
  },
  {
    id: 'wrong-name',
    headline: 'The server’s certificate was not accepted',
    cause: 'server-name-mismatch',
    client: ['Not reached'],
    server: ['Not accepted here', 'for another name than the address'],
  },
  { id: 'redirect', headline: '200 OK', client: ['Withheld', 'not meant for this host'], server: ['Trusted'] },
  {
    id: 'not-asked',
    headline: '403 Forbidden',
    cause: 'client-cert-not-requested',
    client: ['Not asked', 'the server did not ask'],
    server: ['Trusted'],
  },
];

for (const c of cases) {
  test(`case: ${c.id}`, async () => {
    await runCase(page, c.id);
    assert.equal(await text('#headline'), c.headline);
    assert.equal(await page.locator('.cause').count(), c.cause ? 1 : 0);
    if (c.cause) {
      assert.equal(await text('.cause'), c.cause);
      assert.ok((await text('.diagnosis .advice')).length > 40, 'the advice is there');
      assert.match(await text('.diagnosis'), new RegExp(`docs/causes.md#${c.cause}`));
    }
    const sides = await page.locator('.side').evaluateAll((all) => all.map((side) => side.textContent));
    for (const part of c.client) assert.ok(sides[0].includes(part), `${part} in: ${sides[0]}`);
    for (const part of c.server) assert.ok(sides[1].includes(part), `${part} in: ${sides[1]}`);
    const described = await page.locator('.chain desc').evaluateAll((all) => all.map((d) => d.textContent));
    assert.equal(described.length, 2, 'both pictures are described in words');
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
      true,
      'nothing sticks out',
    );
    await accessible(page, c.id);
  });
}

test('a long transfer shows progress and can be stopped', async () => {
  await page.click('#open-cases');
  await page.click('[data-case=transfer]');
  await page.waitForFunction(() =>
    /^Received .* of 25\.2 MB/.test(document.querySelector('.progress-text')?.textContent ?? ''),
  );
  const first = await page.locator('progress').evaluate((bar) => [bar.value, bar.max]);
  assert.ok(first[0] > 0 && first[0] < first[1], String(first));
  await page.waitForFunction((before) => document.querySelector('progress')?.value > before, first[0]);
  await accessible(page, 'progress');
  await page.click('#stop');
  await page.waitForSelector('.headline');
  assert.equal(await text('#headline'), 'Stopped');
  assert.match(await text('.facts'), /in phase body/);
  assert.equal(await page.locator('.progress').count(), 0);
});

test('the next case is one click away', async () => {
  await runCase(page, 'works');
  await page.click('.case-ways button:has-text("Next")');
  await page.waitForSelector('.cause');
  assert.equal(await text('.case-note h3'), 'No certificate');
});

test('nothing was wrong on the console, and nothing came from elsewhere', async () => {
  assert.deepEqual(page.problems, []);
  const origins = await page.evaluate(() =>
    performance.getEntriesByType('resource').map((r) => new URL(r.name).origin),
  );
  assert.deepEqual([...new Set(origins)], [new URL(module.address).origin]);
});
