/** The site's root: the network live, two lines that work, and the ways to the pages. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const NATIVE = 4;

const counted = (words) => document.querySelector('.live-count')?.textContent.startsWith(words);

/** Scrolls to a part of the page. */
const scrollTo = (selector) => document.querySelector(selector).scrollIntoView({ block: 'start', behavior: 'instant' });

/** A page of somebody else, at an origin of its own. */
async function page(body) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html><title>Somebody’s page</title>\n${body}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function look(tab, name) {
  for (const [device, size] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ]) {
    await tab.resize(...size);
    for (const scheme of ['dark', 'light']) {
      await tab.colours(scheme);
      for (const [part, selector] of [
        ['top', '.header'],
        ['code', '.landing-part'],
        ['pages', '.landing-part:nth-of-type(3)'],
      ]) {
        await tab.run(scrollTo, selector);
        if (part === 'top') assert.deepEqual(await violations(tab), [], `${name}, ${device}, ${scheme}`);
        await tab.screenshot(`${screenshots}/${name}-${part}-${device}-${scheme}.png`);
      }
    }
    const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}, ${device}: the page is ${overflow} px too wide`);
  }
}

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `the landing page shows the network to ${browser}, and its two lines are seen by others in ${other}`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/`);
      await tab.until('who is first is told so', counted, 'You are the first');

      const native = await stage.peers(NATIVE);
      await tab.until('the network grows', counted, `You and ${NATIVE} peers`);

      // The two lines, as they stand, in a page of another origin.
      const code = await tab.run(() => document.querySelector('.snippet-code').textContent);
      assert.equal(code.trim().split('\n').length, 2);
      const foreign = await page(code);
      try {
        const guest = await stage.tab(other);
        const greeting = () =>
          native.flatMap(({ events }) => events).find(({ event, protocol }) => event === 'message' && protocol === 'greeting');
        // The first one linked is greeted, and that may be the tab, which does not show it.
        const greeted = await until('a native peer is greeted', async () => {
          await guest.open(`http://localhost:${foreign.address().port}/`);
          await guest.until('it is linked', (count) => client.getConnectedPeers().length > count, NATIVE);
          return greeting();
        });
        assert.equal(greeted.payload, 'hello');
        await tab.until('the guest is in the picture', counted, `You and ${NATIVE + 1} peers`);
        await guest.close();
        await tab.until('the guest has left', counted, `You and ${NATIVE} peers`);
      } finally {
        foreign.closeAllConnections();
        foreign.close();
      }

      // All pages are cards, and within reach of a thumb.
      const names = await tab.run(() => [...document.querySelectorAll('.nav a')].map((link) => new URL(link.href).pathname));
      const cards = await tab.run(() => [...document.querySelectorAll('.card')].map((card) => new URL(card.href).pathname));
      assert.deepEqual(cards, names.slice(1));
      await tab.resize(...PHONE);
      const cut = await tab.run(() =>
        [...document.querySelectorAll('.nav a')]
          .filter((link) => {
            const { left, right, height } = link.getBoundingClientRect();
            return left < 0 || right > innerWidth || height < 24;
          })
          .map((link) => link.textContent),
      );
      assert.deepEqual(cut, []);

      await look(tab, `${browser}-landing`);
      assert.deepEqual(tab.errors, []);

      // A server that is gone makes no network an offline one, and pages are changed without it.
      await stage.server.kill();
      await tab.until('it is said that the server is gone', () => document.querySelector('.live-note').dataset.kind === 'server-gone');
      assert.ok(await tab.run(counted, `You and ${NATIVE} peers`));
      await tab.until('the note over the page has gone', () => !document.querySelector('.toast'));
      await tab.run(scrollTo, '.header');
      await tab.screenshot(`${screenshots}/${browser}-landing-server-gone.png`);
    },
    { site },
  );
}

scene(
  'another page of the site is the same peer',
  async (stage) => {
    const [peer] = await stage.peers(1);
    const tab = await stage.tab('chromium', '');
    await tab.until('the network', counted, 'You and 1 peer');
    const id = await tab.run(() => document.querySelector('.id-chip-digits').title);
    await tab.click('.card[href$="topology.html"]');
    await tab.until('its row', (other) => !!document.querySelector(`.peers-table tr[data-peer="${other}"]`), peer.id);
    assert.equal(await tab.run(() => location.pathname), '/topology.html');
    assert.equal(await tab.run(() => document.querySelector('.id-chip-digits').title), id);
    assert.deepEqual(await peer.peers(), [id]);
    await tab.click('.brand');
    await tab.until('the landing page again', counted, 'You and 1 peer');
    assert.deepEqual(await peer.peers(), [id]);
    assert.deepEqual(tab.errors, []);
  },
  { site },
);
