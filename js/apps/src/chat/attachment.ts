import { icon } from '../components/icons.ts';
import { h } from '../dom.ts';
import { byteCount } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { downloadButton } from '../publish/download-button.ts';
import { kindIcon, kindWord } from '../publish/kinds.ts';
import { mediaAddress } from '../publish/media.ts';
import { shownAs } from '../publish/media-types.ts';
import { formatName, linkTo, parseName, type Name } from '../publish/name.ts';
import { browsingTrouble } from '../publish/trouble.ts';
import { browseAddress } from './message-view.ts';
import type { SharedFile } from './wire.ts';

/** Bytes of a picture that is fetched unasked. */
const LARGEST = 8_000_000;
/** The frame of a picture whose size nobody told, in CSS pixels. */
const USUAL = { width: 320, height: 200 };
/** Neither higher nor wider for its area than this. */
const MOST_NARROW = 3;

/** Shows what members have published: pictures in place, all else as something to download. */
export class AttachmentView {
  readonly #context: PageContext;
  readonly #onSize: () => void;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<Element, () => void>();
  readonly #observer: IntersectionObserver;

  constructor(context: PageContext, onSize: () => void, signal: AbortSignal) {
    this.#context = context;
    this.#onSize = onSize;
    this.#signal = signal;
    this.#observer = new IntersectionObserver(
      (seen) => {
        for (const { target, isIntersecting } of seen) {
          if (!isIntersecting) continue;
          this.#waiting.get(target)?.();
          this.#waiting.delete(target);
          this.#observer.unobserve(target);
        }
      },
      { rootMargin: '200px' },
    );
    signal.addEventListener('abort', () => this.#observer.disconnect(), { once: true });
  }

  make(file: SharedFile): HTMLElement {
    const name = parseName(file.uri);
    // The wire's reader has refused what is no name.
    if (name === undefined) return h('span', {}, file.name);
    const isPicture = shownAs(file.type, file.name)?.kind === 'picture';
    return isPicture && file.bytes <= LARGEST ? this.#picture(file, name) : this.#card(file, name);
  }

  #picture(file: SharedFile, name: Name): HTMLElement {
    const link = h('a', {
      class: 'shared-picture is-loading',
      href: browseAddress(linkTo(name, '')),
      'data-page': true,
      title: `${file.name}, ${byteCount(file.bytes)}`,
    });
    const { width, height } = frameOf(file);
    link.style.setProperty('--width', `${width}px`);
    link.style.aspectRatio = `${width} / ${height}`;
    const show = async (): Promise<void> => {
      const { session } = this.#context;
      const shown = shownAs(file.type, file.name);
      if (session.node === undefined || shown === undefined) return;
      link.replaceChildren(icon('picture'), h('span', { class: 'visually-hidden' }, file.name));
      link.classList.add('is-loading');
      try {
        // How large it is stands in what was said, and that may be untrue.
        const { kind, bytes } = await session.node.names.resolve(formatName(name), { signal: this.#signal });
        if (kind !== 'file' || bytes > LARGEST) throw new Error('this is no picture of the size that was said');
        const image = h('img', { alt: file.name, decoding: 'async' });
        image.src = await mediaAddress(session.node, name, shown.type, bytes, { signal: this.#signal });
        await image.decode();
        link.classList.remove('is-loading');
        link.replaceChildren(image);
        this.#onSize();
      } catch (error) {
        if (this.#signal.aborted) return;
        link.replaceWith(this.#card(file, name, browsingTrouble(error).title));
        this.#onSize();
      }
    };
    link.replaceChildren(icon('picture'), h('span', { class: 'visually-hidden' }, file.name));
    this.#waiting.set(link, () => {
      if (this.#context.session.node !== undefined) void show();
      // Kept messages are there before the network is.
      else this.#context.session.on('change', waitForNode, this.#signal);
    });
    let isShown = false;
    const waitForNode = (): void => {
      if (isShown || this.#context.session.node === undefined) return;
      isShown = true;
      void show();
    };
    this.#observer.observe(link);
    return link;
  }

  #card(file: SharedFile, name: Name, trouble?: string): HTMLElement {
    const item = { kind: 'file', name: file.name, type: file.type } as const;
    return h(
      'div',
      { class: 'shared-file' },
      kindIcon(item),
      h(
        'span',
        { class: 'shared-words' },
        h('a', { class: 'shared-name', href: browseAddress(linkTo(name, '')), 'data-page': true, dir: 'auto' }, file.name),
        h('span', { class: 'shared-facts' }, [kindWord(item), byteCount(file.bytes), ...(trouble === undefined ? [] : [trouble])].join(' · ')),
      ),
      downloadButton(this.#context, name, file.bytes, false, this.#signal),
    );
  }
}

function frameOf({ width, height }: SharedFile): { readonly width: number; readonly height: number } {
  if (width === undefined || height === undefined) return USUAL;
  const isExtreme = width / height > MOST_NARROW || height / width > MOST_NARROW;
  return isExtreme ? USUAL : { width, height };
}
