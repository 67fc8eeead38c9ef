// Starts the program and a browser, for tests and for screenshots.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.MODULE ?? fail('MODULE names the program: go build -o FILE ./examples/module');
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

function fail(text) {
  throw new Error(text);
}

/** startModule runs the program, which ends when its standard input is closed. */
export async function startModule(...flags) {
  const child = spawn(program, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8');
  const address = await new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text;
      const found = said.match(/http:\S+/);
      if (found) resolve(found[0]);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the program ended with ${code}`)));
  });
  const ended = new Promise((resolve) => {
    child.on('exit', resolve);
  });
  return {
    address,
    async stop() {
      child.stdin.end();
      return ended;
    },
  };
}

/** folder is a temporary one, removed by the function that comes with it. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'module-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** launch starts Debian's Chromium with a profile of its own. */
export function launch() {
  return chromium.launch({
    executablePath: browserPath,
    headless: true,
    timeout: 60000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** open opens the page; what it says on the console that it should not is in problems. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.problems = [];
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  page.on('pageerror', (error) => page.problems.push(String(error)));
  await page.goto(address);
  await page.waitForSelector('[data-field=url]');
  return page;
}

/** runCase runs a ready-made case and waits for its end. */
export async function runCase(page, id) {
  await page.click('#open-cases');
  await page.click(`[data-case=${id}]`);
  await page.waitForSelector('.headline');
  await page.waitForSelector('#run:not([disabled])');
}
