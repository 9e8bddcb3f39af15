/** A reload keeps the id, and no two tabs share one. */
import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';

const apis = [
  { api: "the report's API", page: 'report.html', join: () => run() },
  { api: 'the modern API', page: 'node.html', join: () => start() },
];

for (const browser of ['chromium', 'firefox']) {
  for (const { api, page, join } of apis) {
    scene(`${api} in ${browser}: a reload keeps the id, other tabs have their own`, async (stage) => {
      const first = await stage.tab(browser, page);
      const id = await first.run(join);
      assert.match(id, /^[0-9a-f]{40}$/);
      await first.reload();
      assert.equal(await first.run(join), id, 'a reload keeps the id');

      const second = await stage.tab(browser, page);
      const secondId = await second.run(join);
      assert.notEqual(secondId, id, 'a second tab has an id of its own');

      // A tab that is opened by a page starts with a copy of its session storage, as a duplicate.
      const duplicate = await stage.tabOpenedBy(browser, () => first.run(() => void window.open(location.href)));
      await duplicate.until('the page is there', () => document.readyState === 'complete' && 'boplish' in window);
      const duplicateId = await duplicate.run(join);
      assert.notEqual(duplicateId, id, 'a duplicated tab has an id of its own');
      assert.notEqual(duplicateId, secondId);

      for (const [tab, own] of [
        [duplicate, duplicateId],
        [second, secondId],
        [first, id],
      ]) {
        await tab.reload();
        assert.equal(await tab.run(join), own, 'after all that, each keeps its own');
      }
    });
  }
}
