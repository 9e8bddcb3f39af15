import type { RawTarget } from '../../wasm/boplish_web.js';
import { aborted, BoplishError, type BoplishErrorCode } from '../error.js';
import { guarded, type Runner } from '../runner.js';
import { all, segments } from './names.js';
import { promised } from './promised.js';
import type { PublishOptions, PublishProgress, Source } from './types.js';

/** What is to be published, as it was found. */
type Tree = FileTree | Map<string, Tree>;

interface FileTree {
  readonly bytes: ReadableStream<Uint8Array> | Blob;
  readonly type: string;
}

/** After these, the name may have been written, or not. */
const UNSURE: ReadonlySet<BoplishErrorCode> = new Set<BoplishErrorCode>(['timed-out', 'closed', 'internal']);

/** Publishes something under a path; resolves to its name. */
export async function publish(
  runner: Runner,
  path: string,
  source: Source,
  options: PublishOptions,
): Promise<string> {
  const { contents } = runner;
  const { onProgress, replicate = 0, signal, anew = false } = options;
  if (!Number.isInteger(replicate) || replicate < 0) {
    throw new BoplishError('bad-option', `replicate is ${replicate}; give a number of peers`);
  }
  const way = segments(path);
  if (way.length === 0) throw new BoplishError('bad-name', 'a path is missing: give what is published a name');
  const uri = runner.call((peer) => peer.uriOf(way));
  const stop = () => {
    if (signal?.aborted) throw aborted(signal, 'publish()');
  };
  stop();
  // A list of files may be another one later.
  const found = treeOf(source, options.type);
  found.catch(() => {});
  let progress: PublishProgress = { phase: 'reading', file: undefined, done: 0, total: undefined, holders: [] };
  const report = (change: Partial<PublishProgress>) => {
    const now = { ...progress, ...change };
    progress = now;
    // Not at once: the core tells who holds a copy from where nobody may close it.
    queueMicrotask(() => {
      if (!signal?.aborted) guarded(() => onProgress?.(now));
    });
  };
  const added: string[] = [];

  const addFile = async (name: string, { bytes, type }: FileTree): Promise<RawTarget> => {
    report({ file: name });
    const hasher = runner.call((peer) => peer.newHasher());
    const chunks = async function* () {
      for await (const chunk of bytesOf(bytes, signal)) {
        stop();
        hasher.update(chunk);
        yield chunk;
        report({ done: progress.done + chunk.length });
      }
      stop();
    };
    try {
      const content = await contents.storage.add(chunks(), () => {
        const hashed = hasher.finish();
        const { content, tail } = hashed;
        hashed.free();
        return { content, tail };
      });
      added.push(content);
      runner.call((peer) => {
        peer.holdContent(content, new Uint8Array());
        peer.announceContent(content);
      });
      return [false, content, Number(content.slice(content.indexOf('.') + 1)), type];
    } finally {
      hasher.free();
    }
  };
  const add = async (name: string, tree: Tree): Promise<RawTarget> => {
    stop();
    if (!(tree instanceof Map)) return addFile(name, tree);
    const entries: [...RawTarget, string][] = [];
    for (const [each, below] of tree) entries.push([...(await add(name ? `${name}/${each}` : each, below)), each]);
    const content = await promised(runner, (peer) => peer.addFolder(entries), 'publish()');
    added.push(content);
    return [true, content, entries.reduce((sum, [, , bytes]) => sum + bytes, 0), ''];
  };

  const change = async (): Promise<{ target: RawTarget; folders: string[] }> => {
    const tree = await found;
    progress = { ...progress, total: sizeOf(tree) };
    // Should it come to nothing, what was not here before goes again.
    const before = new Set((['own', 'kept', 'cached'] as const).flatMap((kind) => contents.storage.of(kind)));
    const undo = () => contents.forget(added.filter((content) => !before.has(content))).catch(() => {});
    let target: RawTarget;
    try {
      target = await add(tree instanceof Map ? '' : way.at(-1)!, tree);
      stop();
    } catch (error) {
      await undo();
      if (error instanceof BoplishError) throw error;
      throw new BoplishError('storage', `what is published can't be read, or not be kept here: ${error}`, { cause: error });
    }
    report({ phase: 'naming', file: undefined });
    try {
      // Without the signal: the core does not stop half-way, and what comes of it decides.
      const folders: string[] = await promised(runner, (peer) => peer.publishName(way, target, anew), 'publish()');
      contents.rememberRoot(folders[0]);
      return { target, folders };
    } catch (error) {
      // A name that may be out there must not lead to what nobody has.
      if (error instanceof BoplishError && UNSURE.has(error.code)) contents.keepFresh();
      else await undo();
      throw error;
    }
  };
  const { target, folders } = await contents.inTurn(change, 'publish()', signal);
  if (replicate === 0) {
    // What was published before may be with others, who would not be found without the new lists.
    void promised(runner, (peer) => peer.leaveLists(folders), 'publish()').catch(() => {});
  } else {
    const holders: string[] = [];
    report({ phase: 'copying' });
    const told = (holder: string) => {
      holders.push(holder);
      report({ holders: [...holders] });
    };
    await promised(runner, (peer) => peer.replicate(folders, target, replicate, told), 'publish()', signal);
    if (holders.length < replicate) {
      const why = `only ${holders.length} of ${replicate} peers hold a copy of ${uri}, which is published`;
      throw new BoplishError('no-copies', why);
    }
  }
  return uri;
}

/** Takes something out of the own name, and forgets what nothing else leads to. */
export async function unpublish(
  runner: Runner,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { contents } = runner;
  const way = segments(path);
  const change = async (): Promise<string[]> => {
    const folders: string[] = await promised(runner, (peer) => peer.unpublish(way), 'unpublish()');
    contents.rememberRoot(folders[0]);
    // Old folders, too, which are versions that nobody else may have: what is taken back is gone.
    const needed = new Set<string>();
    try {
      await all(runner, folders[0]!, runner.id, (content) => needed.add(content));
      await contents.forget(contents.storage.of('own').filter((content) => !needed.has(content)));
    } catch {
      // Nothing leads there any more, which is what was asked for. What is left here goes with the next.
    }
    return folders;
  };
  const folders = await contents.inTurn(change, 'unpublish()', signal);
  await promised(runner, (peer) => peer.leaveLists(folders), 'unpublish()', signal);
}

/** A file, or a folder with all that is in it. */
async function treeOf(source: Source, type: string | undefined): Promise<Tree> {
  if (typeof source === 'string') return file(new Blob([source]), type ?? 'text/plain');
  if (source instanceof Uint8Array) return file(new Blob([source as Uint8Array<ArrayBuffer>]), type ?? '');
  if (source instanceof Blob) return file(source, type ?? source.type);
  if (source instanceof ReadableStream) return { bytes: source, type: type ?? '' };
  const isObject = typeof source === 'object' && source !== null;
  if (isObject && isHandle(source)) return ofHandle(source, type);
  if (isObject && isEntry(source)) return ofEntry(source, type);
  if (!isObject || !(Symbol.iterator in source)) {
    throw new BoplishError('bad-option', `this can't be published: ${String(source)}; give a Blob, a stream or files`);
  }
  const root: Map<string, Tree> = new Map();
  for (const each of source) {
    if (!(each instanceof File)) throw new BoplishError('bad-option', `in a list, ${String(each)} is no File`);
    const way = segments(each.webkitRelativePath || each.name);
    // The folder that was chosen is what the path names.
    put(root, each.webkitRelativePath ? way.slice(1) : way, file(each, each.type));
  }
  return root;
}

function file(bytes: Blob, type: string): FileTree {
  return { bytes, type };
}

function put(into: Map<string, Tree>, way: string[], tree: Tree): void {
  const [name, ...rest] = way;
  if (name === undefined) return;
  if (rest.length === 0) {
    into.set(name, tree);
    return;
  }
  let folder = into.get(name);
  if (!(folder instanceof Map)) {
    folder = new Map();
    into.set(name, folder);
  }
  put(folder, rest, tree);
}

function isHandle(source: object): source is FileSystemHandle {
  return typeof FileSystemHandle !== 'undefined' && source instanceof FileSystemHandle;
}

function isEntry(source: object): source is FileSystemEntry {
  return 'isFile' in source && 'fullPath' in source;
}

async function ofHandle(handle: FileSystemHandle, type: string | undefined): Promise<Tree> {
  if (handle.kind === 'file') {
    const found = await (handle as FileSystemFileHandle).getFile();
    return file(found, type ?? found.type);
  }
  const folder: Map<string, Tree> = new Map();
  for await (const each of (handle as FileSystemDirectoryHandle).values()) {
    folder.set(each.name, await ofHandle(each, undefined));
  }
  return folder;
}

async function ofEntry(entry: FileSystemEntry, type: string | undefined): Promise<Tree> {
  if (entry.isFile) {
    const found = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return file(found, type ?? found.type);
  }
  const folder: Map<string, Tree> = new Map();
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // Some at a time, until there are none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return folder;
    for (const each of some) folder.set(each.name, await ofEntry(each, undefined));
  }
}

/** Bytes of all files, unless one of them does not say. */
function sizeOf(tree: Tree): number | undefined {
  if (!(tree instanceof Map)) return tree.bytes instanceof Blob ? tree.bytes.size : undefined;
  let sum = 0;
  for (const below of tree.values()) {
    const size = sizeOf(below);
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}

/** Bytes that are read of a file at a time. */
const PART = 1024 * 1024;

async function* bytesOf(
  bytes: ReadableStream<Uint8Array> | Blob,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (bytes instanceof Blob) {
    // Browsers' own streams of files have parts of 64 KiB, which is slow.
    for (let start = 0; start < bytes.size; start += PART) {
      yield new Uint8Array(await bytes.slice(start, start + PART).arrayBuffer());
    }
    return;
  }
  const reader = bytes.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', stop);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (!(value instanceof Uint8Array)) throw new BoplishError('bad-option', 'the stream gives something else than Uint8Arrays');
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    await reader.cancel().catch(() => {});
  }
}
