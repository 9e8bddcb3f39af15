/** The admin page: it asks for the server's token, and shows what the server tells whoever has it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { tooWide, unreachable } from '../lib/page-checks.mjs';
import { DESKTOP, PHONE, shoot, site } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';

const TOKEN = 'correct-horse-battery-staple';

const folder = await mkdtemp(join(tmpdir(), 'boplish-admin-'));
after(() => rm(folder, { recursive: true, force: true }));
const file = join(folder, 'token');
await writeFile(file, `${TOKEN}\n`);

const numbers = (name) =>
  [...document.querySelectorAll('.admin-tile')].find((tile) => tile.firstChild.textContent === name)?.lastChild.textContent;

async function bring(tab, token) {
  await tab.run((text) => {
    const field = document.querySelector('input[type="password"]');
    field.value = text;
    field.form.requestSubmit();
  }, token);
}

for (const browser of ['chromium', 'firefox']) {
  scene(
    `the admin page shows the server's numbers to whoever has its token in ${browser}`,
    async (stage) => {
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/admin.html`);
      await tab.until('it asks for the token', () => document.querySelector('input[type="password"]') !== null);
      await shoot(tab, `${browser}-admin-sign-in`);

      await bring(tab, 'some-other-token-than-that');
      await tab.until('a wrong token is refused', () =>
        document.querySelector('[role="alert"]').textContent.includes('not the server’s admin token'),
      );
      assert.equal(await tab.run(() => sessionStorage.length), 0, 'a wrong token is not kept');

      await bring(tab, TOKEN);
      await tab.until('the right one opens the page', () => document.querySelector('.admin-network') !== null);
      assert.equal(await tab.run(numbers, 'Connected'), '0');

      await stage.peer();
      await tab.until('it is counted as connected', () =>
        [...document.querySelectorAll('.admin-tile')].some((tile) => tile.textContent === 'Connected1'),
      );
      await tab.until('its arrival is in the graph', () =>
        document.querySelector('.admin-graph svg').getAttribute('aria-label')?.startsWith('Connected: 1 now'),
      );

      await tab.open(`${stage.server.url}/admin.html`);
      await tab.until('a reload does not ask again', () => document.querySelector('.admin-network') !== null);
      for (const width of [320, ...[PHONE, DESKTOP].map(([size]) => size)]) {
        await tab.resize(width, 800);
        assert.deepEqual(await tooWide(tab), [], `${width} px`);
      }
      await shoot(tab, `${browser}-admin`);
      assert.deepEqual(await unreachable(tab), [], 'with Tab');

      await tab.click('.admin-header button');
      await tab.until('the token is forgotten', () => document.querySelector('input[type="password"]') !== null);
      assert.equal(await tab.run(() => sessionStorage.length), 0);
    },
    { site, parameters: ['--admin-token-file', file] },
  );
}
