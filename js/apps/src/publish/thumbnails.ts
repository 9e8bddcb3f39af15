import { icon } from '../components/icons.ts';
import { h } from '../dom.ts';
import type { FolderEntry } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { mediaAddress } from './media.ts';
import { shownAs } from './media-types.ts';
import type { Name } from './name.ts';

/** Pictures fetched at once, so that the first ones are there soon. */
const AT_ONCE = 4;
/** Bytes of a picture that is fetched unasked. */
const LARGEST = 16_000_000;

interface Wanted {
  readonly name: Name;
  readonly entry: FolderEntry;
  readonly frame: HTMLElement;
}

/** Pictures in small, fetched when they come into sight, a few at a time. */
export class Thumbnails {
  readonly #context: PageContext;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<Element, Wanted>();
  readonly #queue: Wanted[] = [];
  readonly #observer: IntersectionObserver;
  #running = 0;

  constructor(context: PageContext, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    this.#observer = new IntersectionObserver((seen) => this.#see(seen), { rootMargin: '200px' });
    signal.addEventListener('abort', () => this.#observer.disconnect(), { once: true });
  }

  /** The frame for a picture; its name stands beside it, so that it needs none of its own. */
  make(name: Name, entry: FolderEntry): HTMLElement {
    const frame = h('span', { class: 'tile-frame' }, icon('picture'));
    if (entry.bytes > LARGEST) return frame;
    frame.classList.add('is-loading');
    this.#waiting.set(frame, { name, entry, frame });
    this.#observer.observe(frame);
    return frame;
  }

  #see(seen: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of seen) {
      const wanted = this.#waiting.get(target);
      if (!isIntersecting || wanted === undefined) continue;
      this.#waiting.delete(target);
      this.#observer.unobserve(target);
      this.#queue.push(wanted);
    }
    this.#next();
  }

  #next(): void {
    while (this.#running < AT_ONCE && !this.#signal.aborted) {
      const wanted = this.#queue.shift();
      if (wanted === undefined) return;
      this.#running += 1;
      void this.#load(wanted).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #load({ name, entry, frame }: Wanted): Promise<void> {
    const { node } = this.#context.session;
    const shown = shownAs(entry.type, entry.name);
    if (node === undefined || shown === undefined) return;
    try {
      const image = h('img', { class: 'tile-image', alt: '', decoding: 'async' });
      image.src = await mediaAddress(node, name, shown.type, entry.bytes, { signal: this.#signal });
      await image.decode();
      frame.replaceChildren(image);
    } catch {
      // The icon stays; the picture itself says why.
      frame.classList.add('is-missing');
    }
    frame.classList.remove('is-loading');
  }
}
