/** How smooth the Topology Viewer is with 500 peers and 5,000 links: milliseconds per frame, in both browsers. */
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { openBrowser } from '../lib/browsers.mjs';
import { median } from '../lib/wait.mjs';

const PEERS = 500;
const FRAMES = 120;

const root = fileURLToPath(new URL('../../apps', import.meta.url));
const server = await createServer({ root, configFile: `${root}/vite.config.ts`, server: { port: 0 }, logLevel: 'error' });
await server.listen();
const [base] = server.resolvedUrls.local;

/** Counts what all frame callbacks of the page take, and how far frames are apart. */
const watch = () => {
  const request = window.requestAnimationFrame.bind(window);
  window.spent = [];
  window.requestAnimationFrame = (callback) =>
    request((now) => {
      const start = performance.now();
      callback(now);
      window.spent.push(performance.now() - start);
    });
};

const measure = (tab, frames, act) =>
  tab.run(
    async ({ frames, act }) => {
      const canvas = document.querySelector('.network-canvas');
      window.spent.length = 0;
      const apart = [];
      let before = await new Promise(requestAnimationFrame);
      for (let count = 0; count < frames; count += 1) {
        if (act) canvas.dispatchEvent(new KeyboardEvent('keydown', { key: count % 2 ? 'ArrowLeft' : 'ArrowRight' }));
        const now = await new Promise(requestAnimationFrame);
        apart.push(now - before);
        before = now;
      }
      // The measuring itself has short callbacks.
      const spent = window.spent.filter((time) => time > 0.2);
      return { spent, apart };
    },
    { frames, act },
  );

const words = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${median(values).toFixed(1)} (95 %: ${sorted[Math.floor(sorted.length * 0.95)]?.toFixed(1)})`;
};

for (const name of ['chromium', 'firefox']) {
  const browser = await openBrowser(name);
  try {
    const tab = await browser.newTab();
    await tab.resize(1280, 800);
    await tab.open(`${base}topology.html?fake=large`);
    await tab.run(watch);
    await tab.until('the first links', () => Number.parseInt(document.querySelector('.header-peers')?.textContent, 10) >= 5);
    await tab.run(() => {
      const [, depth, count] = document.querySelectorAll('.topology-controls select');
      depth.value = '99';
      count.value = '500';
      depth.dispatchEvent(new Event('change'));
    });
    const isDone = () => !/asking/.test(document.querySelector('.topology-status').textContent);
    await tab.until('the first answers', isDone);
    await tab.click('.topology-controls .button-primary');
    await tab.until('all peers', (all) => Number(document.querySelector('.tab:nth-child(3) .tab-count').textContent) === all, PEERS);
    await tab.until('all answers', isDone);
    const size = await tab.run(() => document.querySelector('.topology-status').textContent);
    const report = async (what, act) => {
      const { spent, apart } = await measure(tab, FRAMES, act);
      console.log(`${name}, ${size}, ${what}: script ${words(spent)} ms per frame, frames ${words(apart)} ms apart`);
    };
    await tab.click('.segmented button:nth-child(2)');
    await tab.click('.segmented button:nth-child(1)');
    await report('forces at work', false);
    await tab.until('it stands still', () => document.querySelector('.network-canvas').ariaBusy === 'false');
    await report('forces, panned', true);
    await tab.click('.segmented button:nth-child(2)');
    await tab.until('it stands still', () => document.querySelector('.network-canvas').ariaBusy === 'false');
    await report('ring, panned', true);
  } finally {
    await browser.close();
  }
}
await server.close();
