import { Emitter } from '../emitter.ts';
import type { Network, PublishProgress } from '../network.ts';
import type { Session } from '../session.ts';
import type { Chosen, Part } from './chosen.ts';
import { parseName, type Name } from './name.ts';
import { codeOf, isAborted } from './trouble.ts';

/** What to publish, and how. */
export interface Order {
  readonly chosen: Chosen;
  /** Sanitised. */
  readonly path: string;
  readonly copies: number;
  readonly anew: boolean;
}

/** How it has ended. */
export type Outcome =
  | { readonly kind: 'published'; readonly name: Name; readonly holders: readonly string[] }
  /** It has its name, but fewer copies than were asked for. */
  | { readonly kind: 'few-copies'; readonly name: Name; readonly holders: readonly string[]; readonly isStopped: boolean }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: unknown };

interface JobEvents {
  progress: undefined;
  end: Outcome;
}

const jobs = new WeakMap<Session, Job>();

/** Something that is being published, or was: it outlives the page, as the node does. */
export class Job extends Emitter<JobEvents> {
  readonly order: Order;
  readonly #abort = new AbortController();
  #progress: PublishProgress = { phase: 'reading', file: undefined, done: 0, total: undefined, holders: [] };
  #part = 0;
  #outcome: Outcome | undefined;

  private constructor(order: Order) {
    super();
    this.order = order;
  }

  /** The one of this session, if there is one. */
  static of(session: Session): Job | undefined {
    return jobs.get(session);
  }

  static start(session: Session, node: Network, order: Order): Job {
    const job = new Job(order);
    jobs.set(session, job);
    void job.#run(node);
    return job;
  }

  static forget(session: Session): void {
    jobs.delete(session);
  }

  get progress(): PublishProgress {
    return this.#progress;
  }

  /** Which of the order's parts it is about, counted from 1. */
  get part(): number {
    return this.#part;
  }

  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  cancel(): void {
    this.#abort.abort();
  }

  async #run(node: Network): Promise<void> {
    this.#outcome = await this.#publish(node);
    this.emit('end', this.#outcome);
  }

  async #publish(node: Network): Promise<Outcome> {
    const { chosen, path } = this.order;
    let name: Name = { uid: node.id, segments: path.split('/') };
    let isShort = false;
    try {
      for (const part of chosen.parts) {
        this.#part += 1;
        try {
          const uri = await this.#publishPart(node, part);
          if (part.below === '') name = parseName(uri) ?? name;
        } catch (error) {
          if (codeOf(error) !== 'no-copies') throw error;
          isShort = true;
        }
      }
    } catch (error) {
      if (!isAborted(error)) return { kind: 'failed', error };
      // What waits for copies has its name already.
      const isThere = this.#progress.phase === 'copying' && this.#part === chosen.parts.length;
      if (!isThere) return { kind: 'cancelled' };
      return { kind: 'few-copies', name, holders: this.#progress.holders, isStopped: true };
    }
    const { holders } = this.#progress;
    return isShort ? { kind: 'few-copies', name, holders, isStopped: false } : { kind: 'published', name, holders };
  }

  #publishPart(node: Network, { below, source }: Part): Promise<string> {
    const { path, copies, anew } = this.order;
    return node.publish(below === '' ? path : `${path}/${below}`, source, {
      signal: this.#abort.signal,
      replicate: copies,
      anew: anew && this.#part === 1,
      onProgress: (progress) => {
        this.#progress = progress;
        this.emit('progress', undefined);
      },
    });
  }
}
