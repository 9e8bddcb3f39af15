/** The Message Inspector (section 5.2.1), as visitors use it. */
import assert from 'node:assert/strict';
import { tooWide } from '../lib/page-checks.mjs';
import { DESKTOP, online, PHONE, shoot, site, violations } from '../lib/pages.mjs';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const ROUND_TRIP = /^[<\d.,]+\s*(ms|s|µs)$/;

for (const browser of ['chromium', 'firefox']) {
  scene(
    `the Message Inspector shows peers, round trips and messages in ${browser}`,
    async (stage) => {
      const native = await stage.peers(3);
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/inspector.html`);
      for (const { id } of native) {
        await tab.until(`peer ${id}`, (peer) => !!document.querySelector(`.peer[data-peer="${peer}"]`), id);
      }
      const own = await online(tab);

      const [{ id }] = native;
      await tab.click(`.peer[data-peer="${id}"] button[aria-label^="Ping"]`);
      const shown = await tab.until(
        'a round-trip time',
        (peer) => document.querySelector(`.peer[data-peer="${peer}"] .peer-result`)?.textContent,
        id,
      );
      assert.match(shown, ROUND_TRIP);
      for (const direction of ['incoming', 'outgoing']) {
        await tab.until(
          `an ${direction} ping message`,
          (wanted) =>
            [...document.querySelectorAll(`.message[data-direction="${wanted}"]`)].some((row) =>
              row.textContent.includes('ping-protocol'),
            ),
          direction,
        );
      }

      // What a native peer sends appears as it comes, and is the newest.
      await native[0].send(own, 'chat', { text: 'for the inspector' });
      await tab.until('the message', () =>
        [...document.querySelectorAll('.message')].some((row) => row.textContent.includes('chat')),
      );

      // A click shows the content.
      const number = await tab.run(
        () => [...document.querySelectorAll('.message')].find((row) => row.textContent.includes('chat')).dataset.number,
      );
      // Messages that come meanwhile move it away from under the pointer.
      await until('its content', async () => {
        await tab.click(`.message[data-number="${number}"]`);
        return tab.run(() =>
          document.querySelector('[data-property="payload"]')?.textContent.includes('for the inspector'),
        );
      });
      const properties = await tab.run(() => [...document.querySelectorAll('.properties dt')].map((term) => term.textContent));
      assert.deepEqual(properties, ['type', 'from', 'to', 'payload']);
      assert.ok((await tab.run(() => document.querySelector('[data-property="from"]').textContent)).includes(id));

      // So does the keyboard alone.
      await tab.run(() => document.querySelector('.message[tabindex="0"]').focus());
      const before = await tab.run(() => document.activeElement.dataset.number);
      await tab.press('End');
      await tab.until('the focus moves', (from) => document.activeElement.dataset.number !== from, before);
      await tab.press('Enter');
      await tab.until(
        'the focused message is the one shown',
        () => document.activeElement.getAttribute('aria-selected') === 'true',
      );
      assert.ok(!(await tab.run(() => document.querySelector('[data-property="payload"]').textContent.includes('for the inspector'))));

      // Bopcast registration, as in figure 4.2.
      await tab.click(`.peer[data-peer="${id}"] button[aria-label^="Register"]`);
      await native[0].event('its group has the tab', ({ event, members }) => event === 'group' && members.includes(own));
      await tab.until('the group is shown', () => document.querySelectorAll('.member').length === 2);

      await tab.resize(...PHONE);
      // On the phone, the columns are tabs.
      const isShown = (name) => document.querySelector(`.panel-${name}`).getBoundingClientRect().width > 0;
      assert.ok(await tab.run(isShown, 'peers'));
      await tab.click('[role="tab"]:nth-child(2)');
      await tab.until('the messages', isShown, 'messages');
      assert.ok(!(await tab.run(isShown, 'peers')));
      assert.deepEqual(await violations(tab), [], 'phone, messages');
      await tab.run(() => document.querySelector('.message[data-direction="outgoing"]').click());
      await tab.until('the content', isShown, 'content');
      assert.deepEqual(await violations(tab), [], 'phone, content');
      await tab.click('.panel-content .only-narrow');
      await tab.until('the messages again', isShown, 'messages');
      assert.deepEqual(tab.errors, []);
    },
    { site },
  );
}

/** The messages in the list, as protocols. */
const listed = () => [...document.querySelectorAll('.message .message-type')].map((type) => type.textContent);
const chips = () => [...document.querySelectorAll('.filter-chip')].map((chip) => chip.title);
const openMessage = (text) => {
  const row = [...document.querySelectorAll('.message')].find((each) => each.textContent.includes(text));
  row?.click();
  return !!row;
};
const choose = ({ name, value }) => {
  const select = document.querySelector(`select[aria-label="Only messages of a ${name}"]`);
  select.focus();
  select.value = value;
  const isOffered = select.value === value;
  select.dispatchEvent(new Event('change'));
  return isOffered;
};

for (const [browser, other] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(
    `the Message Inspector filters, pauses, searches and exports in ${browser}, and its link does in ${other}`,
    async (stage) => {
      const [alice, bob] = await stage.peers(2);
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/inspector.html`);
      const own = await online(tab);
      // What comes over the other's link would be that one's, too.
      for (const peer of [alice, bob]) {
        await until('a link from both ends', async () => (await peer.peers()).includes(own));
      }
      await alice.send(own, 'chat', { type: 'say', text: 'A needle', lines: ['one', 'two'] });
      await alice.send(own, 'notes', { text: 'hay' });
      await bob.send(own, 'chat', { type: 'say', text: 'more hay' });

      // Combined filters: a protocol, then a peer.
      await tab.until('the protocol is offered', choose, { name: 'protocol', value: 'chat' });
      await tab.until('both of chat', () => document.querySelectorAll('.message').length === 2);
      assert.deepEqual(await tab.run(listed), ['chat', 'chat']);
      await tab.until('the peer is offered', choose, { name: 'peer', value: alice.id });
      await tab.until('one message', () => document.querySelectorAll('.message').length === 1);
      assert.deepEqual(await tab.run(chips), ['chat', alice.id]);
      // What the tab passes on to the other browser is not to be among them.
      await tab.click('.legend-item:nth-child(2)');
      await tab.click('.legend-item:nth-child(3)');
      await tab.until('a chip for the direction', () => document.querySelector('.filter-chip')?.title === 'Incoming');
      const address = await tab.until('the address', () => /direction=incoming(?!&direction)/.test(location.search) && location.href);
      assert.ok(address.includes('protocol=chat') && address.includes(`peer=${alice.id}`), address);
      assert.ok(!/outgoing|forwarded/.test(address), address);

      // The link carries them to another browser, whose messages are others.
      const reader = await stage.tab(other, `inspector.html${new URL(address).search}`);
      const readerId = await online(reader);
      for (const peer of [alice, bob]) {
        await until('a link from both ends', async () => (await peer.peers()).includes(readerId));
      }
      assert.deepEqual(await reader.run(chips), ['Incoming', 'chat', alice.id]);
      await bob.send(readerId, 'chat', { text: 'not shown there' });
      await alice.send(readerId, 'chat', { text: 'shown there' });
      await reader.until('the message of the link', () => document.querySelectorAll('.message').length === 1);
      await reader.run(openMessage, 'chat');
      await reader.until('its payload', () => document.querySelector('.payload')?.textContent.includes('shown there'));
      assert.ok(!(await reader.run(() => document.querySelector('.payload').textContent.includes('not shown'))));
      assert.deepEqual(reader.errors, []);

      // JSON as a tree that folds, from the keyboard; and the way that it took.
      assert.ok(await tab.run(openMessage, 'chat'));
      await tab.until('its tree', () => document.querySelector('.tree')?.textContent.includes('"A needle"'));
      await tab.run(() => document.querySelector('.tree-children summary').focus());
      await tab.press('Enter');
      await tab.until('the list is folded', () => !document.querySelector('.tree-children details').open);
      await tab.press('Enter');
      await tab.until('and unfolded', () => document.querySelector('.tree-children details').open);
      const stops = await tab.run(() => [...document.querySelectorAll('.route-stop')].map((stop) => stop.textContent));
      assert.equal(stops[0], `${alice.id.slice(0, 8)}sender`);
      assert.equal(stops.at(-1), `${own.slice(0, 8)}you`);
      await shoot(tab, `${browser}-inspector-filters`, { desktop: DESKTOP });
      await tab.resize(...PHONE);
      await tab.click('[role="tab"]:nth-child(2)');
      await shoot(tab, `${browser}-inspector-messages`, { phone: PHONE });
      await tab.resize(320, 640);
      assert.deepEqual(await tooWide(tab), []);
      await tab.click('[role="tab"]:nth-child(3)');
      await shoot(tab, `${browser}-inspector-content`, { phone: PHONE });
      await tab.resize(...DESKTOP);

      // A chip is removed from the keyboard, and the focus stays among them.
      await tab.until('the chip has the focus', () => {
        const chip = document.querySelector('.filter-chip[data-kind="peer"]');
        chip.focus();
        return document.activeElement === chip;
      });
      await tab.press('Enter');
      await tab.until('it is gone', () => !document.querySelector('.filter-chip[data-kind="peer"]'));
      assert.equal(await tab.run(() => document.activeElement.dataset.kind), 'protocol');
      await tab.until('both messages', () => document.querySelectorAll('.message').length === 2);

      // A pause counts what comes, and shows it afterwards.
      await tab.click('[data-paused="false"]');
      for (let count = 0; count < 3; count += 1) await bob.send(own, 'chat', { text: `while paused ${count}` });
      const waiting = await tab.until('what waits', () => {
        const count = Number(document.querySelector('[data-paused]').textContent.match(/\((\d+) new\)/)?.[1] ?? 0);
        return count >= 3 && count;
      });
      assert.ok(waiting >= 3);
      assert.equal(await tab.run(() => document.querySelectorAll('.message').length), 2);
      await tab.click('[data-paused="true"]');
      await tab.until('what has waited', () => document.querySelectorAll('.message').length === 5);

      // A search, typed, and bytes in hex.
      await alice.ask({ cmd: 'send', to: own, protocol: 'chat', bytes: Buffer.from('\0needle\xff', 'latin1').toString('base64') });
      await tab.until('the bytes', () => document.querySelectorAll('.message').length === 6);
      await tab.run(() => document.querySelector('.filter-search').focus());
      await tab.page.keyboard.type('NEEDLE');
      await tab.until('what is found', () => document.querySelectorAll('.message').length === 2);
      await tab.run(openMessage, 'chat');
      const dump = await tab.until('the dump', () => document.querySelector('.hex')?.textContent);
      assert.equal(dump.trim(), '0000  00 6e 65 65 64 6c 65 ff  .needle.');
      assert.match(await tab.run(() => document.querySelector('.filter-result').textContent), /^2 of \d+ messages$/);
      await shoot(tab, `${browser}-inspector-hex`, { desktop: DESKTOP });

      // The export is what is shown.
      const file = await tab.run(async () => {
        const saved = new Promise((resolve) => {
          HTMLAnchorElement.prototype.click = function () {
            resolve({ name: this.download, address: this.href });
          };
        });
        [...document.querySelectorAll('.panel-messages button')].find((button) => button.textContent === 'Export').click();
        const { name, address } = await saved;
        delete HTMLAnchorElement.prototype.click;
        return { name, text: await (await fetch(address)).text() };
      });
      assert.match(file.name, /^boplish-messages-[\dT-]+\.json$/);
      const { peer, filter, messages } = JSON.parse(file.text);
      assert.equal(peer, own);
      assert.equal(filter.text, 'NEEDLE');
      assert.deepEqual(
        messages.map(({ direction, from, to, type }) => [direction, from, to, type]),
        [
          ['incoming', alice.id, own, 'chat'],
          ['incoming', alice.id, own, 'chat'],
        ],
      );
      assert.equal(messages[0].payload.text, 'A needle');

      // From a message to those of its peer; and all filters away.
      await tab.click('.filter-clear');
      await tab.until('no filter', () => !location.search && !document.querySelector('.filter-chip'));
      await tab.click(`[data-property="from"] button`);
      await tab.until('the peer', (id) => document.querySelector('.filter-chip')?.title === id, alice.id);
      assert.deepEqual(tab.errors, []);
    },
    { site },
  );

  scene(
    `the Message Inspector stays quick with thousands of messages in ${browser}`,
    async (stage) => {
      const native = await stage.peer();
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/inspector.html?protocol=flood`);
      const own = await online(tab);
      for (let round = 0; round < 30; round += 1) {
        await Promise.all(Array.from({ length: 100 }, (_, each) => native.send(own, 'flood', { number: round * 100 + each })));
      }
      await tab.until('all of them', () => document.querySelector('.filter-result').textContent.startsWith('3,000 of'));
      await tab.run(() => document.querySelector('.message').focus());
      await tab.press('End');
      await tab.until('the oldest is focused', () => document.activeElement.getAttribute('aria-posinset') === '3000');
      assert.ok((await tab.run(() => document.querySelectorAll('.message').length)) < 100, 'only rows in view are there');
      // The time that the page's own work takes for a frame in which a message comes.
      const spent = await tab.run(async () => {
        const search = document.querySelector('.filter-search');
        const began = performance.now();
        search.value = '2999';
        search.dispatchEvent(new Event('input'));
        while (document.querySelectorAll('.message').length !== 1) await new Promise(requestAnimationFrame);
        return performance.now() - began;
      });
      assert.ok(spent < 5_000, `a search in 3,000 messages took ${spent} ms`);
      assert.deepEqual(tab.errors, []);
    },
    { site },
  );
}

for (const browser of ['chromium', 'firefox']) {
  scene(
    `the Message Inspector bears what strangers send in ${browser}`,
    async (stage) => {
      const tab = await stage.tab(browser);
      await tab.resize(...DESKTOP);
      await tab.open(`${stage.server.url}/inspector.html?protocol=strange`);
      const own = await tab.until('the own id', () => document.querySelector('.id-chip-digits')?.title);
      const stranger = await stage.tab(browser, 'drop-in.html');
      await stranger.until('it is linked', (id) => bopclient.getConnectedPeers().includes(id), own);
      const send = async (make) => {
        const before = await tab.run(() => document.querySelectorAll('.message').length);
        await stranger.run(`bopclient.send('${own}', 'strange', (${make})())`);
        await tab.until('the message', (count) => document.querySelectorAll('.message').length > count, before);
        await tab.run(() => document.querySelector('.message').click());
      };
      const view = (name) => tab.run((wanted) => {
        [...document.querySelectorAll('.payload-views button')].find((button) => button.textContent === wanted).click();
        return document.querySelector('.payload-body').textContent;
      }, name);

      // Many items come by the hundred, and a long text is cut.
      await send(() => ({ list: Array.from({ length: 250 }, (_, index) => index), text: 'x'.repeat(5000) }));
      await tab.run(() => document.querySelector('.tree-children summary').click());
      const items = () => tab.run(() => document.querySelectorAll('.tree-children .tree-children > li').length);
      await until('the first hundred', async () => (await items()) === 101);
      await tab.run(() => document.querySelector('.tree-children .tree-children > li > .button').click());
      assert.equal(await items(), 201);
      await tab.run(() => document.querySelector('.tree-all').click());
      assert.ok((await tab.run(() => document.querySelector('.tree').textContent)).includes('x'.repeat(5000)));

      // Markup is text, deep nesting is folded, and bytes that are called bytes are JSON.
      await send(() => ({ type: '<img src=x onerror="document.title = 1">', html: '<b>bold</b>' }));
      assert.equal(await tab.run(() => document.querySelectorAll('main img, main b').length), 0);
      await send(() => {
        let deep = 'core';
        for (let level = 0; level < 2000; level += 1) deep = { deep };
        return deep;
      });
      for (const name of ['JSON', 'Text', 'Hex']) assert.ok((await view(name)).length > 0, name);
      await view('JSON');
      await send(() => ({ bytes: 'not base64', length: 3 }));
      assert.match(await view('JSON'), /"not base64"/);
      await send(() => ({ __proto__: null, constructor: 1, toString: 2, type: { type: 'x' } }));
      assert.match(await view('JSON'), /"constructor": 1/);
      assert.deepEqual(await violations(tab), []);
      assert.deepEqual(tab.errors, []);
    },
    { site },
  );
}
