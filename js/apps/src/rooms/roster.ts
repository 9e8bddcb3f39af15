/** Who is in a room, and what they call themselves. */

/** From this size on, a room's list of members is only a part of them. */
const LARGE = 32;
/** Names that are remembered; the ones heard least lately go first. */
const MOST_NAMES = 512;

interface Known {
  readonly name: string | undefined;
  /** When it was last heard, in ms. */
  readonly at: number;
}

/** Names as their owners tell them, and, in large rooms, who was heard of late. */
export class Roster {
  readonly #known = new Map<string, Known>();
  /** How long one that is in no list counts as here after it was heard, in ms. */
  readonly #patience: number;

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Whether that was news. */
  hear(id: string, name: string | undefined, now: number): boolean {
    const before = this.#known.get(id);
    this.#known.delete(id);
    this.#known.set(id, { name: name ?? before?.name, at: now });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_NAMES) break;
      this.#known.delete(oldest);
    }
    return before === undefined || (name !== undefined && name !== before.name);
  }

  /** Remembers a name that may be old: whoever has it need not be here. */
  recall(id: string, name: string | undefined): boolean {
    return !this.#known.has(id) && name !== undefined && this.hear(id, name, -Infinity);
  }

  nameOf(id: string): string | undefined {
    return this.#known.get(id)?.name;
  }

  /** All that are known to be here, of those others that the room knows, and of its size. */
  here(members: readonly string[], size: number, now: number): string[] {
    if (size < LARGE) return [...members];
    const here = new Set(members);
    for (const [id, { at }] of this.#known) if (now - at < this.#patience) here.add(id);
    return [...here];
  }
}

export function isLarge(size: number): boolean {
  return size >= LARGE;
}
