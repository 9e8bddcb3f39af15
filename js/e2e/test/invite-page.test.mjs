/** An invitation by the Message Inspector, from the link to the newcomer's first messages. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** The pages alone, in the place of a server that is gone: no WebSocket is answered. */
async function pagesOnly(port) {
  const server = createServer(async ({ url }, response) => {
    const path = url === '/' ? '/index.html' : url;
    try {
      const content = await readFile(join(site, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

/** A member's tab in a network whose server is gone, and the pages. */
async function network(stage, browser) {
  const native = await stage.peers(2);
  const member = await stage.tab(browser);
  await member.resize(...DESKTOP);
  await member.open(`${stage.server.url}/inspector.html`);
  await member.until('the network', hasPeers, native.length);
  const { port } = stage.server;
  await stage.server.kill();
  await member.until('the server is gone', () => !document.querySelector('[data-state="server-gone"]').hidden);
  return { native, member, port, pages: await pagesOnly(port) };
}

/** Brings a text to the tab whose dialog waits for one. */
async function bring(tab, text) {
  await tab.run((given) => {
    document.querySelector('.carry-answer').value = given;
  }, text);
  await tab.click('dialog[open] button[type="submit"]');
}

/** The text of a dialog that is open; undefined while none is. */
const carried = () => document.querySelector('dialog[open] .carry-text')?.value;

const hasPeers = (count) => document.querySelectorAll('.peer').length === count;

async function look(tab, name) {
  await mkdir(screenshots, { recursive: true });
  for (const [device, size] of [
    ['phone', PHONE],
    ['desktop', DESKTOP],
  ]) {
    await tab.resize(...size);
    for (const colours of ['dark', 'light']) {
      await tab.colours(colours);
      assert.deepEqual(await violations(tab), [], `${name}, ${device}, ${colours}`);
      await tab.screenshot(`${screenshots}/${name}-${device}-${colours}.png`);
    }
    const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}, ${device}: the page is ${overflow} px too wide`);
  }
}

for (const [inviter, newcomer] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `${inviter} invites ${newcomer} from the Message Inspector, without a server`,
    async (stage) => {
      const { native, member, port, pages } = await network(stage, inviter);
      try {
        // By keyboard alone.
        await member.run(() => document.querySelector('.invite-row button').focus());
        await member.press('Enter');
        const link = await member.until('an invitation', carried);
        assert.ok(link.startsWith(`http://localhost:${port}/inspector.html#invitation=`), link);
        await look(member, `${inviter}-invite`);
        await member.press('Escape');
        await member.until(
          'the dialog is gone, and the focus where it was',
          () => !document.querySelector('dialog[open]') && !!document.activeElement.closest('.invite-row'),
        );
        await member.press('Enter');
        assert.equal(await member.until('the same invitation', carried), link);

        // What is no answer does no harm.
        await bring(member, 'hello');
        await member.until('it is refused', () => document.querySelector('dialog[open] .is-trouble')?.textContent);

        const guest = await stage.tab(newcomer);
        await guest.resize(...DESKTOP);
        await guest.open(link);
        const answer = await guest.until('an answer', carried);
        assert.ok(answer.startsWith(`http://localhost:${port}/inspector.html#answer=`), answer);
        assert.equal(await guest.run(() => location.hash), '', 'a reload does not use the invitation again');
        await bring(member, answer);
        await guest.until('the dialog closes', () => !document.querySelector('dialog[open]'));
        await guest.until('everybody is there', hasPeers, native.length + 1);
        await member.until('the newcomer is there', hasPeers, native.length + 1);
        assert.equal(await member.run(() => !document.querySelector('dialog[open]')), true);
        await guest.click(`.peer[data-peer="${native[1].id}"] button[aria-label^="Ping"]`);
        const trip = (peer) => document.querySelector(`.peer[data-peer="${peer}"] .peer-result`)?.textContent;
        assert.match(await guest.until('a round-trip time', trip, native[1].id), /s$/);

        // The next one's answer is opened as a link, beside the tab that waits for it.
        await member.run(() => document.querySelector('.invite-row button').click());
        const second = await member.until('another invitation', carried);
        assert.notEqual(second, link);
        // An invitation works at whatever page of the site it is opened.
        const other = await stage.tab(newcomer);
        await other.open(second.replace('inspector.html', ''));
        const opened = await stage.tab(inviter);
        const theirs = await other.until('its answer', carried);
        await look(other, `${newcomer}-answer`);
        await opened.open(theirs);
        await opened.until('it says so', () => /gone to your other tab/.test(document.querySelector('.toasts').textContent));
        await other.until(
          'everybody is there',
          (count) => document.querySelector('.header-peers')?.textContent === `${count} peers`,
          native.length + 2,
        );
        for (const tab of [member, guest, other, opened]) {
          assert.deepEqual(tab.errors.filter((error) => error.startsWith('uncaught') && !error.includes('ws://')), []);
        }
      } finally {
        pages.closeAllConnections();
        pages.close();
      }
    },
    { site },
  );
}

scene(
  'a newcomer with Firefox, which does not wait for long, turns an invitation round',
  async (stage) => {
    const { native, member, pages } = await network(stage, 'chromium');
    try {
      await member.run(() => document.querySelector('.invite-row button').click());
      const link = await member.until('an invitation', carried);
      const guest = await stage.tab('firefox');
      await guest.resize(...DESKTOP);
      await guest.open(link);
      await guest.until('an answer', carried);
      await guest.click('dialog[open] .dialog-note button');
      const own = await guest.until('an own invitation', () => {
        const text = document.querySelector('dialog[open] .carry-text')?.value;
        return text?.includes('#invitation=') && text;
      });
      await bring(member, own);
      const answer = await member.until('the answer', () => {
        const text = document.querySelector('dialog[open] .carry-text')?.value;
        return text?.includes('#answer=') && text;
      });
      await bring(guest, answer);
      await guest.until('everybody is there', hasPeers, native.length + 1);
      for (const tab of [member, guest]) {
        await tab.until('the dialogs are gone', () => !document.querySelector('dialog[open]'));
      }
    } finally {
      pages.closeAllConnections();
      pages.close();
    }
  },
  { site },
);
