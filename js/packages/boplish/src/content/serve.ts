/** The page's end of the service worker: answers what is requested below `/bop/`. */
import { BoplishError, fromCore } from '../error.js';
import type { Runner } from '../runner.js';
import { etag, stream, typeHeader } from './fetch.js';
import type { Answer, Asked } from './messages.js';
import { folder, resolve } from './names.js';

/** How long the service worker may take to take over the page, in ms. */
const TIMEOUT = 15_000;

/** Starts the service worker, and answers it from now on; resolves to where names begin. */
export async function serve(runner: Runner, script: string): Promise<string> {
  const container = globalThis.navigator?.serviceWorker;
  if (!container) {
    throw new BoplishError('unsupported', 'there are no service workers here: they need https, or localhost');
  }
  const listen = (event: MessageEvent) => {
    const asked = event.data as Asked | undefined;
    const [port] = event.ports;
    if (asked?.boplish === undefined || !port) return;
    if (asked.boplish === 'who') {
      if (runner.isOpen) port.postMessage({ boplish: 'here' });
    } else {
      void answer(runner, asked, port);
    }
  };
  container.addEventListener('message', listen);
  container.startMessages();
  runner.onEnd(() => container.removeEventListener('message', listen));
  const registration = await container.register(script).catch((cause) => {
    throw new BoplishError('unsupported', `the service worker ${script} can't be registered: ${cause}`, { cause });
  });
  if (!container.controller) {
    await new Promise<void>((resolve, reject) => {
      const late = new BoplishError('unsupported', `the service worker ${script} has not taken over the page`);
      const timer = setTimeout(() => reject(late), TIMEOUT);
      container.addEventListener('controllerchange', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
  return `${registration.scope}bop/`;
}

/** Status codes of errors, as those of the gateway. */
const STATUS: Record<string, number> = {
  'bad-name': 400,
  'nothing-published': 404,
  'not-found': 404,
  unavailable: 504,
  'timed-out': 504,
};

async function answer(runner: Runner, asked: Asked, port: MessagePort): Promise<void> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  port.onmessage = async ({ data }: MessageEvent<'pull' | 'cancel'>) => {
    if (data === 'cancel') {
      port.close();
      await reader?.cancel().catch(() => {});
      return;
    }
    try {
      const part = await reader!.read();
      port.postMessage({ bytes: part.value } satisfies Answer, part.value ? [part.value.buffer as ArrayBuffer] : []);
      if (part.done) port.close();
    } catch (error) {
      port.postMessage({ error: String(error) } satisfies Answer);
      port.close();
    }
  };
  try {
    const { status, headers, body } = await respond(runner, asked);
    if (body instanceof ReadableStream) reader = body.getReader();
    port.postMessage({ status, headers, text: typeof body === 'string' ? body : undefined, streams: !!reader } satisfies Answer);
    if (!reader) port.close();
  } catch (error) {
    const { code, message } = fromCore(error);
    const headers: [string, string][] = [
      ['content-type', 'text/plain; charset=utf-8'],
      ['cache-control', 'no-store'],
    ];
    port.postMessage({ status: STATUS[code] ?? 502, headers, text: `${message}\n`, streams: false } satisfies Answer);
    port.close();
  }
}

interface Reply {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: string | ReadableStream<Uint8Array> | undefined;
}

/** Publishers don't trust each other, but all have the origin of this page: they must not act in its name. */
const ISOLATED: [string, string][] = [
  ['content-security-policy', 'sandbox allow-scripts allow-popups allow-forms'],
  ['x-content-type-options', 'nosniff'],
];

async function respond(runner: Runner, asked: Asked): Promise<Reply> {
  const { path, tag, method } = asked;
  const parameters = new URLSearchParams(asked.query);
  const version = parameters.get('v');
  const query = version === null ? '' : `?v=${encodeURIComponent(version)}`;
  const [uid, ...rest] = path.split('/');
  const uri = `bop:${decodeURIComponent(uid ?? '')}:${rest.join('/')}${query}`;
  const found = await resolve(runner, uri);
  let { content, bytes, type } = found;
  if (found.kind === 'folder') {
    if (!path.endsWith('/')) {
      // So that links in its pages lead into the folder.
      return { status: 308, headers: [['location', `${rest.at(-1)}/${asked.query}`]], body: undefined };
    }
    const entries = await folder(runner, content, found.publisher);
    const index = entries.find(([isFolder, , , , name]) => !isFolder && name === 'index.html');
    if (!index) {
      const names = entries.map(([isFolder, , bytes, , name]) => listed(isFolder, name, bytes, query));
      const title = escaped(uri);
      const page = `<!doctype html><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><ul>${names.join('')}</ul>`;
      return { status: 200, headers: [['content-type', 'text/html; charset=utf-8'], ...ISOLATED], body: page };
    }
    [, content, bytes, type] = index;
  }
  const headers: [string, string][] = [
    ['etag', etag(content)],
    ['accept-ranges', 'bytes'],
    ['cache-control', version !== null ? 'public, max-age=31536000, immutable' : 'no-cache'],
    ['content-type', typeHeader(type)],
    ...ISOLATED,
  ];
  // Browsers take the name from the path.
  if (parameters.has('download')) headers.push(['content-disposition', 'attachment']);
  if (tag === etag(content)) return { status: 304, headers, body: undefined };
  const isSame = asked.ifRange === undefined || asked.ifRange === etag(content);
  const part = isSame ? rangeOf(asked.range, bytes) : undefined;
  if (part === null) {
    return { status: 416, headers: [...headers, ['content-range', `bytes */${bytes}`]], body: undefined };
  }
  const [start, end] = part ?? [0, bytes];
  headers.push(['content-length', String(end - start)]);
  if (part) headers.push(['content-range', `bytes ${start}-${end - 1}/${bytes}`]);
  const body =
    method === 'HEAD' ? undefined : await stream(runner, { content, publisher: found.publisher, start, end });
  return { status: part ? 206 : 200, headers, body };
}

/**
 * One range (RFC 9110, section 14.1.2); null, if it lies behind the end, and undefined if there is none
 * that has to be understood.
 */
export function rangeOf(text: string | undefined, length: number): [number, number] | null | undefined {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)-(\d*)\s*$/.exec(text ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const range: [number, number] =
    first === ''
      ? [Math.max(0, length - Number(last)), length]
      : [Number(first), last === '' ? length : Math.min(length, Number(last) + 1)];
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined;
  return range[0] < range[1] ? range : null;
}

function listed(isFolder: boolean, name: string, bytes: number, query: string): string {
  const slash = isFolder ? '/' : '';
  return `<li><a href="./${encodeURIComponent(name)}${slash}${escaped(query)}">${escaped(name)}${slash}</a> ${bytes} bytes`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
