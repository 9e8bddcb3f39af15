/** The files of contents, as the page sees them: in a worker's private file system, or in memory. */
import { LONGEST_LIFE } from '../records.js';
import { buffered } from './buffered.js';
import { Files, type Kind, memory, type StoredFile } from './files.js';
import type { Call, Calls, Result } from './messages.js';
import { workerSource } from 'boplish:worker';

interface Entry {
  kind: Kind;
  size: number;
  /** When it was last of use, in ms since 1970. */
  used: number;
  /** How many read or write it now. */
  users: number;
}

/** The contents that an identity has. */
export class ContentStorage {
  readonly #folder: string;
  readonly #isKept: boolean;
  readonly #room: number;
  readonly #entries = new Map<string, Entry>();
  #calls: Promise<Calls> | undefined;
  #worker: Worker | undefined;

  /**
   * Those of a tab's own identity go with it; those that were fetched stay within so many bytes.
   */
  constructor(id: string, isKept: boolean, room: number) {
    this.#folder = isKept ? id : `tab-${id}`;
    this.#isKept = isKept;
    this.#room = room;
  }

  /** What was left here before; without beginning to keep anything. */
  async load(): Promise<StoredFile[]> {
    void sweep(this.#folder);
    if (!this.#isKept || !(await exists(this.#folder))) return [];
    const files = await (await this.#files()).load();
    const left = [];
    for (const file of files) {
      // What was kept for others has outlived every name that leads to it.
      if (file.kind === 'kept' && file.written < Date.now() - LONGEST_LIFE) {
        await (await this.#files()).remove(file.content);
        continue;
      }
      this.#entries.set(file.content, { kind: file.kind, size: file.size, used: file.written, users: 0 });
      left.push(file);
    }
    return left;
  }

  /** Whether a content, or a part of it, is here. */
  has(content: string): boolean {
    return this.#entries.has(content);
  }

  /** The contents of a kind. */
  of(kind: Kind): string[] {
    return [...this.#entries].filter(([, entry]) => entry.kind === kind).map(([content]) => content);
  }

  async read(content: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.#entries.get(content);
    if (entry) entry.used = Date.now();
    return (await this.#files()).read(content, offset, length);
  }

  async write(content: string, offset: number, bytes: Uint8Array): Promise<void> {
    const entry = this.#entry(content, 'cached');
    entry.size = Math.max(entry.size, offset + bytes.length);
    entry.used = Date.now();
    return (await this.#files()).write(content, offset, bytes);
  }

  async mark(content: string, offset: number, bit: number): Promise<void> {
    return (await this.#files()).mark(content, offset, bit);
  }

  /** Keeps what a stream gives; `finish` says which content that is, and what follows its bytes. */
  async add(
    chunks: AsyncIterable<Uint8Array>,
    finish: () => { content: string; tail: Uint8Array },
  ): Promise<string> {
    const files = await this.#files();
    const file = await files.begin();
    try {
      let size = 0;
      // The next chunk is read while one is written.
      let written: Promise<void> = Promise.resolve();
      for await (const chunk of chunks) {
        await written;
        size += chunk.length;
        written = files.append(file, chunk);
        written.catch(() => {});
      }
      await written;
      const { content, tail } = finish();
      await files.append(file, tail);
      await files.finish(file, content);
      const entry = this.#entry(content, 'own');
      entry.kind = 'own';
      entry.size = size + tail.length;
      return content;
    } catch (error) {
      await files.giveUp(file).catch(() => {});
      throw error;
    }
  }

  /** Keeps a content for others, who rely on it; rejects if it is not here. What was published here stays `own`. */
  async hold(content: string): Promise<void> {
    const entry = this.#entries.get(content);
    if (!entry) throw new Error(`${content} is not here any more`);
    if (entry.kind !== 'cached') return;
    // From now on it makes no room for others.
    entry.kind = 'kept';
    try {
      await (await this.#files()).move(content, 'kept');
    } catch (error) {
      entry.kind = 'cached';
      throw error;
    }
  }

  async remove(content: string): Promise<void> {
    this.#entries.delete(content);
    await (await this.#files()).remove(content);
  }

  /** Keeps a content from being removed while it is used; returns what ends that. */
  use(content: string): () => void {
    const entry = this.#entry(content, 'cached');
    entry.users += 1;
    return () => {
      entry.users -= 1;
      entry.used = Date.now();
      // Nothing of it has come.
      if (entry.users === 0 && entry.size === 0) this.#entries.delete(content);
    };
  }

  /** Removes what was fetched longest ago until the rest has room; returns what has gone. */
  async tidy(): Promise<string[]> {
    const cached = [...this.#entries].filter(([, entry]) => entry.kind === 'cached');
    let total = cached.reduce((sum, [, entry]) => sum + entry.size, 0);
    const gone = [];
    for (const [content, entry] of cached.sort(([, one], [, other]) => one.used - other.used)) {
      if (total <= this.#room) break;
      // While others went, somebody may have begun to rely on it.
      if (entry.users > 0 || entry.kind !== 'cached') continue;
      total -= entry.size;
      gone.push(content);
      await this.remove(content);
    }
    return gone;
  }

  /** Bytes that are held for others. */
  get kept(): number {
    return [...this.#entries.values()].reduce((sum, entry) => sum + (entry.kind === 'kept' ? entry.size : 0), 0);
  }

  /** Lets go of all files, for the next page. */
  async close(): Promise<void> {
    const calls = this.#calls;
    if (!calls) return;
    this.#calls = Promise.reject(new Error('the node is closed'));
    this.#calls.catch(() => {});
    await (await calls).close().catch(() => {});
    this.#worker?.terminate();
    if (!this.#isKept) await removeFolder(this.#folder);
  }

  #entry(content: string, kind: Kind): Entry {
    let entry = this.#entries.get(content);
    if (!entry) {
      entry = { kind, size: 0, used: Date.now(), users: 0 };
      this.#entries.set(content, entry);
    }
    return entry;
  }

  #files(): Promise<Calls> {
    this.#calls ??= this.#start();
    return this.#calls;
  }

  async #start(): Promise<Calls> {
    if (!this.#isKept) claim(this.#folder);
    try {
      const [worker, calls] = await startWorker(this.#folder);
      this.#worker = worker;
      return calls;
    } catch {
      // Private windows, old browsers, and pages that allow no workers.
      return new Files(memory());
    }
  }
}

/** A worker that has opened a folder, and its methods. */
async function startWorker(folder: string): Promise<[Worker, Calls]> {
  const url = URL.createObjectURL(new Blob([workerSource], { type: 'text/javascript' }));
  const worker = new Worker(url);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 0;
  // Messages cost more than what they say: what is called while the worker has enough to do goes in one.
  let calls: Call[] = [];
  let underWay = 0;
  const post = () => {
    if (calls.length === 0 || underWay === MAX_UNDER_WAY) return;
    underWay += 1;
    // What the core hands out is nobody else's.
    const written = calls.map(({ method, values }) => (method === 'write' ? values[2] : undefined));
    const moved = written.flatMap((bytes) => (bytes instanceof Uint8Array ? [bytes.buffer] : []));
    worker.postMessage(calls, moved);
    calls = [];
  };
  const call = (method: Call['method'], ...values: unknown[]) =>
    new Promise<any>((resolve, reject) => {
      next += 1;
      waiting.set(next, { resolve, reject });
      calls.push({ id: next, method, values });
      post();
    });
  worker.onmessage = ({ data }: MessageEvent<Result[]>) => {
    underWay -= 1;
    post();
    for (const { id, value, error } of data) {
      const one = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) one?.resolve(value);
      else one?.reject(new Error(error));
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const one of waiting.values()) one.reject(new Error(event.message || 'the worker did not start'));
    waiting.clear();
  };
  try {
    await call('open', folder);
  } catch (error) {
    worker.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  return [
    worker,
    buffered({
      load: () => call('load'),
      read: (...values) => call('read', ...values),
      write: (...values) => call('write', ...values),
      mark: (...values) => call('mark', ...values),
      begin: () => call('begin'),
      append: (...values) => call('append', ...values),
      finish: (...values) => call('finish', ...values),
      giveUp: (...values) => call('giveUp', ...values),
      move: (...values) => call('move', ...values),
      remove: (...values) => call('remove', ...values),
      close: () => call('close'),
    }),
  ];
}

/** Messages that a worker has and has not answered. */
const MAX_UNDER_WAY = 2;

const LOCK = 'boplish:content:';

/** A tab's own folder is in use for as long as the page lives. */
function claim(folder: string): void {
  navigator.locks?.request(LOCK + folder, () => new Promise<void>(() => {})).catch(() => {});
}

/** All folders, if there is a private file system. */
async function folders(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle('boplish');
  } catch {
    return undefined;
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await (await folders())!.getDirectoryHandle(folder);
    return true;
  } catch {
    return false;
  }
}

async function removeFolder(folder: string): Promise<void> {
  // Where it can't be removed now, a later page sweeps it.
  await (await folders())?.removeEntry(folder, { recursive: true }).catch(() => {});
}

/** Removes the folders of tabs that are gone. */
async function sweep(own: string): Promise<void> {
  const all = await folders();
  if (!all || !navigator.locks) return;
  const names: string[] = [];
  for await (const name of all.keys()) if (name.startsWith('tab-') && name !== own) names.push(name);
  for (const name of names) {
    await navigator.locks.request(LOCK + name, { ifAvailable: true }, async (lock) => {
      if (lock) await removeFolder(name);
    });
  }
}
