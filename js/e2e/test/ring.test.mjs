/** Tabs of three browsers and twenty native peers in one ring, in which most have no link to each other. */
import assert from 'node:assert/strict';
import { scene, TabPeer } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const NATIVE = 20;
/** The least that the server takes. */
const BUDGET = 12;
/** A newcomer's first link may come on top. */
const MOST_LINKS = BUDGET + 1;
/** So many that hardly ever all of their fifteen pairs happen to be linked: half of all pairs are. */
const TABS = ['chromium', 'chromium 2', 'firefox', 'chromium', 'chromium 2', 'firefox'];

/** The drop-in script notes no ways. */
const PAGE = 'node.html?boplish/boplish.full.min.js';

/** Two tabs without a link to each other. */
async function apart(tabs) {
  for (const from of tabs) {
    const links = await from.peers();
    const to = tabs.find((other) => other !== from && !links.includes(other.id));
    if (to) return [from, to];
  }
  return undefined;
}

/** Sends from tab to tab until a message has gone over others, and says over how many links. */
async function cross(tabs, what) {
  for (let attempt = 0; ; attempt += 1) {
    const [from, to] = await until('two tabs are apart', () => apart(tabs));
    const protocol = `${what}-${attempt}`;
    await from.send(to.id, protocol, { text: what, attempt });
    const message = await to.message(protocol);
    // Each peer on the way notes whom it has a message from, if its writer is watched.
    const passed = await to.passed(protocol);
    assert.equal(passed.length, message.hops);
    assert.equal(message.from, from.id);
    assert.deepEqual(message.payload, { text: what, attempt });
    if (message.hops === 0) {
      // Whoever has heard of the other through the server answers there for a while.
      assert.ok(await from.isServerOpen(), `${from.name} and ${to.name} have neither a link nor a server`);
      continue;
    }
    assert.equal(passed[0], from.id);
    assert.equal(new Set([...passed, to.id]).size, message.hops + 1);
    if (message.hops > 1) return `${from.name} to ${to.name}: ${message.hops} hops`;
    // A link has opened in between, and may be closed again, or the count is wrong.
    const [a, b] = [await from.hasMet(to.id), await to.hasMet(from.id)];
    assert.ok(a || b, `${from.name} never had a link to ${to.name}, but 1 hop`);
  }
}

scene(
  'tabs of three browsers write to each other over native peers of one ring, server or not',
  async (stage, context) => {
    const native = await stage.peers(NATIVE);
    const join = (browser) => TabPeer.start(stage, browser, { identity: 'ephemeral' }, PAGE);
    const tabs = await Promise.all(TABS.map(join));
    for (const tab of tabs) await tab.watch();
    const all = [...native, ...tabs];

    const reached = async () => {
      for (const from of tabs) {
        for (const to of all) if (from !== to) await from.ping(to.id);
      }
      return true;
    };
    await until('each tab reaches everybody', () => reached().catch(() => false), 120_000);
    const links = await until('nobody has more links than allowed', async () => {
      const counts = await Promise.all(all.map(async (peer) => (await peer.peers()).length));
      return Math.max(...counts) <= MOST_LINKS && counts;
    });
    const mean = links.reduce((sum, count) => sum + count, 0) / links.length;
    context.diagnostic(`${all.length} peers, ${mean.toFixed(1)} links each, ${Math.max(...links)} at most`);
    context.diagnostic(await cross(tabs, 'with-server'));

    await stage.server.kill();
    for (const peer of tabs) {
      await until(`${peer.name} notices that the server is gone`, async () => !(await peer.isServerOpen()));
    }
    context.diagnostic(await cross(tabs, 'without-server'));
    await reached();
    for (const { tab } of tabs) assert.equal(await tab.run(() => node.state), 'online');
  },
  { parameters: ['--link-budget', String(BUDGET)] },
);
