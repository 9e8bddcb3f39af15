/** Who is in a room, and what they call themselves. */

/** Names that are remembered; the ones heard least lately go first. */
const MOST_NAMES = 512;

interface Known {
  readonly name: string | undefined;
  /** When the name was told, as its owner counts. */
  readonly toldAt: number;
  /** When the peer was last heard, in ms. */
  readonly heardAt: number;
}

/** What a peer has told of itself. */
export interface Told {
  readonly name: string | undefined;
  /** Greater with each name: of two ways that a name has come, one may be slow. */
  readonly toldAt: number;
}

/** Names as their owners tell them, and, where the room's list is not all, who was heard of late. */
export class Roster {
  readonly #known = new Map<string, Known>();
  /** How long one that is in no list counts as here after it was heard, in ms. */
  readonly #patience: number;

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Whether that was news. */
  hear(id: string, { name, toldAt }: Told, now: number): boolean {
    const before = this.#known.get(id);
    const isNewer = name !== undefined && (before?.name === undefined || toldAt >= before.toldAt);
    const known = isNewer ? { name, toldAt } : { name: before?.name, toldAt: before?.toldAt ?? 0 };
    this.#known.delete(id);
    this.#known.set(id, { ...known, heardAt: now });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_NAMES) break;
      this.#known.delete(oldest);
    }
    return before === undefined || known.name !== before.name;
  }

  /** Remembers the name of somebody who need not be here. */
  recall(id: string, told: Told): boolean {
    return this.hear(id, told, this.#known.get(id)?.heardAt ?? -Infinity);
  }

  nameOf(id: string): string | undefined {
    return this.#known.get(id)?.name;
  }

  /** All that are known to be here, of those others that the room knows, and of its size. */
  here(members: readonly string[], size: number, now: number): string[] {
    if (!isPartial(members, size)) return [...members];
    const here = new Set(members);
    for (const [id, { heardAt }] of this.#known) if (now - heardAt < this.#patience) here.add(id);
    return [...here];
  }
}

/** Whether a room knows more others than it can list. */
export function isPartial(members: readonly string[], size: number): boolean {
  return members.length + 1 < size;
}
