/**
 * Files by fewer and larger calls: readers and writers go from block to block, and for each call that a
 * worker carries out both its browser and the kernel have much to do.
 */
import type { Calls } from './messages.js';

/** Bytes that are read at a time, and that are gathered to be written. */
const PART = 256 * 1024;
/** Parts that are kept in memory. */
const MAX_PARTS = 8;
/** How long bytes wait for those that follow them, in ms. */
const PATIENCE = 20;

/** What was read, or is being read, from a multiple of `PART` on; shorter where the file ends. */
interface Part {
  readonly content: string;
  readonly at: number;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/** What is to be written, one after the other. */
interface Run {
  readonly content: string;
  readonly at: number;
  readonly blocks: Uint8Array[];
  length: number;
  readonly done: Promise<void>;
  readonly resolve: (written: Promise<void>) => void;
}

/** The same files. What is called after a write finds it written, as before. */
export function buffered(files: Calls): Calls {
  /** The least recently used first. */
  let parts: Part[] = [];
  let runs: Run[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const begin = (content: string, at: number): Run => {
    let resolve: Run['resolve'] = () => {};
    const done = new Promise<void>((settle) => (resolve = settle));
    const run: Run = { content, at, blocks: [], length: 0, done, resolve };
    runs.push(run);
    return run;
  };
  const flush = (run: Run) => {
    runs = runs.filter((one) => one !== run);
    run.resolve(files.write(run.content, run.at, joined(run)));
  };
  const flushAll = () => {
    clearTimeout(timer);
    timer = undefined;
    runs.forEach(flush);
  };
  /** Forgets what was read of a range. */
  const drop = (content: string, start: number, end: number) => {
    parts = parts.filter((part) => part.content !== content || part.at >= end || part.at + PART <= start);
  };

  const read: Calls['read'] = async (content, offset, length) => {
    flushAll();
    const at = offset - (offset % PART);
    if (length > PART / 2 || offset + length > at + PART) return files.read(content, offset, length);
    let part = parts.find((one) => one.content === content && one.at === at);
    parts = parts.filter((one) => one !== part);
    part ??= { content, at, bytes: files.read(content, at, PART) };
    part.bytes.catch(() => drop(content, at, at + PART));
    parts = [...parts, part].slice(-MAX_PARTS);
    return (await part.bytes).slice(offset - at, offset - at + length);
  };

  const write: Calls['write'] = (content, offset, bytes) => {
    drop(content, offset, offset + bytes.length);
    let run = runs.find((one) => one.content === content && one.at + one.length === offset);
    if (run && run.length + bytes.length > PART) {
      flush(run);
      run = undefined;
    }
    run ??= begin(content, offset);
    run.blocks.push(bytes);
    run.length += bytes.length;
    if (run.length >= PART) flush(run);
    else timer ??= setTimeout(flushAll, PATIENCE);
    return run.done;
  };

  const mark: Calls['mark'] = (content, offset, bit) => {
    flushAll();
    const at = offset + Math.floor(bit / 8);
    drop(content, at, at + 1);
    return files.mark(content, offset, bit);
  };

  const remove: Calls['remove'] = (content) => {
    flushAll();
    drop(content, 0, Infinity);
    return files.remove(content);
  };

  const finish: Calls['finish'] = (file, content) => {
    flushAll();
    drop(content, 0, Infinity);
    return files.finish(file, content);
  };

  const move: Calls['move'] = (content, kind) => {
    flushAll();
    return files.move(content, kind);
  };

  const close: Calls['close'] = () => {
    flushAll();
    return files.close();
  };

  return { ...files, read, write, mark, remove, finish, move, close };
}

function joined({ blocks, length }: Run): Uint8Array {
  const [first, ...rest] = blocks;
  if (first && rest.length === 0) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
  }
  return bytes;
}
