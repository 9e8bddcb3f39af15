import type {
  FetchOptions,
  FolderEntry,
  Names,
  PublishOptions,
  PublishProgress,
  Resolved,
  Source,
} from '../network.ts';
import { parseName, type Name } from '../publish/name.ts';
import { fakePublications, type FakeFile, type FakeFolder } from './fake-album.ts';

/** Whoever always has something: `publish.html?fake#bop:<this>:content/album`. */
export const FAKE_PUBLISHER = 'a1b0'.repeat(10);

const STEPS = 24;

/** Publishes and fetches in memory, as slowly as a network. */
export class FakeContent implements Names {
  readonly #id: string;
  readonly #peers: () => readonly string[];
  readonly #pace: number;
  readonly #roots: Promise<Map<string, FakeFolder>>;

  constructor(id: string, peers: () => readonly string[], scenario: string) {
    this.#id = id;
    this.#peers = peers;
    this.#pace = scenario === 'slow-content' ? 12 : scenario === 'quick' ? 0 : 1;
    this.#roots = fakePublications().then((root) => {
      const own: [string, FakeFolder][] = scenario === 'published' ? [[id, new Map(root)]] : [];
      return new Map([[FAKE_PUBLISHER, root], ...own]);
    });
  }

  async resolve(uri: string, options: { readonly signal?: AbortSignal } = {}): Promise<Resolved> {
    await this.#wait(250, options.signal);
    const { name, found } = await this.#find(uri);
    const isFolder = found instanceof Map;
    return {
      kind: isFolder ? 'folder' : 'file',
      bytes: sizeOf(found),
      type: isFolder ? '' : found.type,
      publisher: name.uid,
    };
  }

  async list(uri: string, options: { readonly signal?: AbortSignal } = {}): Promise<FolderEntry[]> {
    await this.#wait(250, options.signal);
    const { found } = await this.#find(uri);
    if (!(found instanceof Map)) throw trouble('not-found', 'This is a file');
    return [...found].map(([name, item]) => ({
      name,
      kind: item instanceof Map ? 'folder' : 'file',
      bytes: sizeOf(item),
      type: item instanceof Map ? '' : item.type,
    }));
  }

  async holders(uri: string, options: { readonly signal?: AbortSignal } = {}): Promise<string[]> {
    await this.#wait(500, options.signal);
    const { name, found } = await this.#find(uri);
    if (!(found instanceof Map) && found.isLost === true) return [];
    return [name.uid, ...this.#peers().slice(0, 4)];
  }

  async unpublish(path: string): Promise<void> {
    await this.#wait(400);
    (await this.#roots).get(this.#id)?.delete(path);
  }

  async publish(path: string, source: Source, options: PublishOptions = {}): Promise<string> {
    const { signal, replicate = 0 } = options;
    const files = await filesOf(source);
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    let progress: PublishProgress = { phase: 'reading', file: undefined, done: 0, total, holders: [] };
    const tell = (change: Partial<PublishProgress>): void => {
      progress = { ...progress, ...change };
      options.onProgress?.(progress);
    };
    const steps = Math.max(1, Math.round(STEPS / files.length));
    for (const { path: inside, file } of files) {
      const before = progress.done;
      for (let step = 1; step <= steps; step += 1) {
        await this.#wait(90, signal);
        tell({ file: inside === '' ? file.name : inside, done: before + Math.round((file.size * step) / steps) });
      }
    }
    tell({ phase: 'naming', file: undefined });
    await this.#wait(700, signal);
    await this.#keep(path, files);
    const takers = this.#peers().slice(0, replicate);
    for (const peer of takers) {
      tell({ phase: 'copying' });
      await this.#wait(900, signal);
      tell({ holders: [...progress.holders, peer] });
    }
    if (takers.length < replicate) throw trouble('no-copies', 'Fewer peers took a copy than were asked');
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return `bop:${this.#id}:content/${encoded}`;
  }

  async fetch(uri: string, options: FetchOptions = {}): Promise<Response> {
    const { found } = await this.#find(uri);
    if (found instanceof Map) throw trouble('folder', 'This is a folder');
    if (found.isLost === true) {
      await this.#wait(900, options.signal);
      throw trouble('unavailable', 'Nobody who has it can be reached');
    }
    const { start = 0, end = found.blob.size } = options.range ?? {};
    const total = found.blob.size;
    for (let step = 1; step <= 5; step += 1) {
      await this.#wait(100, options.signal);
      options.onProgress?.({ done: Math.round((total * step) / 5), total, sources: Math.min(3, 1 + this.#peers().length) });
    }
    const part = found.blob.slice(start, end);
    return new Response(part, {
      status: options.range === undefined ? 200 : 206,
      headers: { 'content-type': found.type, 'content-length': String(part.size) },
    });
  }

  async #find(uri: string): Promise<{ readonly name: Name; readonly found: FakeFile | FakeFolder }> {
    const name = parseName(uri);
    if (name === undefined) throw trouble('bad-name', `${uri} is no name`);
    let found: FakeFile | FakeFolder | undefined = (await this.#roots).get(name.uid);
    if (found === undefined) throw trouble('nothing-published', `${name.uid} has published nothing`);
    for (const segment of name.segments) {
      found = found instanceof Map ? found.get(segment) : undefined;
      if (found === undefined) throw trouble('not-found', `There is no ${segment}`);
    }
    return { name, found };
  }

  async #keep(path: string, files: readonly Located[]): Promise<void> {
    const roots = await this.#roots;
    const root = roots.get(this.#id) ?? new Map();
    roots.set(this.#id, root);
    const isFolder = files.length !== 1 || files[0]?.path !== '';
    if (isFolder) put(root, path.split('/'), new Map());
    for (const { path: inside, file } of files) {
      const segments = [...path.split('/'), ...(inside === '' ? [] : inside.split('/'))];
      put(root, segments, { type: file.type, blob: file });
    }
  }

  async #wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await new Promise((resolve) => {
      setTimeout(resolve, milliseconds * this.#pace);
    });
    if (signal?.aborted === true) throw trouble('aborted', 'It was cancelled');
  }
}

interface Located {
  /** In what is published; empty if that is this file. */
  readonly path: string;
  readonly file: File;
}

async function filesOf(source: Source): Promise<Located[]> {
  if (source instanceof File) return [{ path: '', file: source }];
  if (source instanceof Blob) return [{ path: '', file: new File([source], 'file', { type: source.type }) }];
  if (Symbol.iterator in source) {
    return [...source].map((file) => {
      const inside = file.webkitRelativePath.split('/').slice(1).join('/');
      return { path: inside === '' ? file.name : inside, file };
    });
  }
  return entryFiles(source, '');
}

async function entryFiles(entry: FileSystemEntry, path: string): Promise<Located[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
  const files: Located[] = [];
  for (const child of children) files.push(...(await entryFiles(child, path === '' ? child.name : `${path}/${child.name}`)));
  return files;
}

function put(folder: FakeFolder, [first = '', ...rest]: readonly string[], item: FakeFile | FakeFolder): void {
  if (rest.length === 0) {
    folder.set(first, item);
    return;
  }
  const there = folder.get(first);
  const next: FakeFolder = there instanceof Map ? there : new Map();
  folder.set(first, next);
  put(next, rest, item);
}

function sizeOf(item: FakeFile | FakeFolder): number {
  if (!(item instanceof Map)) return item.blob.size;
  return [...item.values()].reduce((sum, child) => sum + sizeOf(child), 0);
}

function trouble(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
