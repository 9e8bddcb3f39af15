/** A test with its own server, peers and tabs, which are gone when it ends. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './browsers.mjs';
import { Command, NativePeer, Server } from './programs.mjs';
import { until } from './wait.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** A test may take no longer, in ms. */
const TIMEOUT = 300_000;

const browsers = new Map();

/**
 * The browsers are shared by the tests of a file: each takes seconds to start. `chromium` and
 * `chromium 2` have profiles of their own.
 */
function browser(name) {
  if (!browsers.has(name)) browsers.set(name, openBrowser(name.split(' ')[0]));
  return browsers.get(name);
}

after(async () => {
  for (const opening of browsers.values()) {
    // One that did not start has failed its test already.
    await opening.then((open) => open.close()).catch(() => {});
  }
});

export class Scene {
  server;
  #site;
  /** The site is a copy that this scene has made, and removes. */
  #ownsSite = false;
  #programs = [];
  #tabs = [];

  /** The site of the tests, with the drop-in script and the package as they were built. */
  static async open({ site, parameters } = {}) {
    const scene = new Scene();
    scene.#ownsSite = site === undefined;
    scene.#site = site ?? (await makeSite());
    await scene.startServer({ parameters });
    return scene;
  }

  static async demo(peers) {
    const scene = new Scene();
    scene.server = await Server.demo(peers);
    scene.#programs.push(scene.server);
    return scene;
  }

  async startServer(options) {
    this.server = await Server.start(this.#site, options);
    this.#programs.push(this.server);
  }

  /** Another server, which only introduces: pages come from the first. */
  async bootstrap() {
    const server = await Server.start(this.#site);
    this.#programs.push(server);
    return server;
  }

  /** A command of the program in this network. */
  command(...parameters) {
    const command = new Command(parameters[0], [...parameters, '--bootstrap', this.server.host]);
    this.#programs.push(command);
    return command;
  }

  async peer(name = `native ${this.#programs.length}`, parameters = []) {
    const peer = await NativePeer.start(this.server, name, parameters);
    this.#programs.push(peer);
    return peer;
  }

  peers(count) {
    return Promise.all(Array.from({ length: count }, (_, index) => this.peer(`native ${index}`)));
  }

  /** A tab with a page of this scene's server. */
  async tab(browserName, page) {
    const tab = await (await browser(browserName)).newTab();
    this.#tabs.push(tab);
    if (page !== undefined) await tab.open(`${this.server.url}/${page}`);
    return tab;
  }

  /** The tab that `action` opens. */
  async tabOpenedBy(browserName, action) {
    const tab = await (await browser(browserName)).tabOpenedBy(action);
    this.#tabs.push(tab);
    return tab;
  }

  async show() {
    for (const one of this.#programs) console.log(one.log());
    for (const one of this.#tabs) console.log(await one.shown());
  }

  async close() {
    for (const tab of this.#tabs) await tab.close().catch(() => {});
    for (const one of this.#programs) await one.kill();
    if (this.#ownsSite) await rm(this.#site, { recursive: true, force: true });
  }
}

async function makeSite() {
  const script = here('../../packages/boplish/dist/boplish.min.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: cargo xtask js makes it`);
  const site = await mkdtemp(join(tmpdir(), 'boplish-site-'));
  await cp(script, join(site, 'boplish.min.js'));
  await cp(dirname(script), join(site, 'boplish'), { recursive: true });
  await cp(join(dirname(script), 'boplish-service-worker.js'), join(site, 'boplish-service-worker.js'));
  // drop-in.html is one of them.
  await cp(here('../../apps/public'), site, { recursive: true });
  await cp(here('../site'), site, { recursive: true });
  const bundles = new URL('../../node_modules/mediabunny/dist/bundles/', import.meta.url);
  await cp(fileURLToPath(new URL('mediabunny.min.mjs', bundles)), join(site, 'mediabunny.mjs'));
  // Browsers ask for it whatever the page says, and show its absence as an error of the page.
  await writeFile(join(site, 'favicon.ico'), '');
  return site;
}

/** A test that gets a scene; when it fails, everything that the scene said is shown. */
export function scene(name, body, options = {}) {
  play(name, () => Scene.open(options), body, options.timeout);
}

/** The same with a demo's server, pages and native peers. */
export function demoScene(name, peers, body) {
  play(name, () => Scene.demo(peers), body);
}

function play(name, open, body, timeout = TIMEOUT) {
  test(name, { timeout }, async (context) => {
    const stage = await open();
    try {
      await body(stage, context);
    } catch (error) {
      await stage.show();
      throw error;
    } finally {
      await stage.close();
    }
  });
}

/** A tab whose page is a node (the modern API), with the same face as a native peer. */
export class TabPeer {
  id;
  name;
  tab;

  static async start(stage, browserName, options = {}, page = 'node.html') {
    const peer = new TabPeer();
    peer.tab = await stage.tab(browserName, page);
    peer.id = await peer.tab.run((given) => start(given), options);
    peer.name = `${browserName} ${peer.id.slice(0, 8)}`;
    return peer;
  }

  peers() {
    return this.tab.run(() => node.peers);
  }

  /** Whether there has ever been a link to a peer. */
  hasMet(peer) {
    return this.tab.run((other) => met.has(other), peer);
  }

  ping(to) {
    return this.tab.run((peer) => node.ping(peer), to);
  }

  send(to, protocol, payload) {
    return this.tab.run((message) => node.protocol(message.protocol).send(message.to, message.payload), {
      to,
      protocol,
      payload,
    });
  }

  isServerOpen() {
    return this.tab.run(() => node.server === 'open');
  }

  /** From here on the ways of its messages are noted, and what it hears of others is kept. */
  watch() {
    return this.tab.run(() => {
      window.monitored = [];
      node.addEventListener('monitor', (event) => {
        if (event.direction === 'incoming') monitored.push({ type: event.message.type, passed: event.passed });
      });
    });
  }

  /** The peers that have sent on the message of this protocol that has come; it must be watched. */
  passed(protocol) {
    return this.tab.run((wanted) => monitored.find(({ type }) => type === wanted).passed, protocol);
  }

  message(protocol) {
    return this.tab.until(
      `a message of ${protocol}`,
      (wanted) => inbox.find((message) => message.protocol === wanted),
      protocol,
    );
  }
}

/** Waits until each of the peers is linked to each other one. */
export async function linkAll(peers, timeout) {
  const missing = async () => {
    const lists = await Promise.all(peers.map((peer) => peer.peers()));
    return peers.flatMap((peer, index) =>
      peers
        .filter((other) => other !== peer && !lists[index].includes(other.id))
        .map((other) => `${peer.name} -> ${other.name}`),
    );
  };
  try {
    await until('all are linked', async () => (await missing()).length === 0, timeout);
  } catch (error) {
    throw new Error(`${error.message}; missing: ${(await missing()).join(', ')}`);
  }
}

/** Each pings each; gives the round-trip times by pair. */
export async function pingAll(peers) {
  const trips = new Map();
  const failures = [];
  await Promise.all(
    peers.map(async (peer) => {
      for (const other of peers.filter((each) => each !== peer)) {
        const pair = `${peer.name} -> ${other.name}`;
        try {
          trips.set(pair, await peer.ping(other.id));
        } catch (error) {
          failures.push(`${pair}: ${error.message}`);
        }
      }
    }),
  );
  if (failures.length > 0) throw new Error(`pings failed: ${failures.join('; ')}`);
  return trips;
}
