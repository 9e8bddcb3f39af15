import type { Host, Peer } from '../wasm/boplish_web.js';
import { type ContentHost, Contents, contentHost } from './content/contents.js';
import type { ContentOptions } from './content/types.js';
import { aborted, BoplishError, fromCore } from './error.js';
import { type GroupHost, Groups } from './groups.js';
import type { RawPayload } from './payload.js';
import { Records } from './records.js';

/** What a running core tells, apart from how sends and requests ended. */
export interface Listener {
  state?(state: 'alone' | 'online' | 'degraded' | 'offline'): void;
  server?(open: boolean): void;
  /** The bootstrap server could not be reached, this time. */
  unreachable?(reason: string): void;
  connected?(peer: string): void;
  disconnected?(peer: string, reason: string): void;
  message?(from: string, protocol: string, payload: RawPayload, hops: number, request: bigint | undefined): void;
  topology?(from: string, peers: string[], successors: string[], predecessors: string[]): void;
  members?(members: string[]): void;
  groupMessage?(from: string, payload: RawPayload): void;
  monitor?(direction: string, type: string, from: string, to: string | undefined, payload: RawPayload, hops: number, via: string | undefined, passed?: string[]): void;
  refused?(from: string | undefined, reason: string): void;
  serverError?(message: string): void;
  /** The node is dead. */
  failed?(error: BoplishError): void;
}

/** STUN and TURN servers, or how to get them. */
export type IceServers = RTCIceServer[] | (() => Promise<RTCIceServer[]> | RTCIceServer[]);

/** What the bootstrap server's operator has given to this peer, or how to get it. */
export type Token = string | (() => Promise<string> | string);

export interface RunnerOptions {
  /** The bootstrap server, as `bootstrapUrl` gives it. */
  readonly url: string;
  readonly secret: Uint8Array;
  readonly iceServers?: IceServers | undefined;
  /** Which candidates connections may use. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
  readonly token?: Token | undefined;
  /** Whether what this peer stores for the network is kept for the next that has its secret. */
  readonly isKept?: boolean | undefined;
  /** What this peer does about contents. */
  readonly content?: ContentOptions | undefined;
  /** Called once, when the node is closed, whoever closes it. */
  readonly onClosed?: (() => void) | undefined;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: BoplishError): void;
}

/** The module has panicked, which is a trap: all nodes of the page are dead, since it is theirs. */
let death: BoplishError | undefined;
/** What is told of the death. Being in here keeps peers from being freed, by the dead module. */
const mourners = new Map<Runner, () => void>();

function die(cause: unknown): void {
  if (death) return;
  death = new BoplishError(
    'internal',
    `the core of BOPlish has failed, and with it this page's nodes: ${cause}`,
    { cause },
  );
  for (const tell of [...mourners.values()]) tell();
}

/** Calls into the module. */
function enter<T>(call: () => T): T {
  if (death) throw death;
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof WebAssembly.RuntimeError) die(thrown);
    throw death ?? fromCore(thrown);
  }
}

/** Carries between a core and the classes that applications see. */
export class Runner {
  readonly id: string;
  #peer: Peer | undefined;
  readonly #onClosed: (() => void) | undefined;
  readonly #pending = new Map<bigint, Pending>();
  /** Pings under way, by peer: pongs say whom they come from, not which ping they answer. */
  readonly #pings = new Map<string, bigint[]>();
  readonly #checks = new Set<() => void>();
  /** Answers to invitations, by who invited; empty when no link has come of it. */
  readonly answers = new Map<string, string>();
  readonly #records: Records | undefined;
  /** What is told when the node is closed. */
  readonly #ends = new Set<(error: BoplishError) => void>();
  readonly #contents: Contents | undefined;
  readonly #groups = HAS_STORE ? new Groups(this) : undefined;

  constructor(PeerClass: typeof Peer, options: RunnerOptions, listener: Listener) {
    if (typeof RTCPeerConnection === 'undefined' || typeof WebSocket === 'undefined') {
      const missing = typeof RTCPeerConnection === 'undefined' ? 'WebRTC' : 'WebSocket';
      throw new BoplishError(
        'unsupported',
        `there is no ${missing} here: BOPlish runs in pages of browsers, not on servers`,
      );
    }
    this.#onClosed = options.onClosed;
    this.#peer = enter(() => new PeerClass(this.#host(listener, options), options.url, options.secret));
    this.id = enter(() => this.#peer!.id());
    if (HAS_STORE && options.isKept) {
      const restore = (record: Uint8Array) => this.read((peer) => peer.restore(record), undefined);
      this.#records = new Records(this.id, restore);
    }
    if (HAS_STORE) {
      this.#contents = new Contents(this, options.isKept ?? false, options.content ?? {});
      this.onEnd((error) => this.#contents?.close(error));
    }
    const dead = this.#peer;
    mourners.set(this, () => {
      // Nobody may touch the core again, not even those who are told.
      this.close();
      mourners.set(this, () => dead);
      guarded(() => listener.failed?.(death!));
    });
  }

  get isOpen(): boolean {
    return this.#peer !== undefined;
  }

  /** What this node does about contents; the drop-in script's does nothing. */
  get contents(): Contents {
    return this.#contents!;
  }

  /** The groups of this node; the drop-in script has none. */
  get groups(): Groups {
    return this.#groups!;
  }

  /** Calls this once, when the node is closed; returns what takes it back. */
  onEnd(tell: (error: BoplishError) => void): () => void {
    this.#ends.add(tell);
    return () => this.#ends.delete(tell);
  }

  /** Reads something; of a closed node, `closed`. */
  read<T>(ask: (peer: Peer) => T, closed: T): T {
    const peer = this.#peer;
    return peer ? enter(() => ask(peer)) : closed;
  }

  /** Gives a command. */
  call<T>(command: (peer: Peer) => T): T {
    const peer = this.#peer;
    if (!peer) throw death ?? new BoplishError('closed', 'the node is closed (connect() makes a new one)');
    return enter(() => command(peer));
  }

  /** Gives a command that returns a message id, and waits for how that message ended. */
  settle(command: (peer: Peer) => bigint, what: string, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw aborted(signal, what);
      const id = this.call(command);
      const abort = () => signal && this.#end(id)?.reject(aborted(signal, what));
      signal?.addEventListener('abort', abort);
      const done = () => signal?.removeEventListener('abort', abort);
      this.#pending.set(id, {
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
      });
    });
  }

  /** Pings; resolves to the round-trip time in ms. */
  async ping(to: string, signal?: AbortSignal): Promise<number> {
    const pings = this.#pings;
    const key = String(to).toLowerCase();
    let ping: bigint | undefined;
    const start = (peer: Peer) => {
      ping = peer.ping(to);
      pings.set(key, [...(pings.get(key) ?? []), ping]);
      return ping;
    };
    try {
      return (await this.settle(start, 'ping()', signal)) as number;
    } finally {
      const left = (pings.get(key) ?? []).filter((each) => each !== ping);
      if (left.length > 0) pings.set(key, left);
      else pings.delete(key);
    }
  }

  /** Waits for a condition, which is looked at whenever something has happened. */
  until(
    holds: () => boolean,
    what: string,
    timeout: number,
    late: () => BoplishError | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: BoplishError) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const check = () => {
        try {
          if (holds()) end();
          else if (!this.#peer) end(death ?? new BoplishError('closed', `the node was closed during ${what}`));
        } catch (error) {
          end(fromCore(error));
        }
      };
      const abort = () => signal && end(aborted(signal, what));
      const timer = setTimeout(() => end(late()), timeout);
      this.#checks.add(check);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      else check();
    });
  }

  /** Leaves the network. */
  close(): void {
    const peer = this.#peer;
    this.#peer = undefined;
    if (!peer) return;
    // Those whose node dies now are told how by `failed`.
    if (!death) guarded(() => enter(() => peer.close()));
    if (!death) mourners.delete(this);
    this.#onClosed?.();
    const error = death ?? new BoplishError('closed', 'the node was closed');
    // What the core has reported just now comes first.
    queueMicrotask(() => {
      for (const id of [...this.#pending.keys()]) this.#end(id)?.reject(error);
      for (const end of [...this.#ends]) end(error);
      this.#ends.clear();
      this.#recheck();
    });
  }

  #end(id: bigint): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #recheck(): void {
    for (const check of [...this.#checks]) check();
  }

  #host(listener: Listener, { iceServers, iceTransportPolicy, token }: RunnerOptions): Host {
    // A command's message id is known here only after the command has returned.
    const later = (id: bigint, finish: (pending: Pending) => void) =>
      queueMicrotask(() => {
        const pending = this.#end(id);
        if (pending) finish(pending);
      });
    // Nothing that an application throws may pass through the core.
    const tell = <Name extends keyof Listener>(name: Name, ...values: Parameters<Required<Listener>[Name]>) => {
      guarded(() => this.#peer && (listener[name] as ((...all: unknown[]) => void) | undefined)?.(...values));
      // What is further up the stack must not go on in a dead module.
      if (death) throw death;
      this.#recheck();
    };
    return {
      iceServers: () => resolveServers(iceServers),
      configuration: () => (iceTransportPolicy ? { iceTransportPolicy } : {}),
      // Not in the address, which ends up in logs; browsers set no headers on WebSockets.
      protocols: (own) => (token ? withToken(own, token) : own),
      // The drop-in script's core asks for none of these.
      ...((HAS_STORE ? contentHost(() => this.contents.host) : {}) as ContentHost),
      ...((HAS_STORE ? this.groups.host : {}) as GroupHost),
      state: (state) => {
        if (state === 'online') this.#contents?.online();
        tell('state', state);
      },
      server: (open) => tell('server', open),
      unreachable: (reason) => tell('unreachable', reason),
      connected: (peer) => tell('connected', peer),
      disconnected: (peer, reason) => tell('disconnected', peer, reason),
      message: (...all) => tell('message', ...all),
      delivered: (id) => later(id, (pending) => pending.resolve(undefined)),
      undelivered: (id, error) => later(id, (pending) => pending.reject(fromCore(error))),
      reply: (id, payload) => later(id, (pending) => pending.resolve(payload)),
      found: (id, ...record) => later(id, (pending) => pending.resolve(record)),
      keep: (key, record) => this.#records?.keep(key, record),
      pong: (from, roundTrip) =>
        queueMicrotask(() => {
          const [ping] = this.#pings.get(from) ?? [];
          if (ping !== undefined) this.#end(ping)?.resolve(roundTrip);
        }),
      topology: (...all) => tell('topology', ...all),
      members: (members) => tell('members', members),
      groupMessage: (from, payload) => tell('groupMessage', from, payload),
      monitor: (...all) => tell('monitor', ...all),
      refused: (from, reason) => tell('refused', from, reason),
      serverError: (message) => tell('serverError', message),
      answer: (peer, text) => {
        this.answers.set(peer, text);
        this.#recheck();
      },
      invitationFailed: (peer) => {
        this.answers.set(peer, '');
        this.#recheck();
      },
      guard: (callback) => (value) => {
        if (death) return;
        try {
          callback(value);
        } catch (thrown) {
          die(thrown);
        }
      },
    };
  }
}

/** Says that an application's callback has thrown, as the browser does for event listeners. */
export function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}

/** Calls an application's callback, which may throw. */
export function guarded(callback: () => unknown): void {
  try {
    callback();
  } catch (error) {
    report(error);
  }
}

async function withToken(own: string, token: Token): Promise<string[]> {
  return [own, `boplish.token.${(typeof token === 'string' ? token : await token()).trim()}`];
}

/** The servers to use; those that a function gives may take their time, and may fail. */
function resolveServers(servers: IceServers | undefined): RTCIceServer[] | Promise<RTCIceServer[]> {
  if (typeof servers !== 'function') return servers ?? [];
  return Promise.resolve()
    .then(servers)
    .catch((error) => {
      // Without them, peers in simple networks still connect.
      report(new BoplishError('bad-option', `iceServers() failed: ${error}`, { cause: error }));
      return [];
    });
}
