/** The demo site's pages: where they are, how they are looked at, and what axe-core says of them. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const site = fileURLToPath(new URL('../../apps/dist', import.meta.url));
export const screenshots = fileURLToPath(new URL('../screenshots', import.meta.url));
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const DESKTOP = [1280, 800];
export const PHONE = [390, 844];

/** Serious findings of axe-core, in words. */
export async function violations(tab) {
  const isThere = await tab.run(() => 'axe' in window);
  if (!isThere) await tab.addScript(axe);
  return tab.run(async () => {
    // What is fading in has the contrast of half its colour.
    const ends = (animation) => animation.effect.getComputedTiming().endTime !== Infinity;
    await Promise.all(document.getAnimations().filter(ends).map((animation) => animation.finished.catch(() => {})));
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  });
}

/** Pictures of what a tab shows, in both schemes on both devices, each without a serious finding. */
export async function shoot(tab, name, devices = { desktop: DESKTOP, phone: PHONE }) {
  await mkdir(screenshots, { recursive: true });
  for (const [device, size] of Object.entries(devices)) {
    await tab.resize(...size);
    for (const colours of ['light', 'dark']) {
      await tab.colours(colours);
      assert.deepEqual(await violations(tab), [], `${name}, ${device}, ${colours}`);
      await tab.screenshot(`${screenshots}/${name}-${device}-${colours}.png`);
    }
  }
  await tab.colours('light');
}

/** Waits until the page's node is in the network; gives its id. */
export async function online(tab) {
  await tab.until('it is online', () => document.querySelector('.badge')?.dataset.state === 'online');
  return tab.until('the own id', () => document.querySelector('.id-chip-digits')?.title);
}
