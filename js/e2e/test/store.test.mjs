/** Pages store records for each other, and still have them after a reload. */
import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const PAGE = 'modules.html';

/** Tabs whose pages are nodes that have found each other. */
async function join(tabs) {
  const ids = await Promise.all(tabs.map((tab) => tab.run(() => start())));
  await until('they are linked', async () => {
    const links = await Promise.all(tabs.map((tab) => tab.run(() => node.peers.length)));
    return links.every((count) => count === tabs.length - 1);
  });
  return ids;
}

/** What a tab reads; peers that have just met may need a second attempt. */
function read(tab, name) {
  return until('an answer', () =>
    tab.run(async (of) => {
      try {
        const record = await node.get(of);
        const { sequence, publisher } = record ?? {};
        return { found: record ? { json: record.json(), sequence, publisher } : null };
      } catch (error) {
        if (error.code !== 'timed-out') throw error;
        return undefined;
      }
    }, name),
  );
}

for (const browser of ['chromium', 'firefox']) {
  scene(`in ${browser}, what pages have stored outlasts a reload of all of them`, async (stage) => {
    const tabs = [await stage.tab(browser, PAGE), await stage.tab(browser, PAGE)];
    const [publisher, other] = await join(tabs);
    const key = await tabs[0].run(() => node.put({ salt: 'name', value: { text: 'hello' }, sequence: 7 }));
    assert.match(key, /^[0-9a-f]{40}$/);
    const expected = { found: { json: { text: 'hello' }, sequence: 7, publisher } };
    assert.deepEqual(await read(tabs[1], key), expected);

    const conflict = await tabs[0].run(() => node.put({ salt: 'name', value: 1, expected: 3 }).catch(({ code }) => code));
    assert.equal(conflict, 'conflict');

    // All pages are gone before the first is back.
    for (const tab of tabs) await tab.run(() => node.close());
    for (const tab of tabs) await tab.reload();
    assert.deepEqual(await join(tabs), [publisher, other]);
    assert.deepEqual(await read(tabs[1], { publisher, salt: 'name' }), expected);
    assert.deepEqual(await read(tabs[1], { publisher, salt: 'another' }), { found: null });

    await tabs[0].run(() => node.put({ salt: 'name', value: 'changed', expected: 7 }));
    assert.deepEqual(await read(tabs[1], key), { found: { json: 'changed', sequence: 8, publisher } });
    for (const tab of tabs) assert.deepEqual(tab.errors, []);
  });
}
