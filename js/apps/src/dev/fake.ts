import type {
  AcceptedInvitation,
  Direction,
  FetchOptions,
  Group,
  GroupMessage,
  Invitation,
  JoinOptions,
  Monitored,
  Network,
  NodeState,
  PublishOptions,
  Room,
  ServerState,
  Source,
  Way,
} from '../network.ts';
import { FakeContent } from './fake-content.ts';
import { FakeRoom, TabsRoom } from './fake-rooms.ts';
import { FakeWorld } from './fake-world.ts';

/**
 * An in-memory network for designing pages without a server: `?fake`, and as scenarios
 * `?fake=alone`, `fail`, `busy`, `gone`, `degraded`, `offline`, `slow`; for what is published,
 * `published`, `quick`, `slow-content`; for its topology, `large`, with 500 peers; for rooms, `slow-room`,
 * `no-room`, and `tabs`, where this browser's tabs meet. Only development builds have it.
 */
export async function joinFake(scenario: string, way: Way): Promise<Network> {
  way.invitation?.onAnswer(fakeText());
  await delay(scenario === 'slow' || way.invitation !== undefined ? 60_000 : 250);
  if (scenario === 'fail') {
    throw Object.assign(new Error('No answer from the bootstrap server at localhost:5000'), {
      code: 'unreachable',
    });
  }
  return new FakeNode(scenario);
}

class FakeGroup extends EventTarget implements Group {
  readonly members: string[] = [];
  readonly #node: FakeNode;

  constructor(node: FakeNode) {
    super();
    this.#node = node;
  }

  async register(peer: string): Promise<void> {
    this.#node.monitor('outgoing', 'bopcast-protocol', peer, { type: 'register-request' });
    await delay(40 + Math.random() * 80);
    this.#node.monitor('incoming', 'bopcast-protocol', peer, { type: 'register-response' });
    this.members.push(peer);
    this.dispatchEvent(new Event('members'));
    await delay(900);
    this.hear(peer, { text: 'Hello, and welcome to the group.' });
  }

  send(payload: unknown): void {
    for (const peer of this.members) {
      this.#node.monitor('outgoing', 'bopcast-protocol', peer, { type: 'deliver', data: payload });
    }
  }

  hear(from: string, payload: unknown): void {
    this.#node.monitor('incoming', 'bopcast-protocol', from, { type: 'deliver', data: payload });
    const said: GroupMessage = { from, payload };
    this.dispatchEvent(Object.assign(new Event('message'), said));
  }
}

class FakeNode extends EventTarget implements Network {
  readonly id: string;
  readonly group = new FakeGroup(this);
  peers: string[] = [];
  state: NodeState = 'alone';
  server: ServerState = 'open';
  readonly names: FakeContent;
  readonly #world: FakeWorld;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  readonly #rooms = new Map<string, Room>();
  readonly #scenario: string;

  constructor(scenario: string) {
    super();
    this.#scenario = scenario;
    this.id = scenario === 'tabs' ? tabId() : randomId();
    this.names = new FakeContent(this.id, () => this.peers, scenario);
    this.#world = scenario === 'large' ? new FakeWorld(this.id, 500, 20) : new FakeWorld(this.id, 34, 8);
    if (scenario !== 'alone') this.#live(scenario);
  }

  async topology(peer: string): Promise<void> {
    this.monitor('outgoing', 'topo-protocol', peer, { type: 'request' });
    await delay(20 + Math.random() * 120);
    const answer = this.#world.answer(peer);
    if (answer === undefined) throw Object.assign(new Error('No answer in time'), { code: 'no-reply' });
    const { from, ...payload } = answer;
    this.monitor('incoming', 'topo-protocol', from, { type: 'response', ...payload });
    this.dispatchEvent(Object.assign(new Event('topology'), answer));
  }

  async ping(peer: string): Promise<number> {
    this.monitor('outgoing', 'ping-protocol', peer, { type: 'ping' });
    const time = 3 + Math.random() * 6 + (turn(peer) % 5) * 14;
    await delay(time);
    if (turn(peer) === 3) throw Object.assign(new Error('No pong in time'), { code: 'timeout' });
    this.monitor('incoming', 'ping-protocol', peer, { type: 'pong' });
    return time;
  }

  async join(name: string, options: JoinOptions = {}): Promise<Room> {
    const key = `${name}\n${options.password ?? ''}`;
    await delay(this.#scenario === 'slow-room' ? 60_000 : 400);
    options.signal?.throwIfAborted();
    if (this.#scenario === 'no-room') throw Object.assign(new Error('The group did not answer in time'), { code: 'timed-out' });
    const room = this.#rooms.get(key) ?? this.#open(name, options);
    this.#rooms.set(key, room);
    const leave = room.leave.bind(room);
    room.leave = () => {
      this.#rooms.delete(key);
      leave();
    };
    return room;
  }

  async invite(): Promise<Invitation> {
    await delay(400);
    const text = fakeText();
    const complete = async (): Promise<string> => {
      await delay(600);
      return randomId();
    };
    return { text, url: `${location.href.split('#')[0] ?? ''}#invitation=${text}`, complete };
  }

  async acceptInvitation(): Promise<AcceptedInvitation> {
    await delay(400);
    return { peer: randomId(), answer: fakeText(), connected: () => delay(5000) };
  }

  publish(path: string, source: Source, options?: PublishOptions): Promise<string> {
    return this.names.publish(path, source, options);
  }

  fetch(uri: string, options?: FetchOptions): Promise<Response> {
    return this.names.fetch(uri, options);
  }

  /** What is in memory here is nothing that a worker could ask for. */
  async registerServiceWorker(): Promise<never> {
    throw Object.assign(new Error('A fake has no service worker'), { code: 'unsupported' });
  }

  close(): void {
    this.#timers.forEach(clearInterval);
  }

  monitor(direction: Direction, type: string, peer: string, payload: unknown, hops = 1): void {
    const from = direction === 'outgoing' ? this.id : peer;
    const to = direction === 'outgoing' ? peer : direction === 'incoming' ? this.id : this.#any();
    const linked = direction === 'incoming' ? from : to;
    const via = direction === 'incoming' && hops > 1 ? this.#any() : linked;
    this.#tell({
      direction,
      message: { type, from, to, payload },
      hops: direction === 'outgoing' ? 0 : hops,
      via: this.peers.includes(via) ? via : undefined,
    });
  }

  #open(name: string, options: JoinOptions): Room {
    if (this.#scenario === 'tabs') return new TabsRoom(name, this.id, options);
    return new FakeRoom(name, this.id, this.#scenario === 'alone' || options.password !== undefined);
  }

  #live(scenario: string): void {
    setTimeout(() => {
      this.monitor('outgoing', 'signaling-protocol', '', signal('offer'));
      this.#world.links(this.id).forEach((peer, count) => setTimeout(() => this.#meet(peer), 90 * count));
    }, 200);
    const every = scenario === 'busy' ? 8 : 700;
    this.#timers.push(setInterval(() => this.#chatter(), every));
    setTimeout(() => this.#turnInto(scenario), 2000);
  }

  #turnInto(scenario: string): void {
    if (scenario === 'gone') {
      this.server = 'closed';
      this.dispatchEvent(new Event('server'));
    } else if (scenario === 'degraded') {
      this.state = 'degraded';
      this.dispatchEvent(new Event('state'));
    } else if (scenario === 'offline') {
      this.close();
      this.peers = [];
      this.state = 'offline';
      this.dispatchEvent(new Event('peerdisconnect'));
      this.dispatchEvent(new Event('state'));
    }
  }

  #meet(peer: string): void {
    this.monitor('outgoing', 'signaling-protocol', peer, signal('offer'));
    this.monitor('incoming', 'signaling-protocol', peer, signal('answer'));
    this.peers = [...this.peers, peer];
    this.dispatchEvent(new Event('peerconnect'));
    this.monitor('outgoing', 'discovery-protocol', peer, { type: 'request' });
    this.monitor('incoming', 'discovery-protocol', peer, { type: 'answer', ids: this.peers });
    if (this.state === 'alone') {
      this.state = 'online';
      this.dispatchEvent(new Event('state'));
    }
  }

  #chatter(): void {
    const peer = this.#any();
    if (peer === '') return;
    const kind = Math.random();
    if (kind < 0.35) {
      this.monitor('incoming', 'ping-protocol', peer, { type: 'ping' });
      this.monitor('outgoing', 'ping-protocol', peer, { type: 'pong' });
    } else if (kind < 0.55) {
      this.monitor('incoming', 'topo-protocol', peer, { type: 'request' });
      this.monitor('outgoing', 'topo-protocol', peer, { type: 'response', ids: this.peers });
    } else if (kind < 0.75) {
      this.monitor('forwarded', 'signaling-protocol', peer, signal('offer'), 2);
    } else if (kind < 0.8) {
      this.monitor('incoming', 'content-protocol', randomId(), { bytes: btoa(`\0\x01GIF89a ${randomId()}`), length: 49 }, 3);
    } else if (this.group.members.includes(peer)) {
      this.group.hear(peer, { text: 'Still here.', at: Date.now(), fine: true, last: null });
    }
  }

  #any(): string {
    return this.peers[Math.floor(Math.random() * this.peers.length)] ?? '';
  }

  #tell(monitored: Monitored): void {
    this.dispatchEvent(Object.assign(new Event('monitor'), monitored));
  }
}

function signal(type: string): unknown {
  return {
    type,
    session: Math.floor(Math.random() * 2 ** 48),
    ufrag: randomId().slice(0, 8),
    pwd: randomId().slice(0, 24),
    fingerprint: 'sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB',
    setup: type === 'offer' ? 'actpass' : 'active',
    candidates: [{ protocol: 'udp', address: '4f9d2c1e.local', port: 54321, host: true }],
  };
}

/** As long as a real one. */
function fakeText(): string {
  return Array.from({ length: 8 }, randomId).join('');
}

function turn(id: string): number {
  return Number.parseInt(id.slice(0, 1), 16);
}

/** The same after reloading, as a real peer's. */
function tabId(): string {
  const id = sessionStorage.getItem('boplish-fake-id') ?? randomId();
  sessionStorage.setItem('boplish-fake-id', id);
  return id;
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
