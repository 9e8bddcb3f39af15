import type { Room } from '../network.ts';

/** Greetings answered within a minute; who asks more often is not heard. */
const MOST_ANSWERS = 120;
const MINUTE_MS = 60_000;
/** Who could not be reached is told again after so long. */
const AGAIN_MS = 5_000;

/**
 * Tells each member once, and it alone, what a newcomer has to know: so nothing of it is among what
 * was said. A greeting that asks is answered, as whoever came anew has forgotten the one before.
 */
export class Greeter {
  readonly #room: Room;
  readonly #greeting: (asks: boolean) => unknown;
  readonly #signal: AbortSignal;
  readonly #told = new Set<string>();
  #again: ReturnType<typeof setTimeout> | undefined;
  #answers = 0;
  #since = 0;

  constructor(room: Room, greeting: (asks: boolean) => unknown, signal: AbortSignal) {
    this.#room = room;
    this.#greeting = greeting;
    this.#signal = signal;
    room.addEventListener('members', () => this.#greet(), { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#again), { once: true });
    this.#greet();
  }

  /** Somebody's greeting has asked for one. */
  answer(id: string): void {
    const now = Date.now();
    if (now - this.#since > MINUTE_MS) {
      this.#since = now;
      this.#answers = 0;
    }
    this.#answers += 1;
    if (this.#answers > MOST_ANSWERS) return;
    this.#tell(id, false);
  }

  /** Tells all once more: there is something new in it. */
  renew(): void {
    for (const id of this.#room.members) this.#tell(id, false);
  }

  #greet(): void {
    const members = new Set(this.#room.members);
    for (const id of this.#told) if (!members.has(id)) this.#told.delete(id);
    for (const id of members) if (!this.#told.has(id)) this.#tell(id, true);
  }

  #tell(id: string, asks: boolean): void {
    this.#told.add(id);
    this.#room.send(id, this.#greeting(asks)).catch(() => {
      this.#told.delete(id);
      if (!this.#signal.aborted) this.#again ??= setTimeout(() => this.#greetAgain(), AGAIN_MS);
    });
  }

  #greetAgain(): void {
    this.#again = undefined;
    this.#greet();
  }
}
