// Accessibility: axe-core in the page itself. The page's policy allows no
// foreign script, so it is evaluated by the browser's debugger.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** accessible fails where axe finds a serious or critical violation. */
export async function accessible(page, state) {
  await page.evaluate(source);
  const { violations, passes } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  assert.ok(passes.length > 10, 'axe has looked');
  const grave = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  const said = grave.map(
    (v) =>
      `${v.id} (${v.impact}): ${v.help}\n${v.nodes.map((n) => `    ${n.html}\n    ${n.failureSummary}`).join('\n')}`,
  );
  assert.equal(grave.length, 0, `${state}:\n${said.join('\n')}`);
}
