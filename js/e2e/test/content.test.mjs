/** What pages publish: between browsers, for those who come later, in elements of pages, and beside native peers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scene } from '../lib/scene.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const BIG = 100 * MIB;

/** Pages that are nodes and linked with each other; gives their ids. */
async function joinAll(tabs, options) {
  const ids = await Promise.all(tabs.map((tab) => tab.run((given) => start(given), options)));
  await linked(tabs);
  return ids;
}

async function linked(tabs) {
  await until('they are linked', async () => {
    const links = await Promise.all(tabs.map((tab) => tab.run(() => node.peers.length)));
    return links.every((count) => count >= tabs.length - 1);
  });
}

/** Everything below a name, as texts of hashes by path. */
function treeIn(tab, uri) {
  return tab.run(async (root) => {
    const tree = {};
    const walk = async (uri, path) => {
      for (const entry of await node.names.list(uri)) {
        if (entry.kind === 'folder') await walk(entry.uri, `${path}${entry.name}/`);
        else tree[path + entry.name] = await sha256(await (await node.fetch(entry.uri)).arrayBuffer());
      }
    };
    await walk(root, '');
    return tree;
  }, uri);
}

for (const [from, to] of [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
]) {
  scene(`100 MiB from ${from} to ${to} without a server, over a reload`, async (stage) => {
    const bootstrap = await stage.bootstrap();
    const publisher = await stage.tab(from, 'modules.html');
    const reader = await stage.tab(to, 'modules.html');
    const ids = await joinAll([publisher, reader], { bootstrap: bootstrap.host });
    await bootstrap.kill();

    const { uri, hash } = await publisher.run(async (length) => {
      const bytes = random(length);
      return { uri: await node.publish('big.bin', new Blob([bytes])), hash: await sha256(bytes) };
    }, BIG);
    assert.equal(uri, `bop:${ids[0]}:content/big.bin`);

    // A third of it comes, and then the page is loaded anew.
    await reader.run((uri) => {
      window.progress = { done: 0 };
      node.fetch(uri, { onProgress: (now) => (window.progress = now) }).then(drain, () => {});
    }, uri);
    await reader.until('a third of it', (third) => progress.done > third, BIG / 3);
    await reader.reload();
    const invitation = await publisher.run(async () => {
      window.invitation = await node.invite();
      return invitation.text;
    });
    const answer = await reader.run((text) => accept(text), invitation);
    await publisher.run((text) => invitation.complete(text), answer);
    assert.equal(await reader.run(() => joined), ids[1]);

    const again = await reader.run(async (uri) => {
      const all = [];
      const response = await node.fetch(uri, { onProgress: (progress) => all.push(progress) });
      const bytes = await response.arrayBuffer();
      return { first: all[0].done, last: all.at(-1).done, length: bytes.byteLength, hash: await sha256(bytes) };
    }, uri);
    assert.ok(again.first > BIG / 4, `of what had come, only ${again.first} bytes were left`);
    assert.deepEqual([again.last, again.length, again.hash], [BIG, BIG, hash]);
  });
}

scene('whoever comes after the publisher has left gets everything from those who hold copies', async (stage) => {
  const tabs = [];
  for (const browser of ['chromium', 'chromium', 'firefox', 'firefox']) tabs.push(await stage.tab(browser, 'modules.html'));
  const [publisher] = tabs;
  const ids = await joinAll(tabs);
  const { uri, holders, phases, tree } = await publisher.run(async () => {
    const files = [];
    for (let index = 0; index < 5; index += 1) {
      const file = new File([random(300_000 * index)], `${index}.bin`, { type: 'application/x-test' });
      Object.defineProperty(file, 'webkitRelativePath', { value: `album/${index % 2 ? 'odd' : 'even'}/${file.name}` });
      files.push(file);
    }
    const all = [];
    const uri = await node.publish('my album', files, { replicate: 3, onProgress: (progress) => all.push(progress) });
    const tree = {};
    for (const file of files) tree[file.webkitRelativePath.replace('album/', '')] = await sha256(await file.arrayBuffer());
    return { uri, holders: all.at(-1).holders, phases: [...new Set(all.map(({ phase }) => phase))], tree };
  });
  assert.equal(uri, `bop:${ids[0]}:content/my%20album`);
  assert.deepEqual(phases, ['reading', 'naming', 'copying']);
  assert.deepEqual([...holders].sort(), ids.slice(1).sort());
  await publisher.run(() => node.close());
  await publisher.close();

  for (const browser of ['chromium', 'firefox']) {
    const newcomer = await stage.tab(browser, 'modules.html');
    await newcomer.run(() => start());
    // Its first links may not be there yet.
    await newcomer.until('three links', () => node.peers.length >= 3);
    const found = await until('the album', () => treeIn(newcomer, uri).catch(() => undefined));
    assert.deepEqual(found, tree);
  }
});

scene('one album: in both browsers, with seeking in a film, on the command line, and over HTTP', async (stage) => {
  const chromium = await stage.tab('chromium', 'album.html');
  const firefox = await stage.tab('firefox', 'album.html');
  await joinAll([chromium, firefox]);
  const { uri, hashes } = await chromium.run(async () => {
    const files = [await picture('one'), await picture('two'), await film(), new File(['hällo'], 'text.txt', { type: 'text/plain' })];
    const hashes = {};
    for (const file of files) hashes[file.name] = await sha256(await file.arrayBuffer());
    return { uri: await node.publish('2026/album', files), hashes };
  });
  for (const tab of [chromium, firefox]) assert.deepEqual(await treeIn(tab, uri), hashes);

  // Elements of both pages, by the service worker.
  const path = uri.replace(/^bop:(.*?):/, '$1/');
  for (const tab of [chromium, firefox]) {
    const base = await tab.run(() => node.registerServiceWorker('boplish-service-worker.js'));
    assert.equal(base, `${stage.server.url}/bop/`);
    assert.equal(await tab.run((url) => show(url), `${base}${path}/one.png`), 320);
    const { duration, distances } = await tab.run(({ url, at }) => seek(url, at), { url: `${base}${path}/film.webm`, at: [6, 1, 4] });
    assert.ok(Math.abs(duration - 8) < 0.5, `the film has ${duration} s`);
    for (const distance of distances) assert.ok(distance < 75, `${tab.name}: colours are off by ${distances}`);
    const { status, range, text, missing } = await tab.run(async (root) => {
      const part = await fetch(`${root}/text.txt`, { headers: { range: 'bytes=3-' } });
      return {
        status: part.status,
        range: part.headers.get('content-range'),
        text: await part.text(),
        missing: (await fetch(`${root}/nothing`)).status,
      };
    }, base + path);
    assert.deepEqual({ status, range, text, missing }, { status: 206, range: 'bytes 3-5/6', text: 'llo', missing: 404 });
  }

  // Native: in files, and over HTTP.
  const folder = await mkdtemp(join(tmpdir(), 'boplish-album-'));
  try {
    await stage.command('get', uri, '--output', join(folder, 'album')).done();
    for (const [name, hash] of Object.entries(hashes)) {
      assert.equal(sha256(await readFile(join(folder, 'album', name))), hash, name);
    }
    const gateway = stage.command('gateway', '--listen', '127.0.0.1:0', '--content', join(folder, 'gateway'));
    const base = await gateway.line(/listening on (http:\S+)/);
    for (const [name, hash] of Object.entries(hashes)) {
      const response = await fetch(`${base}/bop/${path}/${name}`);
      assert.equal(response.status, 200);
      assert.equal(sha256(Buffer.from(await response.arrayBuffer())), hash, name);
    }
    const part = await fetch(`${base}/bop/${path}/text.txt`, { headers: { range: 'bytes=0-1' } });
    assert.deepEqual([part.status, part.headers.get('content-type')], [206, 'text/plain; charset=utf-8']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

for (const browser of ['chromium', 'firefox']) {
  scene(`in ${browser}, names change and errors say why`, async (stage) => {
    const page = () => stage.tab(browser, 'modules.html');
    const tabs = [await page(), await page(), await page()];
    const [publisher, reader] = tabs;
    const [id, other] = await joinAll(tabs);
    const uri = await publisher.run(() => node.publish('notes/a.txt', 'first'));
    const { version } = await reader.run((uri) => node.names.resolve(uri), uri);
    assert.equal(await reader.run((uri) => textOf(uri), uri), 'first');
    await publisher.run(() => node.publish('notes/b.txt', 'more'));
    await publisher.run(() => node.publish('notes/a.txt', 'second'));
    // A record is fresh for a minute, unless somebody asks for it anew.
    await until('the second version', async () => (await reader.run((uri) => textOf(uri), uri)) === 'second');
    assert.equal(await reader.run((uri) => textOf(uri), `${uri}?v=${version}`), 'first');
    const names = await reader.run(async (root) => (await node.names.list(root)).map(({ uri }) => uri), `bop:${id}:content/notes`);
    assert.deepEqual(names, [`bop:${id}:content/notes/a.txt`, `bop:${id}:content/notes/b.txt`]);
    assert.equal(await reader.run((uri) => textOf(uri, { range: { start: 2, end: 4 } }), uri), 'co');
    // It has it, too, and soon says so.
    assert.ok((await reader.run((uri) => node.names.holders(uri), uri)).includes(id));

    const code = async (tab, uri, options) => (await tab.run(({ uri, options }) => textOf(uri, options), { uri, options })).code;
    assert.equal(await code(reader, `bop:${id}:content/notes`), 'folder');
    assert.equal(await code(reader, `bop:${id}:content/none`), 'not-found');
    assert.equal(await code(reader, `bop:${other}:content/none`), 'nothing-published');
    assert.equal(await code(reader, 'bop:nobody:content/a'), 'bad-name');
    assert.equal(await code(reader, `bop:${id}:chat/a`), 'bad-name');
    assert.equal(await code(reader, uri, { range: { start: 10 } }), 'bad-option');
    const refused = (source) => publisher.run((given) => node.publish('x', given).then(String, ({ code }) => code), source);
    assert.equal(await refused(5), 'bad-option');
    assert.equal(await publisher.run(() => node.publish('', 'x').catch(({ code }) => code)), 'bad-name');
    assert.equal(await publisher.run(() => node.publish('x', 'x', { replicate: 5 }).catch(({ code }) => code)), 'no-copies');
    const aborted = await publisher.run(async () => {
      const controller = new AbortController();
      const publishing = node.publish('y', new Blob([random(8 << 20)]), { signal: controller.signal, onProgress: () => controller.abort() });
      return publishing.catch(({ code }) => code);
    });
    assert.equal(aborted, 'aborted');

    await publisher.run(() => node.names.unpublish('notes/a.txt'));
    assert.equal(await code(publisher, uri), 'not-found');
    assert.equal(await code(publisher, `bop:${id}:content/notes/b.txt`), undefined);

    // What was published is still there after a reload.
    await publisher.reload();
    await publisher.run(() => start());
    assert.equal(await publisher.run((uri) => textOf(uri), `bop:${id}:content/notes/b.txt`), 'more');

    // Who is left finds what is left. What was known of the record is used for a minute.
    const left = (tab) => tab.run(async (root) => (await node.names.list(root)).map(({ name }) => name), `bop:${id}:content/`);
    assert.deepEqual(await left(publisher), ['notes', 'x']);
    await publisher.run(() => node.names.unpublish('notes/b.txt'));
    await publisher.close();
    await until('the new list', async () => `${await left(reader).catch(String)}` === 'x', 90_000);
  });
}
