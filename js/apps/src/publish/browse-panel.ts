import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { ProgressBar } from '../components/progress-bar.ts';
import { h, uniqueId } from '../dom.ts';
import { byteCount } from '../format.ts';
import type { FolderEntry, Network } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { Address } from './address.ts';
import { crumbs } from './crumbs.ts';
import { fileView } from './file-view.ts';
import { folderView, picturesOf } from './folder-view.ts';
import { Holders } from './holders.ts';
import { formatName, parentOf, type Name } from './name.ts';
import { entryCounts, rootOf } from './own.ts';
import { pageLink } from './published.ts';
import { browsingTrouble, isAborted } from './trouble.ts';

/** Looks at what a name leads to. */
export class BrowsePanel {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #address: Address;
  readonly #tools: HTMLElement;
  readonly #crumbs = h('div', {});
  readonly #view = h('div', { class: 'panel-scroll browse-view' });
  #name: Name | undefined;
  #node: Network | undefined;
  /** Ends what is loading, and frees what was. */
  #load = new AbortController();
  /** The folder that was listed last, for the steps from picture to picture. */
  #listed: { readonly folder: string; readonly pictures: readonly FolderEntry[] } | undefined;

  constructor(context: PageContext, onName: (name: Name) => void, signal: AbortSignal) {
    this.#context = context;
    const title = uniqueId('browse-title');
    this.#address = new Address((name) => {
      // What is shown already is looked at anew.
      if (this.#name !== undefined && formatName(name) === formatName(this.#name)) this.#reload();
      else onName(name);
    });
    this.#tools = h(
      'div',
      { class: 'panel-actions' },
      tool('Copy the link', 'link', () => {
        if (this.#name !== undefined) void copyText(pageLink(this.#name), 'Link', context.toasts);
      }),
      tool('Load again', 'refresh', () => this.#reload()),
    );
    this.element = h(
      'section',
      { class: 'panel panel-browse', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Browse'), this.#tools),
      this.#address.element,
      this.#crumbs,
      this.#view,
    );
    this.element.addEventListener('keydown', (event) => this.#handleKey(event));
    context.session.on('change', () => this.#handleChange(), signal);
    signal.addEventListener('abort', () => this.#load.abort(), { once: true });
    this.#show(undefined);
  }

  /** Shows what a name leads to; nothing if there is none. */
  open(name: Name | undefined): void {
    const isSame = name !== undefined && this.#name !== undefined && formatName(name) === formatName(this.#name);
    if (!isSame) this.#show(name);
  }

  #reload(): void {
    this.#listed = undefined;
    this.#show(this.#name);
  }

  #handleChange(): void {
    const { node, state } = this.#context.session;
    if (node !== this.#node || state === 'failed') this.#show(this.#name);
  }

  #handleKey(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, pre, audio, video');
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || isTyping || event.altKey || event.ctrlKey || event.metaKey) return;
    this.#view.querySelector<HTMLElement>(`[data-step="${by}"]`)?.click();
  }

  #show(name: Name | undefined): void {
    this.#load.abort();
    this.#load = new AbortController();
    const { node } = this.#context.session;
    // What was focused here is gone in a moment; what replaces it takes the focus.
    const active = document.activeElement;
    const step = active?.getAttribute('data-step') ?? undefined;
    const places = [this.#view, this.#crumbs, this.#address.element];
    const takesFocus = name !== undefined && places.some((place) => place.contains(active));
    this.#name = name;
    this.#node = node;
    this.#address.show(name);
    this.#tools.hidden = name === undefined;
    this.#crumbs.replaceChildren(...(name === undefined ? [] : [crumbs(name, node?.id)]));
    this.#view.scrollTop = 0;
    if (name === undefined) this.#view.replaceChildren(this.#nothing(node));
    else if (node !== undefined) void this.#find(node, name, step, this.#load.signal);
    else this.#wait();
    if (takesFocus) this.#crumbs.querySelector<HTMLElement>('[aria-current]')?.focus();
  }

  async #find(node: Network, name: Name, step: string | undefined, signal: AbortSignal): Promise<void> {
    this.#wait('Looking it up …');
    const uri = formatName(name);
    try {
      const found = await node.names.resolve(uri, { signal });
      const entries = found.kind === 'folder' ? await node.names.list(uri, { signal }) : [];
      if (signal.aborted) return;
      if (found.kind === 'folder') {
        this.#listed = { folder: uri, pictures: picturesOf(entries) };
        this.#view.replaceChildren(
          folderView(this.#context, name, entries, signal),
          new Holders(this.#context, name, signal).element,
        );
        this.#say(name, entryCounts(entries));
      } else {
        const folder = parentOf(name);
        const isListed = folder !== undefined && this.#listed?.folder === formatName(folder);
        const pictures = isListed ? (this.#listed?.pictures ?? []) : [];
        this.#view.replaceChildren(
          fileView(this.#context, node, name, found, pictures, signal),
          new Holders(this.#context, name, signal).element,
        );
        if (step !== undefined) this.#view.querySelector<HTMLElement>(`[data-step="${step}"]`)?.focus();
        this.#say(name, byteCount(found.bytes));
      }
    } catch (error) {
      if (!isAborted(error) && !signal.aborted) this.#fail(name, error);
    }
  }

  #wait(words?: string): void {
    const isFailed = this.#context.session.state === 'failed';
    if (words === undefined && isFailed) {
      this.#view.replaceChildren(h('p', { class: 'empty' }, 'Not connected to anyone who could have it.'));
      return;
    }
    this.#view.replaceChildren(
      h(
        'div',
        { class: 'loading' },
        new ProgressBar('Loading').element,
        h('p', { class: 'hint' }, words ?? 'Joining the network …'),
      ),
    );
  }

  #fail(name: Name, error: unknown): void {
    const { title, advice } = browsingTrouble(error);
    const parent = parentOf(name);
    this.#view.replaceChildren(
      h(
        'div',
        { class: 'trouble', role: 'alert' },
        h('span', { class: 'trouble-mark' }, icon('warning')),
        h('h3', {}, title),
        h('p', {}, advice),
        h(
          'div',
          { class: 'order-actions' },
          h('button', { type: 'button', class: 'button button-primary', onclick: () => this.#reload() }, 'Try again'),
          parent === undefined
            ? undefined
            : h('a', { class: 'button', href: `#${formatName(parent)}` }, 'To the folder above'),
        ),
      ),
    );
  }

  #nothing(node: Network | undefined): HTMLElement {
    return h(
      'div',
      { class: 'browse-nothing' },
      h('span', { class: 'drop-mark' }, icon('folder')),
      h('p', { class: 'drop-title' }, 'Look at what others have published'),
      h(
        'p',
        { class: 'hint' },
        'Paste a name or a link above. A name says who has published something, and where; whoever has a copy sends it, and every byte is checked.',
      ),
      node === undefined
        ? undefined
        : h('a', { class: 'button', href: `#${formatName(rootOf(node))}` }, 'Browse your own'),
    );
  }

  #say(name: Name, what: string): void {
    this.#context.announcer.say(`${name.segments.at(-1) ?? 'All that this peer has published'}: ${what}`);
  }
}

function tool(label: string, name: 'link' | 'refresh', onclick: () => void): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'button button-quiet button-small button-icon', 'aria-label': label, title: label, onclick },
    icon(name),
  );
}
