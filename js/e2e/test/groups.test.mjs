/** Groups: ten tabs without a server, and what `node.join()` promises, in both browsers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { scene, TabPeer } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const TABS = 10;
const EACH = 5;

/** Whoever has missed a word about the members hears it with the fourth beat after, at the latest. */
const MEMBERS_KNOWN = 90_000;

/** A tab whose page is a node, and linked; `id` is its own. */
async function roomTab(stage, browser) {
  const tab = await stage.tab(browser, 'room.html');
  tab.id = await tab.run(() => start());
  tab.name = `${browser} ${tab.id.slice(0, 8)}`;
  return tab;
}

/** Tabs that are linked with each other, one after the other. */
async function roomTabs(stage, browsers) {
  const tabs = [];
  for (const browser of browsers) tabs.push(await roomTab(stage, browser));
  await linked(tabs);
  return tabs;
}

function linked(tabs) {
  return until('they are linked', async () => {
    const links = await Promise.all(tabs.map((tab) => tab.run(() => node.peers.length)));
    return links.every((count) => count >= Math.min(tabs.length - 1, 3));
  });
}

const enter = (tab, name, options) => tab.run(({ name, options }) => enter(name, options), { name, options });
const enterAll = (tabs, name, options) => Promise.all(tabs.map((tab) => enter(tab, name, options)));

const publish = (tab, as, payload) => tab.run(({ as, payload }) => groups[as].publish(payload), { as, payload });

/** What a tab has heard in a group: sender and payload. */
const said = (tab, as) => tab.run((as) => heard[as].map(({ from, payload }) => [from, payload]), as);

/** Waits until a tab has heard that payload. */
const hears = (tab, as, payload) =>
  tab.until(`'${payload}' in ${as}`, ({ as, payload }) => heard[as].some((each) => each.payload === payload), { as, payload });

/** Waits until each of the tabs knows that just these are the members. */
async function membersAre(tabs, as) {
  const seen = (tab) => tab.run((as) => ({ size: groups[as].size, members: [...groups[as].members] }), as);
  const wrong = async () => {
    const all = await Promise.all(tabs.map(seen));
    return tabs.flatMap((tab, index) => {
      const { size, members } = all[index];
      const others = tabs.filter((each) => each !== tab).map(({ id }) => id);
      const isRight = size === tabs.length && members.sort().join() === others.sort().join();
      return isRight ? [] : [`${tab.name} knows ${size}: ${members}`];
    });
  };
  try {
    await until(`${tabs.length} members in ${as}`, async () => (await wrong()).length === 0, MEMBERS_KNOWN);
  } catch (error) {
    throw new Error(`${error.message}; ${(await wrong()).join('; ')}`);
  }
}

/** A name whose group belongs to this one of the peers, the first behind its key on the ring: that one is the root. */
function nameRootedAt(root, ids) {
  const ring = [...ids].sort();
  for (let number = 0; ; number += 1) {
    const name = `room ${number}`;
    const key = createHash('sha256').update(`boplish/group\0\0${name}`).digest('hex').slice(0, 40);
    if ((ring.find((id) => id >= key) ?? ring[0]) === root) return name;
  }
}

const otherThan = (browser) => (browser === 'chromium' ? 'firefox' : 'chromium');

scene('ten tabs hear each other once and in order, without a server', async (stage, context) => {
  const browsers = Array.from({ length: TABS }, (_, index) => (index % 2 ? 'firefox' : 'chromium'));
  const tabs = await roomTabs(stage, browsers);
  await enterAll(tabs, 'room');
  await membersAre(tabs, 'room');
  await stage.server.kill();
  await Promise.all(tabs.map((tab) => tab.until('it knows', () => node.server === 'closed')));

  const started = performance.now();
  await Promise.all(
    tabs.map((tab) =>
      tab.run((each) => {
        for (let index = 0; index < each; index += 1) groups.room.publish(index);
      }, EACH),
    ),
  );
  const whole = (TABS - 1) * EACH;
  await Promise.all(tabs.map((tab) => tab.until('all messages', (count) => heard.room.length >= count, whole)));
  context.diagnostic(`all ten heard all within ${((performance.now() - started) / 1000).toFixed(1)} s`);

  // Whatever came twice, or late, has come before these.
  await Promise.all(tabs.map((tab) => publish(tab, 'room', 'end')));
  const ends = (wanted) => heard.room.filter(({ payload }) => payload === 'end').length >= wanted;
  await Promise.all(tabs.map((tab) => tab.until('all ends', ends, TABS - 1)));

  const inOrder = [...Array(EACH).keys(), 'end'];
  for (const tab of tabs) {
    const all = await said(tab, 'room');
    const senders = [...new Set(all.map(([from]) => from))];
    const others = tabs.filter((other) => other !== tab).map(({ id }) => id);
    assert.deepEqual(senders.sort(), others.sort(), `${tab.name} hears the nine others, and not itself`);
    for (const sender of senders) {
      const payloads = all.filter(([from]) => from === sender).map(([, payload]) => payload);
      assert.deepEqual(payloads, inOrder, `${tab.name} from ${sender}`);
    }
    assert.equal(await tab.run(() => heard.room.some(({ isHistory }) => isHistory)), false);
  }
});

for (const browser of ['chromium', 'firefox']) {
  const other = otherThan(browser);

  scene(`a name and a password are one group, with one object, in ${browser}`, async (stage) => {
    const [tab, friend, stranger] = await roomTabs(stage, [browser, other, other]);
    await enterAll([tab, friend, stranger], 'room');
    await enterAll([tab, friend], 'room', { as: 'secret', password: 'käse' });
    await enter(stranger, 'room', { as: 'secret', password: 'wrong' });
    const same = await tab.run(async () => [
      (await node.join('room')) === groups.room,
      (await node.join('room', { password: 'käse' })) === groups.secret,
      groups.room === groups.secret,
      (await Promise.all([node.join('both'), node.join('both')])).every((group, _, [first]) => group === first),
    ]);
    assert.deepEqual(same, [true, true, false, true]);
    await membersAre([tab, friend, stranger], 'room');
    await membersAre([tab, friend], 'secret');
    await membersAre([stranger], 'secret');

    await publish(tab, 'secret', 'to friends');
    await publish(stranger, 'secret', 'to nobody');
    await publish(tab, 'room', 'to all');
    await publish(stranger, 'room', 'from the stranger');
    await publish(friend, 'secret', 'back');
    await Promise.all([hears(tab, 'secret', 'back'), hears(friend, 'secret', 'to friends'), hears(stranger, 'room', 'to all')]);
    await Promise.all([tab, friend].map((each) => hears(each, 'room', 'from the stranger')));
    assert.deepEqual(await said(tab, 'secret'), [[friend.id, 'back']]);
    assert.deepEqual(await said(friend, 'secret'), [[tab.id, 'to friends']]);
    assert.deepEqual(await said(stranger, 'secret'), []);
    assert.deepEqual(await said(stranger, 'room'), [[tab.id, 'to all']]);
  });

  for (const isRoot of [false, true]) {
    const who = isRoot ? 'who comes late and is the root from then on' : 'who comes late';
    scene(`${who} hears what was said before, marked as such, in ${browser}`, async (stage) => {
      const tabs = await roomTabs(stage, [other, other]);
      const [first, second] = tabs;
      const late = await stage.tab(browser, 'room.html');
      const plain = await stage.tab(browser, 'room.html');
      // Who they will be is known before they come.
      for (const tab of [late, plain]) {
        tab.id = await tab.run(async () => {
          window.identity = random(32);
          const id = await start({ identity, bootstrap: null });
          await node.close();
          return id;
        });
      }
      const name = nameRootedAt(isRoot ? late.id : first.id, [first.id, second.id, late.id, plain.id]);

      await enterAll(tabs, name, { as: 'room' });
      await membersAre(tabs, 'room');
      for (const payload of ['a', 'b', 'c']) {
        await publish(first, 'room', payload);
        await hears(second, 'room', payload);
      }

      assert.equal(await late.run(() => start({ identity })), late.id);
      await linked([...tabs, late]);
      await enter(late, name, { as: 'room', history: 2 });
      await hears(late, 'room', 'c');
      await membersAre([...tabs, late], 'room');
      await publish(second, 'room', 'now');
      await hears(late, 'room', 'now');
      assert.deepEqual(await late.run(() => heard.room), [
        { from: first.id, payload: 'b', isHistory: true },
        { from: first.id, payload: 'c', isHistory: true },
        { from: second.id, payload: 'now', isHistory: false },
      ]);

      // Who wants no history hears none.
      assert.equal(await plain.run(() => start({ identity })), plain.id);
      await linked([...tabs, late, plain]);
      await enter(plain, name, { as: 'room' });
      await membersAre([...tabs, late, plain], 'room');
      await publish(first, 'room', 'again');
      await hears(plain, 'room', 'again');
      assert.deepEqual(await said(plain, 'room'), [[first.id, 'again']]);
    });
  }

  scene(`a word to one member reaches that one alone in ${browser}`, async (stage) => {
    const tabs = await roomTabs(stage, [browser, other, other]);
    const [tab, friend, third] = tabs;
    await enterAll(tabs, 'room', { password: 'p' });
    await membersAre(tabs, 'room');
    const bytes = await tab.run(async (to) => {
      await groups.room.send(to, { text: 'for you' });
      await groups.room.send(to, Uint8Array.of(0, 255));
      groups.room.publish('to all');
    }, friend.id).then(() => friend.until('both words', () => directs.room.length === 2 && [...directs.room[1].payload]));
    assert.deepEqual(bytes, [0, 255]);
    assert.deepEqual(await friend.run(() => directs.room[0]), { from: tab.id, payload: { text: 'for you' }, isHistory: false });
    await friend.run((to) => groups.room.send(to, 'back'), tab.id);
    await tab.until('the answer', () => directs.room.length > 0);
    assert.deepEqual(await tab.run(() => directs.room.map(({ payload }) => payload)), ['back']);
    await hears(third, 'room', 'to all');
    assert.deepEqual(await third.run(() => directs.room), []);
    assert.deepEqual(await said(third, 'room'), [[tab.id, 'to all']]);
    assert.deepEqual(await said(friend, 'room'), [[tab.id, 'to all']]);
  });

  scene(`a loop over a group sees its messages, and ends when it is left, in ${browser}`, async (stage) => {
    const tabs = await roomTabs(stage, [browser, other]);
    const [tab, friend] = tabs;
    await enterAll(tabs, 'room');
    await tab.run(() => {
      window.seen = [];
      window.loop = (async () => {
        for await (const { from, payload } of groups.room) seen.push([from, payload]);
        return 'ended';
      })();
      window.broken = (async () => {
        for await (const { payload } of groups.room) return payload;
      })();
    });
    await membersAre(tabs, 'room');
    for (const payload of [1, { deep: ['ü'] }, null]) await publish(friend, 'room', payload);
    await tab.until('three messages', () => seen.length === 3);
    assert.deepEqual(await tab.run(() => seen), [1, { deep: ['ü'] }, null].map((payload) => [friend.id, payload]));
    assert.equal(await tab.run(() => broken), 1);
    await tab.run(() => groups.room.leave());
    assert.equal(await tab.run(() => loop), 'ended');
    await enter(tab, 'room', { as: 'again' });
    await tab.run(() => {
      window.loop = (async () => {
        for await (const _ of groups.again);
        return 'ended';
      })();
    });
    await tab.run(() => node.close());
    assert.equal(await tab.run(() => loop), 'ended', 'closing the node ends it, too');
  });

  scene(`members are right when somebody joins, leaves, reloads or is closed, in ${browser}`, async (stage, context) => {
    const [tab, friend, third] = await roomTabs(stage, [browser, other, browser]);
    const since = async (what, tabs) => {
      const started = performance.now();
      await membersAre(tabs, 'room');
      context.diagnostic(`${what}: known after ${((performance.now() - started) / 1000).toFixed(1)} s`);
    };
    await enter(tab, 'room');
    assert.deepEqual(await tab.run(() => [groups.room.size, groups.room.members]), [1, []]);
    await tab.run(() => {
      window.told = [];
      groups.room.addEventListener('members', ({ members, size }) => told.push({ members, size }));
    });
    await enter(friend, 'room');
    await since('the second', [tab, friend]);
    await enter(third, 'room');
    await since('the third', [tab, friend, third]);
    await third.run(() => groups.room.leave());
    await since('one left', [tab, friend]);
    await enter(third, 'room');
    await since('it is back', [tab, friend, third]);
    const { size, members } = await tab.run(() => told.at(-1));
    assert.deepEqual([size, members.sort()], [3, [friend.id, third.id].sort()], 'the event says the same');

    // A tab of each browser is loaded anew, and comes back as the same peer.
    for (const reloaded of [third, friend]) {
      await reloaded.reload();
      assert.equal(await reloaded.run(() => start()), reloaded.id);
      await linked([tab, friend, third]);
      await enter(reloaded, 'room');
      await since('a reload', [tab, friend, third]);
      const word = `back in ${reloaded.id}`;
      await publish(reloaded, 'room', word);
      for (const each of [tab, friend, third]) if (each !== reloaded) await hears(each, 'room', word);
    }
    await third.close();
    await since('a tab was closed', [tab, friend]);
  });

  scene(`what can't be done in a group has a code in ${browser}`, async (stage) => {
    const tabs = await roomTabs(stage, [browser, other]);
    const [tab, friend] = tabs;
    await enterAll(tabs, 'room');
    await membersAre(tabs, 'room');
    const codes = await tab.run(
      async (friend) => ({
        'too large': await codeOf(() => groups.room.publish(new Uint8Array(60_000))),
        'too large for one': await codeOf(() => groups.room.send(friend, 'x'.repeat(60_000))),
        'no JSON': await codeOf(() => groups.room.publish(undefined)),
        'no id': await codeOf(() => groups.room.send('abc', 1)),
        itself: await codeOf(() => groups.room.send(node.id, 1)),
        'no name': await codeOf(() => node.join('')),
        'no password': await codeOf(() => node.join('room', { password: '' })),
        'half a post': await codeOf(() => node.join('room', { history: 0.5 })),
        'aborted before': await codeOf(() => node.join('other', { signal: AbortSignal.abort() })),
        'aborted while joining': await codeOf(() => {
          const control = new AbortController();
          const joining = node.join('other', { signal: control.signal });
          control.abort();
          return joining;
        }),
      }),
      friend.id,
    );
    assert.deepEqual(codes, {
      'too large': 'BoplishError: too-large',
      'too large for one': 'BoplishError: too-large',
      'no JSON': 'BoplishError: bad-payload',
      'no id': 'BoplishError: bad-peer-id',
      itself: 'BoplishError: to-self',
      'no name': 'BoplishError: bad-option',
      'no password': 'BoplishError: bad-option',
      'half a post': 'BoplishError: bad-option',
      'aborted before': 'BoplishError: aborted',
      'aborted while joining': 'BoplishError: aborted',
    });

    // What was given up can be joined after all, and the longest payload arrives.
    await enterAll(tabs, 'other');
    await membersAre(tabs, 'other');
    await tab.run(() => groups.other.publish(new Uint8Array(48_000).fill(7)));
    await friend.until('it', () => heard.other.length === 1);
    assert.deepEqual(
      await friend.run(() => [heard.other[0].payload.length, heard.other[0].payload.every((byte) => byte === 7)]),
      [48_000, true],
    );

    const left = await tab.run(async (friend) => {
      groups.room.leave();
      return [await codeOf(() => groups.room.publish(1)), await codeOf(() => groups.room.send(friend, 1))];
    }, friend.id);
    assert.deepEqual(left, Array(2).fill('BoplishError: not-joined'));
    await enter(tab, 'room', { as: 'again' });
    const [old, isAnother] = await tab.run(async () => [await codeOf(() => groups.room.publish(1)), groups.again !== groups.room]);
    assert.deepEqual([old, isAnother], ['BoplishError: not-joined', true], 'the object that was left stays so');
    await tab.run(() => node.close());
    assert.equal(await tab.run(() => codeOf(() => groups.again.publish(1))), 'BoplishError: closed');
    assert.equal(await tab.run(() => codeOf(() => node.join('room'))), 'BoplishError: closed');
    assert.deepEqual([...tab.errors, ...friend.errors], []);
  });

  scene(`the small drop-in script has no groups, and says so, in ${browser}`, async (stage) => {
    const { tab } = await TabPeer.start(stage, browser, { identity: 'ephemeral' });
    const error = await tab.run(() => node.join('room').then(() => 'joined', ({ name, code, message }) => ({ name, code, message })));
    assert.deepEqual([error.name, error.code], ['BoplishError', 'unsupported']);
    assert.match(error.message, /boplish\.full\.min\.js/);
  });
}
