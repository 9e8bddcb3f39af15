/**
 * Every page of the site, as the navigation lists them: it fits every screen, can be used without a
 * mouse and by those who do not see it, and its header says who one is.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { isInView, tooWide, unreachable } from '../lib/page-checks.mjs';
import { DESKTOP, online, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

/** CSS pixels: the narrowest phones, usual ones, and a laptop. */
const WIDTHS = [320, 390, 1280];

const devices = { desktop: DESKTOP, phone: PHONE };

for (const browser of ['chromium', 'firefox']) {
  scene(
    `every page of the site fits, is accessible, and says who one is in ${browser}`,
    async (stage, test) => {
      await mkdir(screenshots, { recursive: true });
      const native = await stage.peers(2);
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/`);
      await online(tab);
      const pages = await tab.run(() =>
        [...document.querySelectorAll('.nav a')].map((link) => ({
          name: link.textContent,
          address: link.href,
          isOfSite: link.hasAttribute('data-page'),
        })),
      );
      assert.ok(pages.filter(({ isOfSite }) => isOfSite).length >= 2, 'there are pages in the navigation');

      for (const { name, address, isOfSite } of pages) {
        await test.test(name, async () => {
          const file = `${browser}-site-${name.toLowerCase().replaceAll(/\W+/g, '-')}`;
          await tab.resize(...DESKTOP);
          await tab.colours('light');
          await tab.open(address);
          if (isOfSite) await showsWhoOneIs(tab, native);
          assert.ok(await tab.run(() => document.title !== '' && document.querySelectorAll('h1').length === 1), 'a title');

          for (const width of WIDTHS) {
            await tab.resize(width, 800);
            for (const part of await parts(tab)) {
              await show(tab, part);
              assert.deepEqual(await tooWide(tab), [], part);
            }
            if (!isOfSite) continue;
            for (const selector of ['.id-chip', '.badge', '.header-peers']) {
              assert.ok(await isInView(tab, selector), `${selector} is in view at ${width} px`);
            }
          }

          for (const [device, size] of Object.entries(devices)) {
            await tab.resize(...size);
            for (const part of await parts(tab)) {
              await show(tab, part);
              for (const colours of ['light', 'dark']) {
                await tab.colours(colours);
                assert.deepEqual(await violations(tab), [], `${device} ${part}, ${colours}`);
                const shot = [file, device, part.toLowerCase(), colours].filter(Boolean).join('-');
                await tab.screenshot(`${screenshots}/${shot}.png`);
              }
              assert.deepEqual(await unreachable(tab), [], `${device} ${part}, with Tab`);
            }
          }
          assert.deepEqual(tab.errors, []);
        });
      }
    },
    { site, timeout: 900_000 },
  );
}

/** The header has the id by which the others know this peer, its state, and how many it is linked to. */
async function showsWhoOneIs(tab, native) {
  const id = await online(tab);
  await until('the others know this id', async () =>
    (await Promise.all(native.map((peer) => peer.peers()))).every((peers) => peers.includes(id)),
  );
  assert.equal(await tab.run(() => document.querySelector('.id-chip-digits').textContent), id.slice(0, 8));
  await tab.until('it says over how many links messages come', () =>
    /^[1-9]\.\d hops per message, on average$/.test(document.querySelector('.header-hops').textContent),
  );
  await tab.click('.id-chip-digits');
  const shown = await tab.until('the whole id, and a QR code', () => {
    const dialog = document.querySelector('.id-chip dialog[open]');
    return dialog?.querySelector('.qr') && dialog.querySelector('.id-whole').textContent;
  });
  assert.equal(shown, id);
  await tab.screenshot(`${screenshots}/own-id-${tab.name.split(' ')[0]}.png`);
  await tab.click('.id-chip dialog [aria-label="Close"]');
  await tab.until('it counts them', () => Number.parseInt(document.querySelector('.header-peers').textContent) >= 2);
  assert.equal(await tab.run(() => document.querySelectorAll('.nav [aria-current="page"]').length), 1);
  await tab.until('the page itself', () => document.querySelector('main').childElementCount > 0);
}

/** On a phone, the parts of a page are tabs; elsewhere it is one. */
async function parts(tab) {
  // The page learns of its new width in the next frame.
  await tab.run(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const names = await tab.run(() =>
    [...document.querySelectorAll('main > * > .tabs:not([hidden]) > [role="tab"]')].map((each) => each.firstChild.textContent),
  );
  return names.length === 0 ? [''] : names;
}

async function show(tab, part) {
  await tab.run(() => document.activeElement?.blur());
  if (part === '') return;
  await tab.run((name) => {
    [...document.querySelectorAll('main > * > .tabs > [role="tab"]')].find((each) => each.firstChild.textContent === name).click();
  }, part);
}
