/** What a node does about contents: between the core, which decides, and the files. */
import type { Host, Peer } from '../../wasm/boplish_web.js';
import { aborted, BoplishError, fromCore } from '../error.js';
import type { Runner } from '../runner.js';
import type { StoredFile } from './files.js';
import { promised } from './promised.js';
import { ContentStorage } from './storage.js';
import type { ContentOptions } from './types.js';
import { wellKnown } from './well-known.js';

/** The part of the host that is about contents. */
export type ContentHost = Pick<
  Host,
  | 'contentRead'
  | 'contentWrite'
  | 'contentMark'
  | 'fetched'
  | 'contentHeld'
  | 'contentBytes'
  | 'contentAdd'
  | 'wellKnown'
>;

const ROOM = 1024 ** 3;

/** A range of a content that is being fetched. */
interface Fetch {
  resolve(): void;
  reject(error: BoplishError): void;
}

/** The contents of one node. */
export class Contents {
  readonly storage: ContentStorage;
  readonly #runner: Runner;
  readonly #isKept: boolean;
  readonly #serves: boolean;
  readonly #fetches = new Map<number, Fetch>();
  #isAnnounced = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the own name leads, as far as is known. */
  #root: string | undefined;
  /** Settles when nothing changes that. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(runner: Runner, isKept: boolean, options: ContentOptions) {
    const { serve = true, room = ROOM } = options;
    if (!(room >= 0)) throw new BoplishError('bad-option', `content.room is ${room}; give a number of bytes`);
    this.#runner = runner;
    this.#isKept = isKept;
    this.#serves = serve;
    this.storage = new ContentStorage(runner.id, isKept, room);
    runner.call((peer) => peer.enableContent(serve));
    this.loaded = this.#load().catch(() => {});
    // What is held for others already takes of the room.
    void this.loaded.then(() => {
      const left = Math.min(room, Number.MAX_SAFE_INTEGER) - this.storage.kept;
      this.#tell((peer) => peer.holdCopies(Math.max(0, left)));
    });
  }

  /** Settles when what was left here before is known. */
  readonly loaded: Promise<void>;

  async #load(): Promise<void> {
    for (const file of await this.storage.load()) await this.#hold(file).catch(() => {});
  }

  async #hold({ content }: StoredFile): Promise<void> {
    const [at, length] = this.#runner.call((peer) => peer.contentBits(content));
    const bits = new Uint8Array(length!);
    // A fetch that has just begun may not have written so far.
    bits.set(await this.storage.read(content, at!, length!));
    this.#runner.call((peer) => peer.holdContent(content, bits));
    if (this.#isAnnounced) this.#announce(content);
  }

  #announce(content: string): void {
    if (this.#serves) this.#runner.read((peer) => peer.announceContent(content), undefined);
  }

  /** There are others in the network. */
  online(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    void this.loaded.then(() => {
      for (const kind of ['own', 'kept', 'cached'] as const) {
        for (const content of this.storage.of(kind)) this.#announce(content);
      }
      if (this.storage.of('own').length > 0) void this.refresh();
    });
  }

  /** Writes the own name again, now and from time to time. */
  async refresh(): Promise<void> {
    let hasFailed = false;
    try {
      const root = await promised(this.#runner, (peer) => peer.refreshName(this.#lastRoot()), 'refresh');
      this.rememberRoot(root as string | undefined);
    } catch {
      hasFailed = true;
    }
    this.#refreshAgain(hasFailed);
  }

  /** Has it written again in time, from now on. */
  keepFresh(): void {
    if (this.#timer === undefined) this.#refreshAgain(false);
  }

  #refreshAgain(hasFailed: boolean): void {
    clearTimeout(this.#timer);
    const pause = this.#runner.read((peer) => peer.nextRefresh(hasFailed), undefined);
    if (pause !== undefined) this.#timer = setTimeout(() => void this.refresh(), pause);
  }

  /** The root folder that the own name led to when it was written last. */
  #lastRoot(): string | undefined {
    if (this.#root !== undefined || !this.#isKept) return this.#root;
    try {
      return localStorage.getItem(`boplish:root:${this.#runner.id}`) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps in mind where the own name leads, should everybody else forget it. */
  rememberRoot(root: string | undefined): void {
    if (root === undefined) return;
    this.#root = root;
    this.keepFresh();
    if (!this.#isKept) return;
    try {
      localStorage.setItem(`boplish:root:${this.#runner.id}`, root);
    } catch {
      // Blocked.
    }
  }

  /**
   * Changes where the own name leads, one change after the other. A change that has begun comes to its
   * end, even if the signal has ended the wait for it.
   */
  inTurn<T>(change: () => Promise<T>, what: string, signal: AbortSignal | undefined): Promise<T> {
    const changed = this.#turn.then(async () => {
      if (signal?.aborted) throw aborted(signal, what);
      await this.loaded;
      return change();
    });
    this.#turn = changed.catch(() => {});
    return promised(this.#runner, () => changed, what, signal);
  }

  /** Fetches a range; `watch` gets the token at once. */
  fetch(content: string, start: number, end: number, publisher: string, watch: (token: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = this.#runner.call((peer) => peer.fetchContent(content, start, end, publisher));
      this.#fetches.set(token, { resolve, reject });
      watch(token);
    });
  }

  /** Ends a fetch; its promise is never settled. */
  cancel(token: number): void {
    if (this.#fetches.delete(token)) this.#runner.read((peer) => peer.cancelFetch(token), undefined);
  }

  /** Forgets contents, here and for others. */
  async forget(contents: Iterable<string>): Promise<void> {
    for (const content of contents) {
      if (!this.storage.has(content)) continue;
      this.#runner.read((peer) => peer.forgetContent(content), undefined);
      await this.storage.remove(content);
    }
  }

  /** Makes room, after something was fetched. */
  async tidy(): Promise<void> {
    for (const content of await this.storage.tidy().catch(() => [])) {
      this.#runner.read((peer) => peer.forgetContent(content), undefined);
    }
  }

  close(error: BoplishError): void {
    clearTimeout(this.#timer);
    for (const { reject } of this.#fetches.values()) reject(error);
    this.#fetches.clear();
    void this.storage.close();
  }

  readonly host: ContentHost = {
    contentRead: (read, content, offset, length) => {
      const done = (bytes?: Uint8Array) => this.#tell((peer) => peer.contentRead(read, bytes));
      this.storage.read(content, offset, length).then(
        (bytes) => done(bytes.length === length ? bytes : undefined),
        () => done(),
      );
    },
    contentWrite: (content, offset, bytes, isData) => {
      const { length } = bytes;
      const done = (written?: number) => isData && this.#tell((peer) => peer.contentWritten(content, written));
      this.storage.write(content, offset, bytes).then(
        () => done(length),
        () => done(),
      );
    },
    contentMark: (content, offset, span) => {
      this.storage.mark(content, offset, span).then(
        () => this.#tell((peer) => peer.contentKept(content, span)),
        () => this.#tell((peer) => peer.contentWritten(content, undefined)),
      );
    },
    // What is here already is there before its token is known.
    fetched: (token, error) =>
      queueMicrotask(() => {
        const fetch = this.#fetches.get(token);
        this.#fetches.delete(token);
        if (error === undefined) fetch?.resolve();
        else fetch?.reject(fromCore(error));
      }),
    contentHeld: (content) => this.storage.hold(content),
    contentBytes: (content) => this.storage.read(content, 0, Number(content.slice(content.indexOf('.') + 1))),
    contentAdd: async (content, bytes, tail) => {
      const finish = () => ({ content, tail });
      await this.storage.add(only(bytes), finish);
    },
    wellKnown,
  };

  #tell(what: (peer: Peer) => void): void {
    this.#runner.read(what, undefined);
  }
}

/** The same before there are contents, which come after the core. */
export function contentHost(host: () => ContentHost): ContentHost {
  const of = <Name extends keyof ContentHost>(name: Name): ContentHost[Name] =>
    ((...values: Parameters<ContentHost[Name]>) =>
      (host()[name] as (...all: typeof values) => unknown)(...values)) as ContentHost[Name];
  return {
    contentRead: of('contentRead'),
    contentWrite: of('contentWrite'),
    contentMark: of('contentMark'),
    fetched: of('fetched'),
    contentHeld: of('contentHeld'),
    contentBytes: of('contentBytes'),
    contentAdd: of('contentAdd'),
    wellKnown: of('wellKnown'),
  };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
