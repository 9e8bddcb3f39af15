/** Newcomers join by an invitation that people carry, where the server is gone. */
import assert from 'node:assert/strict';
import { linkAll, pingAll, scene, TabPeer } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

/** What nobody has caught; that the server is gone, Firefox says in the same way, whenever the core looks for it. */
const uncaught = ({ errors }) =>
  errors.filter((error) => error.startsWith('uncaught') && !error.includes('a connection to the server at ws:'));

for (const [inviter, newcomer] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(`${newcomer} joins a network without a server by an invitation of ${inviter}`, async (stage) => {
    const native = await stage.peers(2);
    const member = await TabPeer.start(stage, inviter, { identity: 'ephemeral' });
    await linkAll([...native, member]);
    const tab = await stage.tab(newcomer, 'node.html');
    const { port } = stage.server;
    await stage.server.kill();
    for (const peer of [...native, member]) {
      await until(`${peer.name} notices`, async () => !(await peer.isServerOpen()));
    }

    const { text, url } = await member.tab.run(async () => {
      window.invitation = await node.invite();
      return { text: invitation.text, url: invitation.url };
    });
    assert.equal(url, `http://localhost:${port}/node.html#invitation=${text}`);
    const guest = new TabPeer();
    guest.tab = tab;
    // The whole link will do, too.
    const answer = await tab.run(
      (invitation) =>
        new Promise((resolve, reject) => {
          window.joined = start({ bootstrap: null, identity: 'ephemeral', invitation, onAnswer: resolve });
          joined.catch(reject);
        }),
      url,
    );
    const id = await member.tab.run((given) => invitation.complete(given), answer);
    guest.id = await tab.run(() => joined);
    guest.name = `${newcomer} ${guest.id.slice(0, 8)}`;
    assert.equal(id, guest.id);

    // It gets to know the others, who were not asked, over the network.
    const all = [...native, member, guest];
    await linkAll(all);
    assert.equal((await pingAll(all)).size, 12);
    await guest.send(native[1].id, 'thanks', { for: 'the invitation' });
    assert.deepEqual((await native[1].message('thanks')).payload, { for: 'the invitation' });
    assert.equal(await tab.run(() => node.state), 'online');
    assert.equal(await tab.run(() => node.server), 'closed');

    // An answer is taken once, and others have codes.
    const codeOf = (given) =>
      member.tab.run(async (text) => invitation.complete(text).then(() => 'none', (error) => error.code), given);
    assert.equal(await codeOf(answer), 'lapsed');
    assert.equal(await codeOf('hello'), 'bad-invitation');
    assert.equal(await codeOf(text), 'bad-invitation');
    assert.deepEqual(uncaught(member.tab), []);
    assert.deepEqual(uncaught(tab), []);
  });
}
