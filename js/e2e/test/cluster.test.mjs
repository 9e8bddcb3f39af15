/** Three servers act as one: pages that came over different ones are in one network. */
import assert from 'node:assert/strict';
import { startEngine } from '../lib/engine.mjs';
import { linkAll, pingAll, scene, TabPeer } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const BROWSERS = ['chromium', 'firefox', 'chromium 2'];

const health = async (server) => (await fetch(`${server.url}/health`)).json();

scene('three browsers on three servers are one network, and go on when a server is killed', async (stage) => {
  const engine = await startEngine();
  try {
    const servers = [];
    for (const _ of BROWSERS) {
      await stage.startServer({ parameters: ['--engine', engine.url] });
      servers.push(stage.server);
    }
    await until('the servers are one', async () => {
      const all = await Promise.all(servers.map(health));
      return all.every(({ otherServers }) => otherServers === servers.length - 1);
    });

    const tabs = [];
    for (const [index, browser] of BROWSERS.entries()) {
      stage.server = servers[index];
      tabs.push(await TabPeer.start(stage, browser, { identity: 'ephemeral' }));
    }
    await linkAll(tabs);
    assert.equal((await pingAll(tabs)).size, 6);
    for (const [index, server] of servers.entries()) {
      const { admitted } = await health(server);
      assert.ok(admitted >= 1, `server ${index} has had no peer`);
    }

    await servers[0].kill();
    await until('the first tab notices', async () => !(await tabs[0].isServerOpen()));
    assert.equal((await pingAll(tabs)).size, 6);
    for (const [index, from] of tabs.entries()) {
      const to = tabs[(index + 1) % tabs.length];
      await from.send(to.id, `crossing-${index}`, { index });
      const message = await to.message(`crossing-${index}`);
      assert.equal(message.from, from.id);
      assert.deepEqual(message.payload, { index });
    }

    // Whoever comes over one that is left gets into the same network.
    stage.server = servers[1];
    const newcomer = await TabPeer.start(stage, 'firefox', { identity: 'ephemeral' });
    await linkAll([...tabs, newcomer]);
    assert.equal((await pingAll([...tabs, newcomer])).size, 12);
  } finally {
    engine.close();
  }
});
