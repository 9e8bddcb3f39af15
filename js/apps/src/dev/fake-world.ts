import type { Topology } from '../network.ts';

/** So many beside a peer on each side of the ring are linked to it. */
const NEAR = 2;
/** So many of them it tells of. */
const TOLD = 4;
/** One in so many never answers. */
const SILENT = 17;

/** A ring of peers that exist in memory only, with links near and across. */
export class FakeWorld {
  readonly #own: string;
  readonly #ring: readonly string[];
  readonly #links = new Map<string, Set<string>>();

  constructor(own: string, peers: number, linksEach: number) {
    this.#own = own;
    const others = Array.from({ length: peers - 1 }, randomId);
    this.#ring = [own, ...others].sort();
    for (const id of this.#ring) this.#links.set(id, new Set());
    this.#ring.forEach((id, index) => {
      for (let step = 1; step <= NEAR; step += 1) this.#link(id, this.#at(index + step));
    });
    const wanted = (peers * linksEach) / 2;
    for (let count = peers * NEAR; count < wanted; ) {
      const from = Math.floor(Math.random() * peers);
      const to = from + Math.floor(2 ** (Math.random() * Math.log2(peers)));
      if (this.#link(this.#at(from), this.#at(to))) count += 1;
    }
  }

  links(peer: string): readonly string[] {
    return [...(this.#links.get(peer) ?? [])];
  }

  /** What the peer says of itself; undefined if it says nothing. */
  answer(peer: string): Topology | undefined {
    const index = this.#ring.indexOf(peer);
    const isLinked = this.#links.get(this.#own)?.has(peer) === true;
    if (index < 0 || (!isLinked && index % SILENT === 3)) return undefined;
    const beside = (step: number): string[] =>
      Array.from({ length: TOLD }, (_, distance) => this.#at(index + step * (distance + 1)));
    return { from: peer, peers: this.links(peer), successors: beside(1), predecessors: beside(-1) };
  }

  #at(index: number): string {
    const { length } = this.#ring;
    return this.#ring[((index % length) + length) % length] ?? this.#own;
  }

  /** Whether that is a new one. */
  #link(a: string, b: string): boolean {
    if (a === b || this.#links.get(a)?.has(b) === true) return false;
    this.#links.get(a)?.add(b);
    this.#links.get(b)?.add(a);
    return true;
  }
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(20)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
