/** The groups of a node: between the core, which decides, and {@link Group}. */
import type { Host } from '../wasm/boplish_web.js';
import { aborted, BoplishError } from './error.js';
import { Group, type JoinOptions } from './group.js';
import { decode } from './payload.js';
import type { Runner } from './runner.js';

/** How long to look for a place in the group, in ms. */
const JOIN_TIMEOUT = 30_000;

interface Membership {
  readonly group: Group;
  isJoined: boolean;
  /** Calls that wait for a place in the group; they end when it is there, or with an error. */
  readonly waiting: Set<(error?: BoplishError) => void>;
}

/** The part of the host that is about groups. */
export type GroupHost = Pick<Host, 'groupJoined' | 'groupPost' | 'groupDirect' | 'groupSize'>;

/** The groups of a node, by their keys. */
export class Groups {
  readonly #runner: Runner;
  readonly #memberships = new Map<string, Membership>();

  constructor(runner: Runner) {
    this.#runner = runner;
    runner.onEnd((error) => {
      for (const { group, waiting } of this.#memberships.values()) {
        group.closed();
        for (const end of [...waiting]) end(error);
      }
    });
  }

  /** Joins a group; the same name and password give the same object. */
  async join(name: string, { password, history = 0, signal }: JoinOptions): Promise<Group> {
    if (signal?.aborted) throw aborted(signal, 'join()');
    if (!Number.isInteger(history) || history < 0) {
      throw new BoplishError('bad-option', `history: ${history} is no number of posts`);
    }
    const key = this.#runner.call((peer) => peer.joinGroup(String(name), password, history));
    const membership = this.#memberships.get(key) ?? this.#begin(name, key);
    await this.#joined(name, membership, signal);
    return membership.group;
  }

  #begin(name: string, key: string): Membership {
    const group = new Group(name, key, this.#runner, () => this.#memberships.delete(key));
    const membership = { group, isJoined: false, waiting: new Set<(error?: BoplishError) => void>() };
    this.#memberships.set(key, membership);
    return membership;
  }

  /** Waits for a place in the group. */
  #joined(name: string, membership: Membership, signal: AbortSignal | undefined): Promise<void> {
    const { group, waiting } = membership;
    if (membership.isJoined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (error?: BoplishError) => {
        clearTimeout(timer);
        waiting.delete(end);
        signal?.removeEventListener('abort', abort);
        if (!error) return resolve();
        // Nobody else waits for it: it need not be looked for any longer.
        if (!membership.isJoined && waiting.size === 0) group.leave();
        reject(error);
      };
      const abort = () => signal && end(aborted(signal, 'join()'));
      const late = `no place in the group '${name}' was found in ${JOIN_TIMEOUT} ms; is this peer online?`;
      const timer = setTimeout(() => end(new BoplishError('timed-out', late)), JOIN_TIMEOUT);
      waiting.add(end);
      signal?.addEventListener('abort', abort);
    });
  }

  /** A group's key is known here only after the call that has joined it has returned. */
  #of(key: string, tell: (membership: Membership) => void): void {
    queueMicrotask(() => {
      const membership = this.#memberships.get(key);
      if (membership) tell(membership);
    });
  }

  /** What the core calls. */
  readonly host: GroupHost = {
    groupJoined: (key) =>
      this.#of(key, (membership) => {
        if (membership.isJoined) return;
        membership.isJoined = true;
        membership.group.given();
        for (const end of [...membership.waiting]) end();
      }),
    groupPost: (key, from, payload, isHistory) =>
      this.#of(key, ({ group }) => group.receive('message', from, decode(payload), isHistory)),
    groupDirect: (key, from, payload) =>
      this.#of(key, ({ group }) => group.receive('direct', from, decode(payload), false)),
    groupSize: (key, size, some) => this.#of(key, ({ group }) => group.changed(size, some)),
  };
}
