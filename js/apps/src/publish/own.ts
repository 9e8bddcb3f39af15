import { copyText } from '../components/clipboard.ts';
import { Confirm } from '../components/confirm.ts';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { byteCount, counted, errorText } from '../format.ts';
import type { FolderEntry, Network } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { kindIcon, kindWord } from './kinds.ts';
import { formatName, type Name } from './name.ts';
import { pageLink } from './published.ts';
import { browsingTrouble, codeOf, isAborted } from './trouble.ts';

/** What this peer has published itself. */
export class Own {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #signal: AbortSignal;
  readonly #confirm: Confirm;
  readonly #onCount: (count: number) => void;
  readonly #count = h('span', { class: 'muted' });
  readonly #note = h('p', { class: 'empty' });
  readonly #list = h('ul', { class: 'entries', role: 'list' });
  #node: Network | undefined;
  #names: ReadonlySet<string> = new Set();

  constructor(context: PageContext, onCount: (count: number) => void, signal: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
    this.#onCount = onCount;
    this.#confirm = new Confirm('Take it out of the network?', 'Unpublish', context.toasts);
    const title = uniqueId('own-title');
    this.element = h(
      'section',
      { class: 'panel panel-own', 'aria-labelledby': title },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', { id: title }, 'Your publications'),
        this.#count,
        h(
          'button',
          {
            type: 'button',
            class: 'button button-quiet button-small button-icon',
            'aria-label': 'Look again what you have published',
            title: 'Look again',
            onclick: () => void this.refresh(),
          },
          icon('refresh'),
        ),
      ),
      h('div', { class: 'panel-scroll' }, this.#note, this.#list),
      this.#confirm.element,
    );
    const show = (): void => {
      const { node, state } = context.session;
      if (node !== undefined && node !== this.#node) {
        this.#node = node;
        void this.refresh();
      } else if (node === undefined) {
        this.#say(state === 'failed' ? 'Not connected.' : 'Joining the network …');
      }
    };
    context.session.on('change', show, signal);
    show();
  }

  /** Whether something has this name at the top. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  async refresh(): Promise<void> {
    const node = this.#node;
    if (node === undefined) return;
    if (this.#names.size === 0) this.#say('Looking …');
    try {
      const entries = await node.names.list(formatName(rootOf(node)), { signal: this.#signal });
      this.#show(node, entries);
    } catch (error) {
      if (isAborted(error)) return;
      this.#show(node, []);
      const isEmpty = ['nothing-published', 'not-found'].includes(codeOf(error) ?? '');
      if (!isEmpty) this.#say(browsingTrouble(error).advice);
    }
  }

  #show(node: Network, entries: readonly FolderEntry[]): void {
    const hadFocus = this.#list.contains(document.activeElement);
    this.#names = new Set(entries.map(({ name }) => name));
    this.#onCount(entries.length);
    setText(this.#count, entries.length === 0 ? '' : byteCount(entries.reduce((sum, { bytes }) => sum + bytes, 0)));
    this.#list.replaceChildren(...entries.map((entry) => this.#row(node, entry)));
    this.#say(entries.length === 0 ? 'Nothing yet. What you publish is listed here, for you to share it or take it out again.' : '');
    if (hadFocus) (this.#list.querySelector<HTMLElement>('a') ?? this.element.querySelector('button'))?.focus();
  }

  #row(node: Network, entry: FolderEntry): HTMLElement {
    const name: Name = { uid: node.id, segments: [entry.name] };
    return h(
      'li',
      { class: 'entry' },
      kindIcon(entry),
      h('a', { class: 'entry-name', href: `#${formatName(name)}` }, entry.name),
      h('span', { class: 'entry-size' }, h('span', { class: 'visually-hidden' }, kindWord(entry)), byteCount(entry.bytes)),
      h(
        'span',
        { class: 'entry-actions' },
        action('Copy the link to', 'link', entry.name, () => void copyText(pageLink(name), 'Link', this.#context.toasts)),
        action('Unpublish', 'clear', entry.name, () => void this.#unpublish(node, entry)),
      ),
    );
  }

  async #unpublish(node: Network, { name }: FolderEntry): Promise<void> {
    const { toasts } = this.#context;
    const isSure = await this.#confirm.ask(
      `Nobody will find “${name}” under your name any more. Whoever has a copy keeps it until they drop it.`,
    );
    if (!isSure) return;
    try {
      await node.names.unpublish(name);
      toasts.show(`${name} is not published any more`);
    } catch (error) {
      toasts.show(`${name} is still published: ${errorText(error)}`, 'warning');
    }
    await this.refresh();
  }

  #say(text: string): void {
    setText(this.#note, text);
    this.#note.hidden = text === '';
  }
}

/** All that a peer has published. */
export function rootOf({ id }: Network): Name {
  return { uid: id, segments: [] };
}

/** How many there are, for a screen reader. */
export function entryCounts(entries: readonly FolderEntry[]): string {
  const folders = entries.filter(({ kind }) => kind === 'folder').length;
  const files = entries.length - folders;
  const words = [
    ...(folders === 0 ? [] : [counted(folders, 'folder')]),
    ...(files === 0 && folders > 0 ? [] : [counted(files, 'file')]),
  ];
  return words.join(', ');
}

function action(verb: string, name: 'link' | 'clear', what: string, onclick: () => void): HTMLElement {
  return h(
    'button',
    {
      type: 'button',
      class: 'button button-quiet button-small button-icon',
      'aria-label': `${verb} ${what}`,
      title: verb === 'Unpublish' ? verb : 'Copy the link',
      onclick,
    },
    icon(name),
  );
}
