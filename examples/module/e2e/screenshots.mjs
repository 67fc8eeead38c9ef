// Takes the two pictures of the README: npm run screenshots -- FOLDER

import { launch, open, runCase, startModule } from './page.mjs';

const folder = process.argv[2] ?? '.';
const module = await startModule();
const browser = await launch();

const pictures = [
  {
    name: 'module-works',
    async act(page) {
      await runCase(page, 'works');
      await page.click('[data-path="data.accounts[].balance"] >> nth=0');
      await page.evaluate(() => globalThis.scrollTo(0, 0));
    },
  },
  { name: 'module-diagnosis', options: { colorScheme: 'dark' }, act: (page) => runCase(page, 'missing') },
];

for (const { name, options, act } of pictures) {
  const page = await open(browser, module.address, { viewport: { width: 1280, height: 960 }, ...options });
  await act(page);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
  await page.context().close();
}
await browser.close();
await module.stop();
