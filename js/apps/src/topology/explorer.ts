import { Emitter } from '../emitter.ts';
import type { Topology } from '../network.ts';
import type { Graph } from './graph.ts';
import { Knowledge, type Told } from './knowledge.ts';

/** What it needs of the session. */
export interface Asking {
  readonly id: string | undefined;
  readonly peers: readonly string[];
  readonly node: { readonly id: string; topology(peer: string): Promise<unknown> } | undefined;
  on(name: 'peers' | 'change', listener: () => void, signal?: AbortSignal): void;
  on(name: 'topology', listener: (answer: Topology) => void, signal?: AbortSignal): void;
}

/** How far one round of requests may go. */
export interface Bounds {
  /** Links from the own peer; 1 asks only those who are linked to it. */
  readonly depth: number;
  /** Peers that are asked. */
  readonly peers: number;
}

interface ExplorerEvents {
  /** The graph is another one. */
  graph: Graph;
  /** A round has begun or ended, or the interval was started or stopped. */
  activity: undefined;
}

/** Requests that wait for their answers at one time: nobody shall be overwhelmed (4.1.2). */
const AT_ONCE = 8;
/** So long the own links stand still before others are asked by themselves. */
const STILL_MS = 700;
/** Answers come in bursts; the graph is made of several at once. */
const SETTLE_MS = 60;

/** Asks the network who is linked to whom by topo-protocol, and keeps the graph of the answers. */
export class Explorer extends Emitter<ExplorerEvents> {
  readonly #session: Asking;
  readonly #knowledge = new Knowledge();
  /** Whom this page has asked: nobody else's answers are taken. */
  readonly #asked = new Set<string>();
  #graph: Graph;
  #isStale = false;
  #round: AbortController | undefined;
  #interval: ReturnType<typeof setInterval> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  bounds: Bounds;

  constructor(session: Asking, bounds: Bounds, signal: AbortSignal) {
    super();
    this.#session = session;
    this.bounds = bounds;
    this.#knowledge.setOwn(session.id, session.peers);
    this.#graph = this.#knowledge.graph();
    const look = (): void => {
      this.#knowledge.setOwn(session.id, session.peers);
      this.#change();
    };
    session.on('peers', look, signal);
    session.on('change', look, signal);
    session.on('topology', (answer) => {
      if (!this.#asked.has(answer.from)) return;
      this.#knowledge.learn(answer, Date.now());
      this.#change();
    }, signal);
    signal.addEventListener('abort', () => this.#stopAll(), { once: true });
  }

  get graph(): Graph {
    if (this.#isStale) {
      this.#isStale = false;
      this.#graph = this.#knowledge.graph();
    }
    return this.#graph;
  }

  /** Whether answers are being waited for. */
  get isAsking(): boolean {
    return this.#round !== undefined;
  }

  get isRepeating(): boolean {
    return this.#interval !== undefined;
  }

  /** What the peer has said, and when. */
  told(peer: string): Told | undefined {
    return this.#knowledge.told(peer);
  }

  /**
   * Sends a request when the own links have changed and then stood still for a moment, since who
   * joins gets several at once: each time, or only the first time.
   */
  askWhenLinked(isOnce: boolean, signal: AbortSignal): void {
    const done = new AbortController();
    const ended = AbortSignal.any([signal, done.signal]);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (): void => {
      clearTimeout(timer);
      if (this.#session.peers.length === 0) return;
      timer = setTimeout(() => {
        if (isOnce) done.abort();
        void this.sendRequest();
      }, STILL_MS);
    };
    this.#session.on('peers', wait, ended);
    ended.addEventListener('abort', () => clearTimeout(timer), { once: true });
    wait();
  }

  /** One round: asks all who are linked, and whom they tell of, as far as the bounds allow. */
  async sendRequest(): Promise<void> {
    if (this.#round !== undefined || this.#session.node === undefined) return;
    const round = new AbortController();
    this.#round = round;
    this.emit('activity', undefined);
    await this.#explore(round.signal);
    if (this.#round === round) {
      this.#round = undefined;
      this.emit('activity', undefined);
    }
  }

  /** Asks one peer, however far it is; whether it has answered. */
  async ask(peer: string): Promise<boolean> {
    const { node } = this.#session;
    if (node === undefined || peer === node.id) return false;
    this.#asked.add(peer);
    try {
      await node.topology(peer);
      return true;
    } catch {
      if (this.#asked.has(peer)) {
        this.#knowledge.noteSilence(peer);
        this.#change();
      }
      return false;
    }
  }

  startInterval(seconds: number): void {
    clearInterval(this.#interval);
    this.#interval = setInterval(() => {
      if (!document.hidden) void this.sendRequest();
    }, seconds * 1000);
    this.emit('activity', undefined);
    void this.sendRequest();
  }

  stopInterval(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
    this.emit('activity', undefined);
  }

  /** Forgets all that was learned; answers that are still on their way count no more. */
  reset(): void {
    this.#round?.abort();
    this.#round = undefined;
    this.#asked.clear();
    this.#knowledge.forget();
    this.#isStale = true;
    this.#tell();
    this.emit('activity', undefined);
  }

  async #explore(signal: AbortSignal): Promise<void> {
    const done = new Set<string>();
    const running = new Set<Promise<unknown>>();
    for (;;) {
      if (signal.aborted) return;
      const next = done.size < this.bounds.peers ? this.#nextToAsk(done) : undefined;
      if (next !== undefined && running.size < AT_ONCE) {
        done.add(next);
        const asking = this.ask(next).finally(() => running.delete(asking));
        running.add(asking);
      } else if (running.size > 0) {
        await Promise.race(running);
      } else {
        return;
      }
    }
  }

  /** The nearest one that was not asked yet in this round, within the depth. */
  #nextToAsk(done: ReadonlySet<string>): string | undefined {
    let nearest: { readonly id: string; readonly distance: number } | undefined;
    for (const { id, distance = Infinity } of this.graph.peers) {
      if (distance === 0 || distance > this.bounds.depth || done.has(id)) continue;
      if (nearest === undefined || distance < nearest.distance) nearest = { id, distance };
    }
    return nearest?.id;
  }

  #change(): void {
    this.#isStale = true;
    this.#settling ??= setTimeout(() => this.#tell(), SETTLE_MS);
  }

  #tell(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.emit('graph', this.graph);
  }

  #stopAll(): void {
    this.#round?.abort();
    clearInterval(this.#interval);
    clearTimeout(this.#settling);
  }
}
