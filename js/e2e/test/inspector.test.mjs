/** The Message Inspector (section 5.2.1), as visitors use it. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { DESKTOP, PHONE, screenshots, site, violations } from '../lib/pages.mjs';
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
      await tab.until('it is online', () => document.querySelector('.badge')?.dataset.state === 'online');

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
      const own = await tab.until('the own id', () => {
        const text = document.querySelector('.header')?.innerHTML.match(/[0-9a-f]{40}/);
        return text?.[0];
      });
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

      await mkdir(screenshots, { recursive: true });
      for (const [device, size] of [
        ['desktop', DESKTOP],
        ['phone', PHONE],
      ]) {
        await tab.resize(...size);
        for (const colours of ['light', 'dark']) {
          await tab.colours(colours);
          assert.deepEqual(await violations(tab), [], `${device}, ${colours}`);
          await tab.screenshot(`${screenshots}/${browser}-${device}-${colours}.png`);
        }
        const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overflow <= 0, `${device}: the page is ${overflow} px too wide`);
      }

      // On the phone, the columns are tabs.
      const isShown = (name) => document.querySelector(`.panel-${name}`).getBoundingClientRect().width > 0;
      assert.ok(await tab.run(isShown, 'peers'));
      await tab.click('[role="tab"]:nth-child(2)');
      await tab.until('the messages', isShown, 'messages');
      assert.ok(!(await tab.run(isShown, 'peers')));
      assert.deepEqual(await violations(tab), [], 'phone, messages');
      await tab.screenshot(`${screenshots}/${browser}-phone-messages.png`);
      await tab.run(() => document.querySelector('.message[data-direction="outgoing"]').click());
      await tab.until('the content', isShown, 'content');
      assert.deepEqual(await violations(tab), [], 'phone, content');
      await tab.screenshot(`${screenshots}/${browser}-phone-content.png`);
      await tab.click('.panel-content .only-narrow');
      await tab.until('the messages again', isShown, 'messages');
      assert.deepEqual(tab.errors, []);
    },
    { site },
  );
}
