import type { Direction, Message, Monitored } from '../network.ts';

/** A message as the list keeps it; numbers grow by one, so that they name it. */
export interface Entry {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly direction: Direction;
  readonly message: Message;
  readonly hops: number | undefined;
}

/** The newest messages, up to a capacity; older ones are dropped and counted. */
export class MessageLog {
  readonly capacity: number;
  #entries: Entry[] = [];
  #frozen: readonly Entry[] | undefined;
  #waiting = 0;
  #dropped = 0;
  #next = 1;

  constructor(capacity: number) {
    this.capacity = capacity;
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

  add({ direction, message, hops }: Monitored, time: number): Entry {
    const entry = { number: this.#next, time, direction, message, hops };
    this.#next += 1;
    this.#entries.push(entry);
    if (this.#entries.length > this.capacity) {
      this.#entries.shift();
      this.#dropped += 1;
    }
    if (this.paused) this.#waiting += 1;
    return entry;
  }

  /** Keeps what is shown as it is, while new messages go on being collected. */
  pause(): void {
    this.#frozen ??= this.#entries.slice();
  }

  resume(): void {
    this.#frozen = undefined;
    this.#waiting = 0;
  }

  /** Forgets everything, what was dropped too; a pause stays a pause. */
  clear(): void {
    this.#entries = [];
    this.#dropped = 0;
    this.#waiting = 0;
    if (this.paused) this.#frozen = [];
  }

  /** What is to be shown, newest first, in the given directions. */
  shown(directions: ReadonlySet<Direction>): Entry[] {
    return (this.#frozen ?? this.#entries)
      .filter((entry) => directions.has(entry.direction))
      .reverse();
  }

  /** How many of the kept messages went in each direction. */
  counts(): Readonly<Record<Direction, number>> {
    const counts = { incoming: 0, outgoing: 0, forwarded: 0 };
    for (const { direction } of this.#frozen ?? this.#entries) counts[direction] += 1;
    return counts;
  }
}
