/** `boplish demo`, as a newcomer meets it: the pages are those inside the program. */
import assert from 'node:assert/strict';
import { demoScene } from '../lib/scene.mjs';

const PEERS = 8;

for (const browser of ['chromium', 'firefox']) {
  demoScene(`a newcomer with ${browser} sees a living network in the first tab`, PEERS, async (stage) => {
    const health = await fetch(`${stage.server.url}/health`);
    assert.ok(health.ok);

    const tab = await stage.tab(browser, 'inspector.html');
    await tab.until('all native peers', (count) => document.querySelectorAll('.peer').length === count, PEERS);
    await tab.until('a native peer pings by itself', () =>
      [...document.querySelectorAll('.message[data-direction="incoming"]')].some((row) => /ping-protocol\s*ping/.test(row.textContent)),
    );
    await tab.click('.peer button[aria-label^="Register"]');
    await tab.until('the whole group', (count) => document.querySelectorAll('.member').length === count + 1, PEERS);
    await tab.until('somebody says something', () => document.querySelectorAll('.said-text').length > 0);
    assert.deepEqual(tab.errors, []);
  });
}
