import type { Direction, Message, Monitored } from '../network.ts';
import { everything, type Filter, matcherOf } from './filter.ts';
import { weightOf } from './payload.ts';

/** A message as the list keeps it; numbers grow by one, so that they name it. */
export interface Entry {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly direction: Direction;
  readonly message: Message;
  readonly hops: number | undefined;
  readonly via: string | undefined;
  /** The peers that have sent it on, the sender first; empty if that was not noted. */
  readonly passed: readonly string[];
}

/** What the log keeps at most: messages, and characters of their payloads. */
export interface Capacity {
  readonly messages: number;
  readonly characters: number;
}

/** The newest messages, up to a capacity; older ones are dropped and counted. */
export class MessageLog {
  readonly capacity: Capacity;
  #entries: Entry[] = [];
  /** The weights of the entries, in their order. */
  #weights: number[] = [];
  #weight = 0;
  #frozen: readonly Entry[] | undefined;
  #filter = everything;
  #matches = matcherOf(everything);
  /** Of what is shown or frozen, what the filter lets through, oldest first. */
  #matching: Entry[] = [];
  #waiting = 0;
  #dropped = 0;
  #next = 1;

  constructor(capacity: Capacity) {
    this.capacity = capacity;
  }

  /** How many messages are kept; while paused, how many were when the pause began. */
  get count(): number {
    return (this.#frozen ?? this.#entries).length;
  }

  /** How many messages no longer fit. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How many have come since the pause. */
  get waiting(): number {
    return this.#waiting;
  }

  get paused(): boolean {
    return this.#frozen !== undefined;
  }

  get filter(): Filter {
    return this.#filter;
  }

  add({ direction, message, hops, via, passed = [] }: Monitored, time: number): Entry {
    const entry = { number: this.#next, time, direction, message, hops, via, passed };
    const weight = weightOf(message.payload);
    this.#next += 1;
    this.#entries.push(entry);
    this.#weights.push(weight);
    this.#weight += weight;
    if (this.paused) this.#waiting += 1;
    else if (this.#matches(entry)) this.#matching.push(entry);
    const { messages, characters } = this.capacity;
    while (this.#entries.length > messages || (this.#weight > characters && this.#entries.length > 1)) {
      this.#dropOldest();
    }
    return entry;
  }

  /** Keeps what is shown as it is, while new messages go on being collected. */
  pause(): void {
    this.#frozen ??= this.#entries.slice();
  }

  resume(): void {
    this.#frozen = undefined;
    this.#waiting = 0;
    this.#match();
  }

  /** Forgets everything, what was dropped too; a pause stays a pause. */
  clear(): void {
    this.#entries = [];
    this.#weights = [];
    this.#weight = 0;
    this.#dropped = 0;
    this.#waiting = 0;
    if (this.paused) this.#frozen = [];
    this.#matching = [];
  }

  filterBy(filter: Filter): void {
    this.#filter = filter;
    this.#matches = matcherOf(filter);
    this.#match();
  }

  /** What the filter lets through, newest first. */
  shown(): Entry[] {
    return this.#matching.slice().reverse();
  }

  /** Of what is kept, how many messages went in each direction, whatever the filter says. */
  counts(): Readonly<Record<Direction, number>> {
    const counts = { incoming: 0, outgoing: 0, forwarded: 0 };
    for (const { direction } of this.#frozen ?? this.#entries) counts[direction] += 1;
    return counts;
  }

  /** The protocols and peers of what is kept. */
  seen(): { readonly protocols: ReadonlySet<string>; readonly peers: ReadonlySet<string> } {
    const protocols = new Set<string>();
    const peers = new Set<string>();
    for (const { message, via, passed } of this.#frozen ?? this.#entries) {
      protocols.add(message.type);
      for (const id of [message.from, message.to, via ?? '', ...passed]) if (id !== '') peers.add(id);
    }
    return { protocols, peers };
  }

  #match(): void {
    this.#matching = (this.#frozen ?? this.#entries).filter(this.#matches);
  }

  #dropOldest(): void {
    const oldest = this.#entries.shift();
    this.#weight -= this.#weights.shift() ?? 0;
    this.#dropped += 1;
    // What a pause shows stays.
    if (!this.paused && this.#matching[0] === oldest) this.#matching.shift();
  }
}
