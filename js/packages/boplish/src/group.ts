import type { Peer } from '../wasm/boplish_web.js';
import { fromCore } from './error.js';
import { emit, typedEventTarget } from './events.js';
import { encode } from './payload.js';
import type { SendOptions } from './protocol.js';
import type { Runner } from './runner.js';

/** How to join a group. */
export interface JoinOptions {
  /**
   * Only who knows it finds the group and reads what is said there; those who pass it on can't. With
   * another password it is another group, so a wrong one leads into an empty one. Deriving the key
   * from it takes about a tenth of a second.
   */
  password?: string | undefined;
  /** How many of the last posts from before to get, as far as they are still there: 64 at most; 0 by default. */
  history?: number | undefined;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
}

/** What a member has said, to all or to this peer alone. */
export interface GroupMessage<T = unknown> {
  /** The id of the member that said it; verified. */
  readonly from: string;
  /** What it says. It comes from a stranger: check its shape. */
  readonly payload: T;
  /** Whether it was said before this peer joined; own posts from an earlier time are among these. */
  readonly isHistory: boolean;
}

/** Something was said to the group (`message`), or to this peer alone (`direct`). */
export interface GroupMessageEvent<T = unknown> extends Event, GroupMessage<T> {}

/** Somebody has come or gone. */
export interface GroupMembersEvent extends Event {
  /** As {@link Group.members}. */
  readonly members: readonly string[];
  /** As {@link Group.size}. */
  readonly size: number;
}

/** The events of a {@link Group}. */
export interface GroupEvents {
  message: GroupMessageEvent;
  direct: GroupMessageEvent;
  members: GroupMembersEvent;
}

/** Messages that wait for a loop over a group; of further ones, the oldest are dropped. */
const MAX_WAITING = 10_000;

/**
 * A group of any size: what one member says, all others hear once, and what one says in the order in
 * which it was said. It needs no server, and goes on whoever leaves.
 *
 * ```ts
 * const group = await node.join('room');
 * group.addEventListener('message', ({ from, payload }) => console.log(from, payload));
 * group.publish({ text: 'hello' });
 * ```
 */
export class Group extends typedEventTarget<GroupEvents>() {
  /** The name it was joined by. */
  readonly name: string;
  readonly #key: string;
  readonly #runner: Runner;
  readonly #forget: () => void;
  #members: string[] = [];
  #size = 1;
  #isOpen = true;
  /** What came before the application could listen. */
  #early: (() => void)[] | undefined = [];
  /** The loops over this group: what they are to see, and what wakes them. */
  readonly #loops = new Set<{ readonly waiting: GroupMessage[]; wake(): void }>();

  /** @internal */
  constructor(name: string, key: string, runner: Runner, forget: () => void) {
    super();
    this.name = name;
    this.#key = key;
    this.#runner = runner;
    this.#forget = forget;
  }

  /** The ids of other members: all if there are no more than 32, else some. */
  get members(): readonly string[] {
    return this.#members;
  }

  /** How many members there are, this peer included; in a large group, as of some seconds ago. */
  get size(): number {
    return this.#size;
  }

  /** Says something to all other members: a JSON value or a `Uint8Array`, up to 48,000 bytes. */
  publish(payload: unknown): void {
    const raw = encode(payload);
    this.#runner.call((peer) => this.#asMember(peer).publishToGroup(this.#key, raw));
  }

  /** Says something to one member alone; resolves when it has arrived there. */
  async send(member: string, payload: unknown, { signal }: SendOptions = {}): Promise<void> {
    const raw = encode(payload);
    await this.#runner.settle((peer) => this.#asMember(peer).sendToMember(this.#key, member, raw), 'send()', signal);
  }

  /** Leaves the group; joining again gives a new object. */
  leave(): void {
    if (!this.#isOpen) return;
    this.closed();
    this.#forget();
    this.#runner.read((peer) => peer.leaveGroup(this.#key), undefined);
  }

  /**
   * What is said from now on, history included. The loop ends when this peer leaves the group, or the
   * node is closed.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<GroupMessage, void, undefined> {
    let wake = () => {};
    const loop = { waiting: [] as GroupMessage[], wake: () => wake() };
    this.#loops.add(loop);
    try {
      for (;;) {
        const next = loop.waiting.shift();
        if (next) {
          yield next;
        } else if (this.#isOpen) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else {
          return;
        }
      }
    } finally {
      this.#loops.delete(loop);
    }
  }

  /** @internal The application has this object now; it listens from the next task on. */
  given(): void {
    // Timers of hidden pages are late by a second and more.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      const early = this.#early ?? [];
      this.#early = undefined;
      // Who has left, perhaps just now, hears no more.
      for (const tell of early) if (this.#isOpen) tell();
    };
    port2.postMessage(undefined);
  }

  /** @internal */
  receive(type: 'message' | 'direct', from: string, payload: unknown, isHistory: boolean): void {
    const message: GroupMessage = { from, payload, isHistory };
    this.#tell(() => {
      emit(this, type, message);
      if (type === 'direct') return;
      for (const loop of this.#loops) {
        loop.waiting.push(message);
        if (loop.waiting.length > MAX_WAITING) loop.waiting.shift();
        loop.wake();
      }
    });
  }

  /** @internal */
  changed(size: number, some: string[]): void {
    this.#members = some.filter((each) => each !== this.#runner.id);
    this.#size = Math.max(size, 1);
    this.#tell(() => emit(this, 'members', { members: this.#members, size: this.#size }));
  }

  /** @internal */
  closed(): void {
    this.#isOpen = false;
    for (const loop of this.#loops) loop.wake();
  }

  /** This peer may be in the group again after it has left, but by another object. */
  #asMember(peer: Peer): Peer {
    if (!this.#isOpen) throw fromCore(`not-joined: this peer has left the group '${this.name}'`);
    return peer;
  }

  #tell(tell: () => void): void {
    if (this.#early) this.#early.push(tell);
    else tell();
  }
}
