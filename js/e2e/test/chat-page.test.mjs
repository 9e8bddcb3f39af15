/** Chat (section 5.2.4): two browsers and a latecomer talk in rooms. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';

/** Members that have gone without a word are missed after some seconds. */
const GONE = 90_000;

async function write(tab, text) {
  // A click would scroll, and needs a tab in front.
  await tab.run(() => document.querySelector('.composer-field').focus());
  await tab.page.keyboard.type(text);
}

async function say(tab, text) {
  await tab.until('it can send', () => !document.querySelector('.composer button[type="submit"]').disabled);
  await write(tab, text);
  await tab.press('Enter');
  await tab.until('the field is empty', () => document.querySelector('.composer-field').value === '');
}

/** Waits until the text is in the log, and gives who has said it: an id, and whether it is own. */
function heard(tab, text) {
  return tab.until(
    `“${text}” in the log`,
    (wanted) => {
      const body = [...document.querySelectorAll('.log .talk-body')].find(({ textContent }) => textContent === wanted);
      const talk = body?.closest('.talk');
      return talk && { from: talk.dataset.from, isOwn: talk.classList.contains('talk-own') };
    },
    text,
  );
}

/** All texts of the log, each once as it stands there. */
function log(tab) {
  return tab.run(() => [...document.querySelectorAll('.log .talk-body')].map(({ textContent }) => textContent));
}

function title(tab) {
  return tab.run(() => document.querySelector('.panel-conversation h2').textContent);
}

/** Shows a conversation of the list, by its name. */
async function show(tab, name) {
  await tab.until(`${name} in the list`, (wanted) => {
    const row = [...document.querySelectorAll('.conversation')].find(
      (each) => each.querySelector('.conversation-title').textContent === wanted,
    );
    row?.click();
    return row && document.querySelector('.panel-conversation h2').textContent === wanted;
  }, name);
}

/** The number beside a conversation, or nothing. */
function unread(tab, name) {
  return tab.run((wanted) => {
    const row = [...document.querySelectorAll('.conversation')].find(
      (each) => each.querySelector('.conversation-title').textContent === wanted,
    );
    const mark = row?.querySelector('.conversation-unread');
    return mark && !mark.hidden ? mark.firstElementChild.textContent : '';
  }, name);
}

async function enter(tab, address, name) {
  await tab.resize(...DESKTOP);
  await tab.open(address);
  const id = await tab.until('the own id', () => document.querySelector('.person .you')?.closest('.person').dataset.peer);
  await tab.run(() => document.querySelector('input[name="user-name"]').select());
  await tab.page.keyboard.type(name);
  await tab.press('Enter');
  return id;
}

function sees(tab, id, name) {
  return tab.until(
    `${name} is here`,
    (person) => document.querySelector(`.person[data-peer="${person.id}"] .person-name`)?.textContent === person.name,
    { id, name },
  );
}

function isGone(tab, id) {
  return tab.until('somebody has gone', (peer) => !document.querySelector(`.person[data-peer="${peer}"]`), id, GONE);
}

async function shoot(tab, browser, name) {
  for (const [device, size] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ]) {
    await tab.resize(...size);
    for (const colours of ['light', 'dark']) {
      await tab.colours(colours);
      assert.deepEqual(await violations(tab), [], `${name}, ${device}, ${colours}`);
      await tab.screenshot(join(screenshots, `${browser}-${name}-${device}-${colours}.png`));
    }
    const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}, ${device}: the page is ${overflow} px too wide`);
  }
  await tab.resize(...DESKTOP);
}

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `${browser} and ${other} talk in rooms, and a latecomer reads what was said`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      await stage.peers(3);
      const address = `${stage.server.url}/chat.html`;
      const ours = await stage.tab(browser);
      const theirs = await stage.tab(other);
      const ada = await enter(ours, address, 'Ada');
      const bob = await enter(theirs, address, 'Bob');
      assert.equal(await title(ours), 'lobby');
      await sees(ours, bob, 'Bob');
      await sees(theirs, ada, 'Ada');

      // What one says, the other hears, with lines, links, and nothing that runs.
      await say(ours, 'Good morning');
      assert.deepEqual(await heard(theirs, 'Good morning'), { from: ada, isOwn: false });
      assert.deepEqual(await heard(ours, 'Good morning'), { from: ada, isOwn: true });
      const marked = '<b>not bold</b> https://a.example/x. And javascript:alert(1)';
      await say(theirs, marked);
      await heard(ours, marked);
      const links = await ours.run(() =>
        [...document.querySelectorAll('.log .talk-body a')].map(({ href, rel, textContent }) => ({ href, rel, textContent })),
      );
      assert.deepEqual(links, [{ href: 'https://a.example/x', rel: 'noopener noreferrer nofollow', textContent: 'https://a.example/x' }]);
      await write(ours, 'one');
      await ours.page.keyboard.down('Shift');
      await ours.press('Enter');
      await ours.page.keyboard.up('Shift');
      await say(ours, 'two');
      await heard(theirs, 'one\ntwo');
      // The own words don't come back.
      assert.deepEqual(await log(ours), ['Good morning', marked, 'one\ntwo']);

      // A room by its link; what is said in it meanwhile is unread elsewhere.
      await ours.open(`${address}?room=tea`);
      await ours.until('the room', () => document.querySelector('.panel-conversation h2')?.textContent === 'tea');
      // One after the other, so that somebody is always in the lobby, who knows what was said there.
      await show(ours, 'lobby');
      await sees(ours, bob, 'Bob');
      await show(ours, 'tea');
      await theirs.open(`${address}?room=tea`);
      await sees(theirs, ada, 'Ada');
      await sees(ours, bob, 'Bob');
      await show(ours, 'lobby');
      await sees(ours, bob, 'Bob');
      await say(theirs, 'Tea is ready');
      await ours.until('it is unread', () => document.title.startsWith('(1) lobby'));
      assert.equal(await unread(ours, 'tea'), '1');
      assert.equal(await unread(ours, 'lobby'), '');
      await show(ours, 'tea');
      await heard(ours, 'Tea is ready');
      await ours.until('it is read', () => document.title.startsWith('tea'));
      assert.equal(await unread(ours, 'tea'), '');
      assert.equal(await ours.run(() => document.querySelectorAll('.log-new').length), 1);
      assert.match(await ours.run(() => location.search), /room=tea/);

      // Reloading has left everything, each once, also what the others' history brings again.
      await ours.reload();
      await heard(ours, 'Tea is ready');
      await show(ours, 'lobby');
      assert.deepEqual(await heard(ours, 'Good morning'), { from: ada, isOwn: true });
      await sees(ours, bob, 'Bob');
      await say(ours, 'Back again');
      await show(theirs, 'lobby');
      await heard(theirs, 'Back again');
      assert.deepEqual(await log(ours), ['Good morning', marked, 'one\ntwo', 'Back again']);
      assert.deepEqual(await log(theirs), ['Good morning', marked, 'one\ntwo', 'Back again']);

      // To one alone.
      await ours.click(`.person[data-peer="${bob}"] button[aria-label^="Write to"]`);
      await say(ours, 'Between us');
      await theirs.until('it is unread', () => document.title.startsWith('(1) '));
      await show(theirs, 'Ada');
      assert.deepEqual(await heard(theirs, 'Between us'), { from: ada, isOwn: false });
      await say(theirs, 'Of course');
      assert.deepEqual(await heard(ours, 'Of course'), { from: bob, isOwn: false });

      // Too long: what to do is said, and done.
      await show(ours, 'lobby');
      await ours.run(() => {
        const field = document.querySelector('.composer-field');
        field.value = 'x'.repeat(8100);
        field.dispatchEvent(new Event('input', { bubbles: true }));
        field.focus();
      });
      await ours.press('Enter');
      const problem = await ours.until('why not', () => document.querySelector('.composer-problem:not([hidden]) p')?.textContent);
      assert.match(problem, /^100 characters too long\. Shorten it, or send it as a file\.$/);
      await ours.click('.composer-problem button');
      await show(theirs, 'lobby');
      await theirs.until('the file', () => document.querySelector('.log .shared-name')?.textContent === 'message.txt');
      await ours.until('it was sent', () => document.querySelectorAll('.sharing').length === 0);

      await shoot(ours, browser, 'chat');

      // A latecomer reads what was said in the room, and nothing else.
      const late = await stage.tab(other);
      const eve = await enter(late, `${address}?room=lobby`, 'Eve');
      await sees(ours, eve, 'Eve');
      await sees(late, ada, 'Ada');
      for (const text of ['Good morning', marked, 'one\ntwo', 'Back again']) await heard(late, text);
      assert.ok(!(await log(late)).includes('Between us'));
      await say(late, 'Hello all');
      await heard(ours, 'Hello all');
      await heard(theirs, 'Hello all');
      assert.deepEqual(ours.errors, []);
      assert.deepEqual(theirs.errors, []);

      // Who leaves the room, and who closes the tab, are not here any more.
      await late.click('.panel-conversation button[aria-label="Leave lobby"]');
      await late.click('dialog[open] .button-danger');
      await isGone(ours, eve);
      await theirs.close();
      await isGone(ours, bob);
      assert.deepEqual(late.errors, []);
    },
    { site },
  );

  scene(
    `a room with a password is another room for who has another one, in ${browser}`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      await stage.peers(3);
      const address = `${stage.server.url}/chat.html`;
      const ours = await stage.tab(browser);
      const theirs = await stage.tab(other);
      const ada = await enter(ours, address, 'Ada');
      const bob = await enter(theirs, address, 'Bob');
      await sees(ours, bob, 'Bob');

      await ours.click('.rooms-foot .button');
      await ours.click('dialog[open] input[name="room"]');
      await ours.page.keyboard.type('vault');
      await ours.click('dialog[open] input[name="room-password"]');
      await ours.page.keyboard.type('swordfish');
      assert.deepEqual(await violations(ours), [], 'joining');
      await ours.screenshot(join(screenshots, `${browser}-chat-join.png`));
      await ours.press('Enter');
      await ours.until('the room', () => document.querySelector('.panel-conversation h2').textContent === 'vault');
      await say(ours, 'The key is under the mat');

      // The link says that there is a password, and tells it only when asked.
      await ours.click('.panel-conversation .panel-actions .button');
      const link = await ours.until('the link', () => document.querySelector('dialog[open] .carry-text')?.value);
      assert.match(link, /[?&]room=vault&locked$/);
      await ours.click('dialog[open] .share-choice input');
      const telling = await ours.until('the other link', () => {
        const { value } = document.querySelector('dialog[open] .carry-text');
        return value.includes('#') && value;
      });
      assert.match(telling, /locked#password=swordfish$/);
      assert.deepEqual(await violations(ours), [], 'sharing');
      await ours.screenshot(join(screenshots, `${browser}-chat-share.png`));
      await ours.press('Escape');

      // With a wrong password, one is alone.
      await theirs.open(link);
      await theirs.until('the question', () => !!document.querySelector('.standing input[name="room-password"]'));
      assert.deepEqual(await violations(theirs), [], 'the question for the password');
      await theirs.screenshot(join(screenshots, `${other}-chat-locked.png`));
      const answer = async (password) => {
        await theirs.run(() => document.querySelector('.standing input[name="room-password"]').focus());
        await theirs.page.keyboard.type(password);
        await theirs.press('Enter');
      };
      await answer('herring');
      await theirs.until('another room', () => document.querySelector('.standing').textContent.includes('Nobody else is here now.'));
      assert.deepEqual(await log(theirs), []);
      await theirs.click('.panel-conversation button[aria-label="Leave vault"]');
      await theirs.click('dialog[open] .button-danger');

      // With the right one, one reads what was said.
      await theirs.open(link);
      await theirs.until('the question', () => !!document.querySelector('.standing input[name="room-password"]'));
      await answer('swordfish');
      await heard(theirs, 'The key is under the mat');
      await sees(theirs, ada, 'Ada');
      await sees(ours, bob, 'Bob');
      await say(theirs, 'Found it');
      await heard(ours, 'Found it');

      // It was kept, and the password does not show in the address.
      await theirs.reload();
      await heard(theirs, 'Found it');
      await sees(theirs, ada, 'Ada');
      assert.ok(!(await theirs.run(() => location.href)).includes('swordfish'));
      assert.deepEqual(ours.errors, []);
      assert.deepEqual(theirs.errors, []);
    },
    { site },
  );

  scene(
    `a picture from ${browser} is seen in ${other}`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      await stage.peers(3);
      const address = `${stage.server.url}/chat.html?room=pictures`;
      const ours = await stage.tab(browser);
      const theirs = await stage.tab(other);
      const ada = await enter(ours, address, 'Ada');
      const bob = await enter(theirs, address, 'Bob');
      await sees(ours, bob, 'Bob');
      await sees(theirs, ada, 'Ada');
      await ours.run(async () => {
        const canvas = new OffscreenCanvas(640, 400);
        const context = canvas.getContext('2d');
        const sky = context.createLinearGradient(0, 0, 0, 400);
        sky.addColorStop(0, 'hsl(200 70% 40%)');
        sky.addColorStop(1, 'hsl(240 80% 75%)');
        context.fillStyle = sky;
        context.fillRect(0, 0, 640, 400);
        const picture = new File([await canvas.convertToBlob({ type: 'image/png' })], 'noon.png', { type: 'image/png' });
        const track = new File([crypto.getRandomValues(new Uint8Array(50_000))], 'track.gpx');
        const chosen = new DataTransfer();
        for (const file of [picture, track]) chosen.items.add(file);
        const input = document.querySelector('.composer input[type="file"]');
        input.files = chosen.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
      });
      const isShown = () => document.querySelector('.log .shared-picture img[alt="noon.png"]')?.naturalWidth === 640;
      await theirs.until('the picture', isShown);
      await ours.until('the own picture', isShown);
      await theirs.until('the file', () =>
        [...document.querySelectorAll('.log .shared-file')].some(({ textContent }) => /track\.gpx.*50 kB/.test(textContent)),
      );
      await ours.until('all is sent', () => document.querySelectorAll('.sharing').length === 0);
      await shoot(theirs, other, 'chat-picture');

      // It is a link to the page that browses; coming back, all is as it was.
      await theirs.run(() => document.querySelector('.log .shared-picture').click());
      await theirs.until('the file alone', () => document.querySelector('.file-picture')?.naturalWidth === 640);
      await theirs.run(() => history.back());
      await theirs.until('the picture again', isShown);
      await sees(theirs, ada, 'Ada');
      const errors = [...ours.errors, ...theirs.errors];
      assert.deepEqual(errors.filter((error) => !error.includes('A ServiceWorker intercepted the request')), []);
    },
    { site },
  );
}
