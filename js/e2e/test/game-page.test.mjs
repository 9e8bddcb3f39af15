/** The game (section 5.2.3): two browsers and a latecomer move one circle. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

/** Members that have gone without a word are missed after some seconds. */
const GONE = 90_000;

/** Where the circle is drawn: the column and row, from 1. */
function circle(tab) {
  return tab.run(() => {
    const [x, y] = document.querySelector('.board-circle').style.transform.match(/[\d.]+/g).map(Number);
    return [x + 0.5, y + 0.5].join();
  });
}

/** Waits until a tab has the circle there. */
function circleAt(tab, place) {
  return until(`${tab.name}: the circle at ${place}`, async () => (await circle(tab)) === place);
}

/** What the list of players says of a dot: the column and row. */
function dot(tab, player) {
  return tab.run((id) => document.querySelector(`.person[data-peer="${id}"] .person-place`)?.textContent ?? '', player);
}

async function press(tab, key, times) {
  for (let count = 0; count < times; count += 1) await tab.press(key);
}

async function enter(tab, address, name) {
  await tab.resize(...DESKTOP);
  await tab.open(address);
  const id = await tab.until('the own id', () => document.querySelector('.person .you')?.closest('.person').dataset.peer);
  await tab.click('input[name="user-name"]');
  // Another tab of this browser may have left a name.
  await tab.run(() => document.querySelector('input[name="user-name"]').select());
  await tab.page.keyboard.type(name);
  await tab.press('Enter');
  await tab.run(() => document.querySelector('.board').focus());
  return id;
}

/** Waits until somebody is in a tab's list of players, by name. */
function sees(tab, id, name) {
  return tab.until(
    `${name} is in the list`,
    (player) => document.querySelector(`.person[data-peer="${player.id}"] .person-name`)?.textContent === player.name,
    { id, name },
  );
}

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `${browser} and ${other} move one circle, and a latecomer sees where it is`,
    async (stage) => {
      await mkdir(screenshots, { recursive: true });
      await stage.peers(3);
      const address = `${stage.server.url}/game.html?room=${browser}`;
      const ours = await stage.tab(browser);
      const theirs = await stage.tab(other);
      const ada = await enter(ours, address, 'Ada');
      const bob = await enter(theirs, address, 'Bob');
      await sees(ours, bob, 'Bob');
      await sees(theirs, ada, 'Ada');
      assert.equal(await circle(ours), '8,8');

      // One moves, and the other sees it, and by whom.
      await press(ours, 'ArrowRight', 3);
      await circleAt(theirs, '11,8');
      await theirs.until('who moved it', () =>
        document.querySelector('.whereabouts').textContent.includes('column 11, row 8, moved by Ada'),
      );
      await press(theirs, 'ArrowDown', 2);
      await circleAt(ours, '11,10');
      // By the pad, and by a tap: on the board's centre, which is to the left.
      await ours.click('button[aria-label="Move up"]');
      await circleAt(theirs, '11,9');
      await ours.click('.board');
      await circleAt(theirs, '10,9');

      // Both at once: whoever has heard all of it sees the same. What is said after it comes after it.
      const dots = [await dot(ours, ada), await dot(theirs, bob)];
      await Promise.all([press(ours, 'ArrowLeft', 6), press(theirs, 'ArrowUp', 6)]);
      // Away from the edge, wherever the dot began.
      const aside = (place) => (Number(place.split(' : ')[0]) > 8 ? 'a' : 'd');
      await ours.press(aside(dots[0]));
      await theirs.press(aside(dots[1]));
      await until('both dots were seen to move', async () => {
        const [seen, seenThere] = [await dot(theirs, ada), await dot(ours, bob)];
        return seen !== dots[0] && seen === (await dot(ours, ada)) && seenThere !== dots[1] && seenThere === (await dot(theirs, bob));
      });
      assert.equal(await circle(ours), await circle(theirs));

      // The switch: now arrows move the own dot, and leave the circle alone.
      const before = await circle(theirs);
      const beforeDot = await dot(theirs, ada);
      await ours.click('.segment:nth-of-type(2)');
      await ours.run(() => document.querySelector('.board').focus());
      await ours.press(Number(beforeDot.split(' : ')[1]) > 8 ? 'ArrowUp' : 'ArrowDown');
      await until('the dot has moved', async () => {
        const now = await dot(theirs, ada);
        return now !== beforeDot && now === (await dot(ours, ada));
      });
      assert.equal(await circle(theirs), before);
      await ours.click('.segment:nth-of-type(1)');

      // Whoever comes later is told.
      const late = await stage.tab(other);
      const eve = await enter(late, address, 'Eve');
      await sees(late, ada, 'Ada');
      await sees(late, bob, 'Bob');
      await sees(ours, eve, 'Eve');
      await circleAt(late, before);
      await until('both dots', async () => (await dot(late, ada)) === (await dot(ours, ada)) && (await dot(late, bob)) === (await dot(theirs, bob)));
      assert.equal(await late.run(() => document.querySelectorAll('.board-dot').length), 3);

      for (const [device, size] of [
        ['desktop', DESKTOP],
        ['phone', PHONE],
      ]) {
        await ours.resize(...size);
        for (const colours of ['light', 'dark']) {
          await ours.colours(colours);
          assert.deepEqual(await violations(ours), [], `${device}, ${colours}`);
          await ours.screenshot(join(screenshots, `${browser}-game-${device}-${colours}.png`));
        }
        const overflow = await ours.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overflow <= 0, `${device}: the page is ${overflow} px too wide`);
      }
      await ours.resize(...DESKTOP);

      // A click within the site leaves the game, not the network; closing the tab leaves both.
      await late.click('.nav a[href*="chat.html"]');
      await ours.until('Eve has gone', (id) => !document.querySelector(`.person[data-peer="${id}"]`), eve, GONE);
      await theirs.close();
      await ours.until(
        'Bob has gone, with his dot',
        (id) => !document.querySelector(`.person[data-peer="${id}"]`) && !document.querySelector(`[data-player="${id}"]`),
        bob,
        GONE,
      );
      assert.deepEqual(ours.errors, []);
      assert.deepEqual(late.errors, []);
    },
    { site },
  );
}
