import { saveBlob } from '../components/save.ts';
import { byteCount } from '../format.ts';
import type { FetchProgress, Network } from '../network.ts';
import { formatName, servedPath, type Name } from './name.ts';

/** Where the elements that show pictures, audio and video get them, and where downloads come from. */

/** The package's worker, which the site has at its root. */
const SCRIPT = 'boplish-service-worker.js';
/** A worker that is not there by then is done without. */
const WORKER_PATIENCE_MS = 5000;
/** Without a worker, what is shown is all in memory. */
const MOST_SHOWN = 64_000_000;
const MOST_DOWNLOADED = 1_000_000_000;
/** How long a frame outlives the click, so that a slow browser can begin, in ms. */
const DOWNLOAD_BEGINS_MS = 60_000;

export interface Waiting {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

const workers = new WeakMap<Network, Promise<boolean>>();

/** Whether the node's service worker serves this page. */
export function hasWorker(node: Network): Promise<boolean> {
  const known = workers.get(node) ?? register(node);
  workers.set(node, known);
  return known;
}

async function register(node: Network): Promise<boolean> {
  // Insecure contexts have none, whatever the type says.
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (container === undefined) return false;
  const late = new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), WORKER_PATIENCE_MS);
  });
  const registered = node.registerServiceWorker(siteAddress(SCRIPT)).then(
    () => container.controller !== null,
    () => false,
  );
  return Promise.race([registered, late]);
}

/** An address for an element: of the worker, or of the fetched bytes, which goes with `signal`. */
export async function mediaAddress(
  node: Network,
  name: Name,
  type: string,
  bytes: number,
  waiting: Waiting,
): Promise<string> {
  const { signal } = waiting;
  if (await hasWorker(node)) return siteAddress(servedPath(name));
  if (bytes > MOST_SHOWN) {
    throw new Error(
      `Here, no more than ${byteCount(MOST_SHOWN)} are shown in place: this browser has no service worker for this page. Download it instead.`,
    );
  }
  const blob = await fetched(node, name, waiting);
  signal.throwIfAborted();
  // In a tab of its own, a blob's address has this site's origin, in which an SVG may run scripts.
  if (type === 'image/svg+xml') return dataAddress(blob, type);
  const address = URL.createObjectURL(new Blob([blob], { type }));
  signal.addEventListener('abort', () => URL.revokeObjectURL(address), { once: true });
  return address;
}

/** Hands a file to the browser's downloads; resolves when they have it. */
export async function download(
  node: Network,
  name: Name,
  fileName: string,
  bytes: number,
  waiting: Waiting,
): Promise<void> {
  const address = new URL(siteAddress(servedPath(name)));
  address.search += `${address.search === '' ? '' : '&'}download`;
  if ((await hasWorker(node)) && (await isAttachment(address, waiting.signal))) {
    // Chromium passes `<a download>` by the worker; and in a frame, a failure leaves the page alone.
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.src = address.href;
    document.body.append(frame);
    setTimeout(() => frame.remove(), DOWNLOAD_BEGINS_MS);
    return;
  }
  if (bytes > MOST_DOWNLOADED) {
    throw new Error(`Here, no more than ${byteCount(MOST_DOWNLOADED)} can be downloaded: this browser has no service worker for this page.`);
  }
  const blob = await fetched(node, name, waiting);
  // Of no type that a browser would rather open.
  saveBlob(new Blob([blob], { type: 'application/octet-stream' }), fileName);
}

/** Whether a frame with this address would download it, and nothing else. */
async function isAttachment(address: URL, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(address, { method: 'HEAD', signal });
  return response.ok && /^\s*attachment\b/i.test(response.headers.get('content-disposition') ?? '');
}

async function fetched(node: Network, name: Name, waiting: Waiting): Promise<Blob> {
  const response = await node.fetch(formatName(name), waiting);
  return response.blob();
}

function siteAddress(path: string): string {
  return new URL(path, document.baseURI).href;
}

async function dataAddress(blob: Blob, type: string): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return `data:${type};base64,${btoa(text)}`;
}
