/** The Topology Viewer (section 5.2.2), as visitors use it, in a ring where not all are linked. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const NATIVE = 18;
/** The least that the server takes: fewer links than there are peers. */
const BUDGET = 12;

const hasRows = (count) => document.querySelectorAll('.peers-table tbody tr').length === count;
const idShown = () => document.querySelector('.id-chip-digits')?.title;
/** Ids of the peers that the details say have a link with the chosen one. */
const linkedShown = () =>
  [...document.querySelectorAll('.panel-details .chip:not(.chip-unlinked)')].map((chip) => chip.dataset.peer).sort();
const rowOf = (id) => `.peers-table tr[data-peer="${id}"]`;

/** Where the canvas is dark blue all around, in pixels of the window: no ring or letter is so thick. */
const ownDot = () => {
  const canvas = document.querySelector('.network-canvas');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const isOwn = (x, y) => {
    const at = (y * width + x) * 4;
    return data[at] === 20 && data[at + 1] === 48 && data[at + 2] === 127 && data[at + 3] === 255;
  };
  const reach = 4;
  for (let y = reach; y < height - reach; y += 1) {
    for (let x = reach; x < width - reach; x += 1) {
      const isInside = [-reach, 0, reach].every((dy) => [-reach, 0, reach].every((dx) => isOwn(x + dx, y + dy)));
      if (!isInside) continue;
      const { left, top } = canvas.getBoundingClientRect();
      return { x: left + x / devicePixelRatio, y: top + y / devicePixelRatio };
    }
  }
  return undefined;
};

/** The drawing does not move any more. */
const settled = (tab) =>
  tab.until('the drawing stands still', () => document.querySelector('.network-canvas').getAttribute('aria-busy') === 'false');

async function look(tab, name) {
  for (const scheme of ['dark', 'light']) {
    await tab.colours(scheme);
    assert.deepEqual(await violations(tab), [], `${name}, ${scheme}`);
    await tab.screenshot(`${screenshots}/${name}-${scheme}.png`);
  }
  const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `${name}: the page is ${overflow} px too wide`);
}

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `the Topology Viewer shows in ${browser} what the peers themselves say`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      const native = await stage.peers(NATIVE);
      const witness = await stage.tab(other);
      await witness.open(`${stage.server.url}/inspector.html`);
      const theirs = await witness.until('the id of the other tab', idShown);
      await witness.until('it is online', () => document.querySelector('.badge')?.dataset.state === 'online');

      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/topology.html`);
      await tab.colours('light');
      const own = await tab.until('the own id', idShown);

      // The first request comes by itself; a second one while links still form would be no fault.
      await until('everybody is in the table', async () => {
        await tab.click('.topology-controls .button-primary');
        return tab.run(hasRows, NATIVE + 2);
      });
      for (const { id } of [...native, { id: theirs }, { id: own }]) {
        assert.ok(await tab.run((selector) => !!document.querySelector(selector), rowOf(id)), `${id} has a row`);
      }

      // The details are what the peer says of itself.
      const [peer] = native;
      await tab.click(`${rowOf(peer.id)} button`);
      await until('its links are those that it has', async () => {
        await tab.click('.details-actions button:nth-child(2)');
        const has = (await peer.peers()).sort();
        return JSON.stringify(await tab.run(linkedShown)) === JSON.stringify(has);
      });
      const headings = await tab.run(() =>
        [...document.querySelectorAll('.neighbours:not([hidden]) h3')].map((heading) => heading.textContent),
      );
      assert.ok(headings.includes('Predecessors') && headings.includes('Successors'), String(headings));
      await tab.click('.details-actions button:nth-child(1)');
      await tab.until('a round-trip time', () => /\d+(\.\d)? m?s/.test(document.querySelector('.details-trip')?.textContent));

      // The other tab sees that it is asked, linked or not.
      await tab.click(`${rowOf(theirs)} button`);
      await tab.click('.details-actions button:nth-child(2)');
      await witness.until(
        'it is asked by topo-protocol',
        (from) =>
          [...document.querySelectorAll('.message[data-direction="incoming"]')].some(
            (row) => row.textContent.includes('topo-protocol') && row.textContent.includes(from),
          ),
        own.slice(0, 8),
      );

      // The own peer is the dark blue one; a click on it shows it.
      await settled(tab);
      const dot = await tab.until('the own peer in the drawing', ownDot);
      await tab.page.mouse.click(dot.x, dot.y);
      await tab.until('the own peer is chosen', (id) => document.querySelector('.details-id .id-full')?.textContent === id, own);
      assert.match(await tab.run(() => document.querySelector('.facts').textContent), /This is you/);

      // By keyboard: the view moves, and comes back.
      await tab.run(() => document.querySelector('.network-canvas').focus());
      await tab.press('ArrowRight');
      const moved = await until('it has moved', async () => {
        const now = await tab.run(ownDot);
        return now !== undefined && Math.abs(now.x - dot.x) > 30 && now;
      });
      assert.ok(moved.x < dot.x, 'the view moves to the right, and what it shows to the left');
      await tab.press('0');
      await settled(tab);

      await look(tab, `${browser}-topology-desktop`);
      await tab.click('.segmented button:nth-child(2)');
      await tab.click(`${rowOf(peer.id)} button`);
      await settled(tab);
      await look(tab, `${browser}-topology-ring-desktop`);
      await tab.resize(...PHONE);
      await settled(tab);
      await look(tab, `${browser}-topology-ring-phone`);
      await tab.click('.segmented button:nth-child(1)');
      await settled(tab);
      await look(tab, `${browser}-topology-phone`);
      await tab.click('.topology-more');
      await look(tab, `${browser}-topology-peer-phone`);
      await tab.click('[role="tab"]:nth-child(3)');
      await look(tab, `${browser}-topology-peers-phone`);
      await tab.resize(...DESKTOP);

      // While the interval runs, who comes and goes does so here.
      await tab.run(() => {
        document.querySelector('.topology-controls select').value = '2';
      });
      await tab.click('.topology-controls .button:nth-child(2)');
      const newcomer = await stage.peer('newcomer');
      await tab.until('the newcomer', (selector) => !!document.querySelector(selector), rowOf(newcomer.id));
      await newcomer.kill();
      await tab.until('it is gone again', (selector) => !document.querySelector(selector), rowOf(newcomer.id));
      await tab.click('.topology-controls .button:nth-child(2)');
      await tab.until('the interval has stopped', () => !document.querySelector('.is-running'));

      // All that was learned is forgotten; the own links are no hearsay.
      await tab.until('no answer is awaited', () => !/asking/.test(document.querySelector('.topology-status').textContent));
      await tab.click('.topology-controls .button:nth-child(4)');
      await tab.until('only the own links', () => {
        const links = Number.parseInt(document.querySelector('.header-peers').textContent, 10);
        const states = [...document.querySelectorAll('.peers-table tbody tr')].map((row) => row.dataset.state);
        return states.length === links + 1 && states.every((state) => state === 'own' || state === 'unasked');
      });

      // The server is not needed for it.
      await stage.server.kill();
      await tab.until('the server is gone', () => !document.querySelector('[data-state="server-gone"]').hidden);
      await until('everybody is there again', async () => {
        await tab.click('.topology-controls .button-primary');
        return tab.run(hasRows, NATIVE + 2);
      });
      assert.deepEqual(
        tab.errors.filter((error) => !error.includes('/ws/')),
        [],
      );
    },
    { site, parameters: ['--link-budget', String(BUDGET)] },
  );
}
