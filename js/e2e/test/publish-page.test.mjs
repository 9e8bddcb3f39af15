/** The page that publishes and browses, as visitors use it, among the native peers of the demo. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESKTOP, PHONE, screenshots, violations } from '../lib/pages.mjs';
import { demoScene } from '../lib/scene.mjs';

const NATIVE = 8;

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  demoScene(`${browser} publishes an album, leaves, and ${other} looks at it`, NATIVE, async (stage) => {
    await mkdir(screenshots, { recursive: true });
    const shoot = async (tab, name) => {
      for (const scheme of ['light', 'dark']) {
        await tab.colours(scheme);
        assert.deepEqual(await violations(tab), []);
        await tab.screenshot(join(screenshots, `${browser}-${name}-${scheme}.png`));
      }
    };
    const tab = await stage.tab(browser);
    await tab.resize(...DESKTOP);
    await tab.open(`${stage.server.url}/publish.html`);
    await tab.until('it is online', () => document.querySelector('.badge')?.dataset.state === 'online');

    await tab.run(async () => {
      const picture = async (name, hue) => {
        const canvas = new OffscreenCanvas(640, 400);
        const context = canvas.getContext('2d');
        const sky = context.createLinearGradient(0, 0, 0, 400);
        sky.addColorStop(0, `hsl(${hue} 70% 40%)`);
        sky.addColorStop(1, `hsl(${hue + 40} 80% 75%)`);
        context.fillStyle = sky;
        context.fillRect(0, 0, 640, 400);
        context.fillStyle = `hsl(${hue + 90} 40% 25%)`;
        context.beginPath();
        context.moveTo(0, 400);
        context.lineTo(240, 140);
        context.lineTo(480, 400);
        context.fill();
        return new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type: 'image/png' });
      };
      const files = [
        await picture('dawn.png', 10),
        await picture('noon.png', 200),
        await picture('dusk.png', 280),
        new File(['The way up took three hours.\n'], 'notes.txt', { type: 'text/plain' }),
        new File([crypto.getRandomValues(new Uint8Array(50_000))], 'track.gpx'),
      ];
      const chosen = new DataTransfer();
      for (const file of files) {
        Object.defineProperty(file, 'webkitRelativePath', { value: `mountain/${file.name}` });
        chosen.items.add(file);
      }
      const input = document.querySelector('.drop input[type="file"]');
      input.files = chosen.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await tab.until('the form', () => !!document.querySelector('.order .field'));
    await tab.run(() => {
      const field = document.querySelector('.order .field');
      field.value = 'mountain';
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await tab.click('.order button[type="submit"]');
    const name = await tab.until('the name', () => document.querySelector('.published .bop-name')?.textContent);
    assert.match(name, /^bop:[0-9a-f]{40}:content\/mountain$/);
    await tab.until('who holds copies', () => /copies|peers/.test(document.querySelector('.published .holders')?.textContent));
    await tab.until('the own list', () => document.querySelectorAll('.panel-own .entry').length === 1);
    await shoot(tab, 'publish-done');
    assert.deepEqual(tab.errors, []);
    await tab.close();

    // The link that was shown, in the other browser, after the publisher has left.
    const reader = await stage.tab(other);
    await reader.resize(...DESKTOP);
    await reader.open(`${stage.server.url}/publish.html#${name}`);
    await reader.until('the pictures', () => {
      const pictures = [...document.querySelectorAll('.tile img')];
      return pictures.length === 3 && pictures.every((picture) => picture.complete && picture.naturalWidth === 640);
    });
    await shoot(reader, 'browse-album');
    await reader.resize(...PHONE);
    await shoot(reader, 'browse-album-phone');
    await reader.resize(...DESKTOP);
    await reader.run(() => [...document.querySelectorAll('.tile-link')].find(({ title }) => title === 'dusk.png').click());
    await reader.until('the picture in place', () => document.querySelector('.file-picture')?.naturalWidth === 640);
    await shoot(reader, 'browse-picture');
    await reader.run(() => history.back());
    await reader.until('the folder again', () => !!document.querySelector('.entry-name'));
    await reader.run(() => [...document.querySelectorAll('.entry-name')].find((link) => link.textContent === 'notes.txt').click());
    await reader.until('the text in place', () => document.querySelector('.file')?.textContent.includes('three hours'));

    // The publisher comes back, and takes it out of its name.
    const back = await stage.tab(browser);
    await back.open(`${stage.server.url}/publish.html`);
    await back.until('the own list', () => document.querySelector('.panel-own .entry-name')?.textContent === 'mountain');
    await back.click('.panel-own button[aria-label="Unpublish mountain"]');
    await back.click('dialog[open] .button-danger');
    await back.until('an empty list', () => document.querySelectorAll('.panel-own .entry').length === 0);
    assert.deepEqual(back.errors, []);
    await reader.until('that it has gone', async () => {
      document.querySelector('.panel-browse button[aria-label="Load again"]')?.click();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return document.querySelector('.panel-browse .trouble')?.textContent;
    });
    assert.deepEqual(
      reader.errors.filter((error) => !error.includes('A ServiceWorker intercepted the request')),
      [],
    );
  });
}
