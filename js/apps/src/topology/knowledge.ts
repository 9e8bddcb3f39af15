import type { Topology } from '../network.ts';
import { graphOf, type Graph } from './graph.ts';

/** An answer, and when it came: later ones are believed more. */
export interface Told extends Topology {
  readonly order: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Peers that are taken from one list of an answer; more links than that has nobody. */
const LONGEST_LIST = 1024;
const ID = /^[0-9a-f]{40}$/;

/** What the own peer knows of the network: its own links, and what others have said of theirs. */
export class Knowledge {
  readonly #told = new Map<string, Told>();
  readonly #silent = new Set<string>();
  #own: string | undefined;
  #links: readonly string[] = [];
  #order = 0;

  /** The own peer and its links, as they are now. */
  setOwn(own: string | undefined, links: readonly string[]): void {
    this.#own = own;
    this.#links = links;
  }

  /** Takes an answer in the place of that peer's former one. */
  learn(answer: Topology, time: number): void {
    const { from } = answer;
    if (!ID.test(from) || from === this.#own) return;
    const list = (ids: readonly string[]): string[] =>
      [...new Set(ids.slice(0, LONGEST_LIST))].filter((id) => ID.test(id) && id !== from);
    this.#order += 1;
    this.#silent.delete(from);
    this.#told.set(from, {
      from,
      peers: list(answer.peers),
      successors: list(answer.successors),
      predecessors: list(answer.predecessors),
      order: this.#order,
      time,
    });
  }

  /** A peer has not answered: what it said before may be wrong by now. */
  noteSilence(peer: string): void {
    this.#told.delete(peer);
    this.#silent.add(peer);
  }

  /** Forgets what others have said; the own links are no hearsay. */
  forget(): void {
    this.#told.clear();
    this.#silent.clear();
  }

  told(peer: string): Told | undefined {
    return this.#told.get(peer);
  }

  graph(): Graph {
    const graph = graphOf(this.#own, this.#links, this.#told, this.#silent);
    // What was said by peers that nobody knows any more.
    for (const peer of this.#told.keys()) if (!graph.byId.has(peer)) this.#told.delete(peer);
    for (const peer of this.#silent) if (!graph.byId.has(peer)) this.#silent.delete(peer);
    return graph;
  }
}
