import { BoplishError } from './error.js';
import { emit, typedEventTarget } from './events.js';
import { encode } from './payload.js';
import type { SendOptions } from './protocol.js';
import type { Runner } from './runner.js';

/** The group has other members now. */
export interface BopcastMembersEvent extends Event {
  /** The ids of the members, without the own one. */
  readonly members: readonly string[];
}

/** A message to the group has come. */
export interface BopcastMessageEvent<T = unknown> extends Event {
  /** The id of the member that sent it. */
  readonly from: string;
  /** What it says. It comes from a stranger: check its shape. */
  readonly payload: T;
}

/** The events of a {@link BopcastGroup}. */
export interface BopcastEvents {
  members: BopcastMembersEvent;
  message: BopcastMessageEvent;
}

/** How long a peer may take to let us in, in ms. */
const REGISTER_TIMEOUT = 15_000;

/** The report's bopcast group: whoever registers with one member gets to know all of them. */
export class BopcastGroup extends typedEventTarget<BopcastEvents>() {
  readonly #runner: Runner;

  /** @internal */
  constructor(runner: Runner) {
    super();
    this.#runner = runner;
  }

  /** The ids of the members, without the own one. */
  get members(): string[] {
    return this.#runner.read((peer) => peer.groupMembers(), []);
  }

  /** Asks a peer to share a group; resolves when it is a member. */
  async register(peer: string, { signal }: SendOptions = {}): Promise<void> {
    const id = peer.toLowerCase();
    this.#runner.call((core) => core.registerInGroup(peer));
    await this.#runner.until(
      () => this.members.includes(id),
      'register()',
      REGISTER_TIMEOUT,
      () => new BoplishError('no-reply', `peer ${peer} did not let this one into its group in time`),
      signal,
    );
  }

  /** Sends to every member. */
  send(payload: unknown): void {
    const raw = encode(payload);
    this.#runner.call((peer) => peer.sendToGroup(raw));
  }

  /** @internal */
  changed(members: string[]): void {
    emit(this, 'members', { members });
  }

  /** @internal */
  receive(from: string, payload: unknown): void {
    emit(this, 'message', { from, payload });
  }
}
