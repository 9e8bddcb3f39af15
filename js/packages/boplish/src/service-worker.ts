/**
 * The service worker: has pages of its site answer what is requested below `bop/`, since only pages
 * have WebRTC. Put `boplish-service-worker.js` at the root of the site, or call `importScripts()` with
 * it in the site's own; `node.registerServiceWorker()` does the rest.
 */
import type { Answer, Asked } from './content/messages.js';

declare const self: ServiceWorkerGlobalScope;

/** How long a page may take to say that it is there, in ms. */
const PATIENCE = 5_000;

/** How often it is looked whether a page that is waited for is still there, in ms. */
const LOOK = 2_000;

/** The page that has answered last. */
let last = '';

self.addEventListener('install', () => void self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const root = `${new URL(self.registration.scope).pathname}bop/`;
  if (url.origin === self.location.origin && url.pathname.startsWith(root)) {
    event.respondWith(answer(event, url.pathname.slice(root.length), url.search));
  }
});

async function answer({ request, clientId }: FetchEvent, path: string, query: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refusal(405, 'there is only GET and HEAD here');
  }
  const page = await find(clientId);
  if (!page) return refusal(503, 'no page of this site is in the network; open one first, and leave it open');
  const header = (name: string) => request.headers.get(name) ?? undefined;
  const [range, ifRange, tag] = [header('range'), header('if-range'), header('if-none-match')];
  const asked: Asked = { boplish: 'fetch', method: request.method, path, query, range, ifRange, tag };
  const { port1: port, port2 } = new MessageChannel();
  page.postMessage(asked, [port2]);
  const answered = await next(port, page);
  if ('error' in answered) return refusal(504, answered.error);
  if (!('status' in answered)) return refusal(502, 'the page has not answered');
  const { status, text, streams } = answered;
  // Those two may have none, not even an empty one.
  const hasBody = status !== 204 && status !== 304;
  const body = streams ? streamFrom(port, page) : hasBody ? (text ?? null) : null;
  return new Response(body, { status, headers: answered.headers });
}

/** A page with a node: the one that asks, the one that was asked last, or any. */
async function find(clientId: string): Promise<Client | undefined> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const rank = ({ id }: Client) => (id === clientId ? 0 : id === last ? 1 : 2);
  const [first, ...others] = [...pages].sort((one, other) => rank(one) - rank(other));
  if (!first) return undefined;
  const page =
    (rank(first) < 2 ? await here([first], PATIENCE / 10) : undefined) ?? (await here([first, ...others], PATIENCE));
  last = page?.id ?? '';
  return page;
}

/** The first of these that says that it has a node. */
function here(pages: Client[], patience: number): Promise<Client | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience);
    for (const page of pages) {
      const { port1: port, port2 } = new MessageChannel();
      port.onmessage = () => {
        clearTimeout(timer);
        port.close();
        resolve(page);
      };
      page.postMessage({ boplish: 'who' }, [port2]);
    }
  });
}

/** What a page says next; an error, if it is gone before. */
function next(port: MessagePort, { id }: Client): Promise<Answer> {
  return new Promise((resolve) => {
    const end = (answer: Answer) => {
      clearInterval(timer);
      resolve(answer);
    };
    const look = async () => {
      if (await self.clients.get(id)) return;
      end({ error: 'the page that this came from was closed' });
      port.close();
    };
    const timer = setInterval(() => void look(), LOOK);
    port.onmessage = ({ data }: MessageEvent<Answer>) => end(data);
  });
}

/** Bytes as a page has them, each part when it is wanted. */
function streamFrom(port: MessagePort, page: Client): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        const part = next(port, page);
        port.postMessage('pull');
        const data = await part;
        if ('error' in data) controller.error(new Error(data.error));
        else if ('bytes' in data && data.bytes) controller.enqueue(data.bytes);
        else controller.close();
      },
      cancel: () => port.postMessage('cancel'),
    },
    { highWaterMark: 0 },
  );
}

function refusal(status: number, why: string): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(`${why}\n`, { status, headers });
}
