import { aborted, BoplishError } from '../error.js';
import { guarded, type Runner } from '../runner.js';
import { resolve } from './names.js';
import type { FetchOptions, FetchProgress } from './types.js';

/** Bytes that are fetched in one go. */
const WINDOW = 4 * 1024 * 1024;
/** Windows that are fetched before they are read. */
const AHEAD = 4;
/** Bytes that are handed out at a time. */
const PART = 256 * 1024;
/** How often progress is told, in ms. */
const TICK = 100;

/** Bytes of a content, as they are handed out. */
export interface Range {
  readonly content: string;
  readonly publisher: string;
  readonly start: number;
  readonly end: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** Fetches what a name leads to. */
export async function fetchName(runner: Runner, uri: string, options: FetchOptions): Promise<Response> {
  const { signal, range, onProgress } = options;
  const { kind, content, bytes, type, publisher } = await resolve(runner, uri, signal);
  if (kind === 'folder') throw new BoplishError('folder', `${uri} is a folder: names.list() tells what is in it`);
  const { start = 0, end = bytes } = range ?? {};
  if (!(start >= 0 && start <= end)) {
    throw new BoplishError('bad-option', `the range from ${start} to ${end} is none`);
  }
  const to = Math.min(end, bytes);
  if (range && start >= bytes && bytes > 0) {
    throw new BoplishError('bad-option', `the range begins at ${start}; ${uri} has ${bytes} bytes`);
  }
  const body = await stream(runner, { content, publisher, start, end: to, signal, onProgress });
  const headers = new Headers({
    'content-type': runner.call((peer) => peer.contentType(type)),
    'content-length': String(to - start),
    'accept-ranges': 'bytes',
    etag: `"${content.slice(0, content.indexOf('.'))}"`,
  });
  if (range) headers.set('content-range', `bytes ${start}-${to - 1}/${bytes}`);
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** Bytes that are fetched in one go. */
interface Window {
  readonly end: number;
  done: Promise<void>;
  token: number | undefined;
}

/**
 * The bytes of a range, which come as they are read: some are fetched in advance, and as much lies in
 * memory as one part. Resolves when the first are there.
 */
export async function stream(runner: Runner, range: Range): Promise<ReadableStream<Uint8Array>> {
  const { contents } = runner;
  const { content, publisher, start, end, signal, onProgress } = range;
  const total = Number(content.slice(content.indexOf('.') + 1));
  const stopUsing = contents.storage.use(content);
  /** What is fetched, from where the reader is on. */
  const windows: Window[] = [];
  let asked = start;
  const ask = () => {
    while (windows.length < AHEAD && asked < end) {
      const window: Window = { end: Math.min(end, asked + WINDOW), done: Promise.resolve(), token: undefined };
      window.done = contents.fetch(content, asked, window.end, publisher, (token) => (window.token = token));
      // Whoever reads up to there sees that it has failed.
      window.done.catch(() => {});
      windows.push(window);
      asked = window.end;
    }
  };
  const report = () => {
    const token = windows.find(({ token }) => token !== undefined)?.token;
    const now = token === undefined ? undefined : runner.read((peer) => peer.fetchProgress(token), undefined);
    if (now) guarded(() => onProgress?.({ done: now[0]!, total, sources: now[1]! }));
  };
  const ticker = onProgress && setInterval(report, TICK);
  let isOver = false;
  const stop = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(ticker);
    signal?.removeEventListener('abort', abort);
    for (const { token } of windows) if (token !== undefined) contents.cancel(token);
    stopUsing();
    void contents.tidy();
  };
  let fail: (error: BoplishError) => void = () => {};
  const isAborted = new Promise<never>((_, reject) => (fail = reject));
  isAborted.catch(() => {});
  const abort = () => {
    stop();
    fail(aborted(signal!, 'fetch()'));
  };
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();

  let at = start;
  /** Waits until the next bytes are there. */
  const ready = async () => {
    ask();
    const [window] = windows;
    if (window) await Promise.race([window.done, isAborted]);
  };
  try {
    await ready();
  } catch (error) {
    stop();
    throw error;
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (at < end) {
            await ready();
            const bytes = await contents.storage.read(content, at, Math.min(PART, windows[0]!.end - at));
            if (bytes.length === 0) throw new BoplishError('storage', 'the content was removed from here');
            at += bytes.length;
            controller.enqueue(bytes);
            if (at >= windows[0]!.end) windows.shift();
          }
          if (at >= end) {
            stop();
            if (end - start === total) guarded(() => onProgress?.({ done: total, total, sources: 0 }));
            controller.close();
          }
        } catch (error) {
          stop();
          throw error;
        }
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
}
