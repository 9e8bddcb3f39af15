import type { Peer } from '../wasm/boplish_web.js';
import { BopcastGroup } from './bopcast.js';
import { fetchName } from './content/fetch.js';
import { NodeNames } from './content/names.js';
import { publish } from './content/publish.js';
import { serve } from './content/serve.js';
import type { FetchOptions, Names, PublishOptions, Source } from './content/types.js';
import { BoplishError } from './error.js';
import { emit, type TypedEventTarget, typedEventTarget } from './events.js';
import type { Group, JoinOptions } from './group.js';
import { type AcceptedInvitation, accept, type Invitation, invite, linked, WAITING } from './invitation.js';
import { decode } from './payload.js';
import { Protocol, type RequestOptions, type SendOptions } from './protocol.js';
import { type Listener, Runner, type RunnerOptions } from './runner.js';
import { type GetOptions, get, noContent, type PutOptions, put, type RecordName, type StoredRecord } from './store.js';

/**
 * A peer's place in the network. `alone`: the server says that nobody else is there, and the
 * next to come will connect. `online`: at least one link works. `degraded`: links are there but
 * all are disturbed, or only the bootstrap server carries messages. `offline`: nothing is there.
 */
export type NodeState = 'alone' | 'online' | 'degraded' | 'offline';

/** Why a link is gone: this peer or the other closed it, nothing was heard, or it failed. */
export type DisconnectReason = 'closed' | 'closed-by-peer' | 'silent' | 'failed';

/** The place in the network has changed. */
export interface StateChangeEvent extends Event {
  readonly state: NodeState;
}
/** The channel to the bootstrap server has opened or closed. A closed one is no fault by itself. */
export interface ServerChangeEvent extends Event {
  readonly server: 'open' | 'closed';
}
/** A link to a peer is up. */
export interface PeerConnectEvent extends Event {
  readonly peer: string;
}
/** The link to a peer is gone. */
export interface PeerDisconnectEvent extends Event {
  readonly peer: string;
  readonly reason: DisconnectReason;
}
/** A message of any protocol has come. */
export interface NodeMessageEvent extends Event {
  readonly from: string;
  readonly protocol: string;
  readonly payload: unknown;
  readonly hops: number;
}
/** The router has handled a message. */
export interface MonitorEvent extends Event {
  readonly direction: 'incoming' | 'outgoing' | 'forwarded';
  /** The message, in the report's four properties. */
  readonly message: { readonly type: string; readonly from: string; readonly to: string; readonly payload: unknown };
  /** The links that it has come over so far. */
  readonly hops: number;
  /**
   * The neighbour at the other end of the link that it came over, or goes over next; undefined for
   * what the bootstrap server carries, and for own messages whose way is not chosen yet.
   */
  readonly via: string | undefined;
  /**
   * The peers that have sent it on, from its writer to the last one before this peer; empty if its
   * writer did not want that noted. What a node sends while it is monitored has its way noted, but
   * for what its router says itself; so have the answers of the ping, topo and bopcast protocols to
   * it, and no others.
   */
  readonly passed: readonly string[];
}
/** A peer has said which peers it is linked to. */
export interface TopologyEvent extends Event {
  readonly from: string;
  readonly peers: readonly string[];
  /** The peers after it on the ring, the nearest first; none in a network that is no ring. */
  readonly successors: readonly string[];
  /** The peers before it on the ring, the nearest first; none in a network that is no ring. */
  readonly predecessors: readonly string[];
}
/** Something a peer said was refused: it did not verify, or broke a rule. */
export interface RefusedEvent extends Event {
  /** Who said it, as far as is known. */
  readonly from: string | undefined;
  readonly reason: string;
}
/** The bootstrap server has refused something (`refused`), or the node is dead (`internal`). */
export interface ErrorEvent extends Event {
  readonly error: BoplishError;
}

/** The events of a {@link BoplishNode}. */
export interface NodeEvents {
  state: StateChangeEvent;
  server: ServerChangeEvent;
  peerconnect: PeerConnectEvent;
  peerdisconnect: PeerDisconnectEvent;
  message: NodeMessageEvent;
  monitor: MonitorEvent;
  topology: TopologyEvent;
  refused: RefusedEvent;
  error: ErrorEvent;
}

/** An invitation to join by, and who carries its answer back. */
export interface Join {
  readonly invitation: string;
  onAnswer(answer: string): void;
}

/** How long `topology()` waits for answers, in ms. */
const TOPOLOGY_TIMEOUT = 5_000;

// Older engines don't have it; then callers can't ask for it either.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** A peer of the network; `connect()` makes one. */
export class BoplishNode extends typedEventTarget<NodeEvents>() {
  readonly #runner: Runner;
  readonly #protocols = new Map<string, Protocol<any>>();
  /** The bopcast group of this peer. */
  readonly group: BopcastGroup;
  #names: Names | undefined;
  #monitors: { type: string; listener: unknown; capture: boolean }[] = [];
  /** Why the server could not be reached the last time. */
  #reason = '';

  /** @internal */
  constructor(PeerClass: typeof Peer, options: RunnerOptions) {
    super();
    this.#runner = new Runner(PeerClass, options, this.#listener());
    this.group = new BopcastGroup(this.#runner);
  }

  /** The own id: 40 hex digits. */
  get id(): string {
    return this.#runner.id;
  }

  /** The own place in the network. */
  get state(): NodeState {
    return this.#runner.read((peer) => peer.state() as NodeState, 'offline');
  }

  /** Whether the bootstrap server can be reached now. The network does without. */
  get server(): 'open' | 'closed' {
    return this.#runner.read((peer) => peer.isSignalingOpen(), false) ? 'open' : 'closed';
  }

  /** The ids of the peers that a link is open to. */
  get peers(): string[] {
    return this.#runner.read((peer) => peer.connectedPeers(), []);
  }

  /** The protocol of this name; the same object each time, until it is closed. */
  protocol<T = unknown>(name: string): Protocol<T> {
    let protocol = this.#protocols.get(name);
    if (!protocol) {
      this.#runner.call((peer) => peer.takeProtocol(name));
      protocol = new Protocol<T>(name, this.#runner, () => this.#protocols.delete(name));
      this.#protocols.set(name, protocol);
    }
    return protocol;
  }

  /** Pings a peer; resolves to the round-trip time in ms. */
  ping(peer: string, { signal }: SendOptions = {}): Promise<number> {
    return this.#runner.ping(peer, signal);
  }

  /**
   * Asks a peer, or all linked ones, which peers they are linked to. Resolves to the answers by
   * peer, when all are there or after `timeout` (5,000 ms by default).
   */
  async topology(peer?: string, { timeout = TOPOLOGY_TIMEOUT, signal }: RequestOptions = {}): Promise<Map<string, string[]>> {
    const answers = new Map<string, string[]>();
    const asked = peer === undefined ? this.peers : [peer.toLowerCase()];
    const collect = ({ from, peers }: TopologyEvent) => answers.set(from, [...peers]);
    this.addEventListener('topology', collect);
    try {
      this.#runner.call((core) => core.requestTopology(peer));
      await this.#runner.until(
        () => asked.every((each) => answers.has(each)),
        'topology()',
        timeout,
        () =>
          peer === undefined ? undefined : new BoplishError('no-reply', `peer ${peer} did not answer in ${timeout} ms`),
        signal,
      );
      return answers;
    } finally {
      this.removeEventListener('topology', collect);
    }
  }

  /**
   * Publishes bytes, files or a folder under a path of the own name, in the place of what is there;
   * resolves to the name, `bop:<own id>:content/<path>`. It is kept here too, and others get it from
   * here and from those who have fetched it. Of several calls, and of `names.unpublish()`, one is
   * carried out after the other. One that is aborted while the name is written, or has timed out, may
   * have published it, or not; what was published stays here then.
   */
  async publish(path: string, source: Source, options: PublishOptions = {}): Promise<string> {
    return HAS_STORE ? publish(this.#runner, path, source, options) : noContent();
  }

  /**
   * Fetches what a name leads to, each part verified as it comes, from all who have it. Resolves when
   * the first bytes are there; status 206 with a range, 200 without. Of a folder, `names.list()` tells
   * what is in it.
   */
  async fetch(uri: string, options: FetchOptions = {}): Promise<Response> {
    return HAS_STORE ? fetchName(this.#runner, uri, options) : noContent();
  }

  /** What the network stores: `put()` and `get()`. */
  get store(): Pick<BoplishNode, 'put' | 'get'> {
    return this;
  }

  /** Names, and what they lead to. */
  get names(): Names {
    this.#names ??= HAS_STORE ? new NodeNames(this.#runner) : noContent();
    return this.#names;
  }

  /**
   * Has a service worker answer requests below `bop/` next to its script, so that elements of the page
   * can show what is published: `<img src="bop/<peer id>/content/album/1.jpg">`. The script is the
   * package's `boplish-service-worker.js`. Resolves to the address that names begin with.
   */
  async registerServiceWorker(script = '/boplish-service-worker.js'): Promise<string> {
    return HAS_STORE ? serve(this.#runner, script) : noContent();
  }

  /**
   * Has the network store a record of this peer, signed; resolves to its key when most of those
   * who should have stored it. It stays there when this peer leaves, until it expires.
   */
  async put(record: PutOptions): Promise<string> {
    return HAS_STORE ? put(this.#runner, record) : noContent();
  }

  /** What the network stores under a key, or of a publisher; undefined if there is nothing. */
  async get(name: RecordName, options: GetOptions = {}): Promise<StoredRecord | undefined> {
    return HAS_STORE ? get(this.#runner, name, options) : noContent();
  }

  /**
   * Joins a group of any size, or makes it; resolves when what is said there from then on will come.
   * The same name and password give the same object, until it is left.
   */
  async join(name: string, options: JoinOptions = {}): Promise<Group> {
    return HAS_STORE ? this.#runner.groups.join(name, options) : noContent();
  }

  /**
   * Makes an invitation for one newcomer, who needs no bootstrap server then: people carry its
   * text there (as a link, a QR code, a line in a messenger), and the answer back.
   */
  invite({ signal }: SendOptions = {}): Promise<Invitation> {
    return invite(this.#runner, signal);
  }

  /**
   * Accepts an invitation, or a link that ends with one. Whoever invited connects when people have
   * brought the answer back there. Firefox waits for that for some 20 seconds only: there,
   * invite rather than accept.
   */
  acceptInvitation(invitation: string, { signal }: SendOptions = {}): Promise<AcceptedInvitation> {
    return accept(this.#runner, invitation, signal);
  }

  /** Leaves the network: tells every peer, and closes every link. */
  async close(): Promise<void> {
    const wasOpen = this.#runner.read(() => true, false);
    this.#runner.close();
    if (wasOpen) emit(this, 'state', { state: 'offline' });
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  override addEventListener: TypedEventTarget<NodeEvents>['addEventListener'] = (
    type: string,
    listener: any,
    options?: AddEventListenerOptions | boolean,
  ) => {
    super.addEventListener(type as never, listener, options);
    if (type === 'monitor' && listener) this.#watch(listener, typeof options === 'object' ? options : { capture: !!options });
  };

  override removeEventListener: TypedEventTarget<NodeEvents>['removeEventListener'] = (
    type: string,
    listener: any,
    options?: EventListenerOptions | boolean,
  ) => {
    super.removeEventListener(type as never, listener, options);
    if (type === 'monitor') this.#unwatch(listener, !!(typeof options === 'object' ? options.capture : options));
  };

  /** Monitoring costs time for each message: it is on only while somebody listens. */
  #watch(listener: unknown, { capture = false, once, signal }: AddEventListenerOptions): void {
    if (signal?.aborted) return;
    this.#unwatch(listener, capture);
    this.#monitors.push({ type: once ? 'once' : 'each', listener, capture });
    signal?.addEventListener('abort', () => this.#unwatch(listener, capture), { once: true });
    this.#runner.read((peer) => peer.setMonitoring(true), undefined);
  }

  #unwatch(listener: unknown, capture: boolean): void {
    this.#monitors = this.#monitors.filter((each) => each.listener !== listener || each.capture !== capture);
    this.#runner.read((peer) => peer.setMonitoring(this.#monitors.length > 0), undefined);
  }

  #listener(): Listener {
    return {
      state: (state) => emit(this, 'state', { state }),
      server: (open) => emit(this, 'server', { server: open ? 'open' : 'closed' }),
      unreachable: (reason) => {
        this.#reason = reason;
      },
      connected: (peer) => emit(this, 'peerconnect', { peer }),
      disconnected: (peer, reason) => emit(this, 'peerdisconnect', { peer, reason }),
      message: (from, protocol, raw, hops, request) => {
        const payload = decode(raw);
        emit(this, 'message', { from, protocol, payload, hops });
        this.#protocols.get(protocol)?.receive(from, payload, hops, request);
      },
      topology: (from, peers, successors, predecessors) =>
        emit(this, 'topology', { from, peers, successors, predecessors }),
      members: (members) => this.group.changed(members),
      groupMessage: (from, payload) => this.group.receive(from, decode(payload)),
      monitor: (direction, type, from, to = '', payload, hops, via, passed = []) => {
        const message = { type, from, to, payload: decode(payload) };
        emit(this, 'monitor', { direction, message, hops, via, passed });
        for (const each of this.#monitors.filter((one) => one.type === 'once')) this.#unwatch(each.listener, each.capture);
      },
      refused: (from, reason) => emit(this, 'refused', { from, reason }),
      serverError: (message) =>
        emit(this, 'error', { error: new BoplishError('refused', `the bootstrap server: ${message}`) }),
      failed: (error) => {
        emit(this, 'state', { state: 'offline' });
        emit(this, 'error', { error });
      },
    };
  }

  /** @internal Opens, and waits until it is known where in the network this peer is. */
  async open(url: string, timeout: number, signal: AbortSignal | undefined, join?: Join): Promise<void> {
    this.#runner.call((peer) => peer.open());
    if (join) {
      const { peer, answer } = await this.acceptInvitation(join.invitation, { signal });
      join.onAnswer(answer);
      // The server may have been quicker than people.
      await linked(this.#runner, peer, 'connect()', WAITING, signal, () => this.state === 'online');
    }
    // Who knows no server and nobody has nothing to wait for.
    if (url === '') return;
    const wait = (settled: NodeState[], time: number, late: () => BoplishError | undefined) =>
      this.#runner.until(() => settled.includes(this.state), 'connect()', time, late, signal);
    await wait(['alone', 'online'], timeout, () =>
      this.state === 'degraded'
        ? undefined
        : new BoplishError(
            'unreachable',
            `neither the bootstrap server ${url} nor any peer was reached in ${timeout} ms` +
              `${this.#reason && ` (${this.#reason})`}; is the server running, and is the address right?`,
          ),
    );
  }
}
