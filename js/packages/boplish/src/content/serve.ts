/** The page's end of the service worker: answers what is requested below `/bop/`. */
import type { Peer, RawAnswer } from '../../wasm/boplish_web.js';
import { BoplishError, fromCore } from '../error.js';
import type { Runner } from '../runner.js';
import { stream } from './fetch.js';
import type { Answer, Asked } from './messages.js';
import { promised } from './promised.js';

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
    if (asked?.boplish === undefined || !port || !runner.isOpen) return;
    // Two that answer would spoil it for each other: other nodes of the page, or this one, if it serves twice.
    event.stopImmediatePropagation();
    if (asked.boplish === 'who') {
      port.postMessage({ boplish: 'here' });
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
    const { path, query, range, ifRange, tag } = asked;
    await runner.contents.loaded;
    const ask = (peer: Peer) => peer.answer(path, query, range, ifRange, tag);
    const [status, headers, ...body] = (await promised(runner, ask, 'fetch')) as RawAnswer;
    const [text, publisher, start, end] = body;
    if (publisher === undefined) {
      port.postMessage({ status, headers, text, streams: false } satisfies Answer);
      port.close();
      return;
    }
    if (asked.method !== 'HEAD') {
      reader = (await stream(runner, { content: text, publisher, start: start!, end: end! })).getReader();
    }
    port.postMessage({ status, headers, text: undefined, streams: !!reader } satisfies Answer);
    if (!reader) port.close();
  } catch (error) {
    // Nobody has the first bytes, or the node is closed.
    port.postMessage({ error: fromCore(error).message } satisfies Answer);
    port.close();
  }
}
