/** From opening the page to the success callback of the report's API. */
import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';
import { median } from '../lib/wait.mjs';

const RUNS = 10;
/** What a visitor may notice, in ms; a busy machine included. */
const BOUND = 5_000;

for (const browser of ['chromium', 'firefox']) {
  scene(`${browser} is in the network soon after the page is opened`, async (stage, context) => {
    await stage.peers(3);
    const times = [];
    for (let index = 0; index < RUNS; index += 1) {
      const tab = await stage.tab(browser, 'report.html?run');
      await tab.until('success', () => seen.success > 0);
      // performance.now() counts from the start of the navigation.
      times.push(await tab.run(() => seen.successAt));
      await tab.close();
    }
    const text = times.map((time) => time.toFixed(0)).join(' ');
    context.diagnostic(`${browser}: median ${median(times).toFixed(0)} ms from opening to success (${text})`);
    assert.ok(median(times) < BOUND);
  });
}
