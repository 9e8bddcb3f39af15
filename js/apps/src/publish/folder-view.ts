import { h } from '../dom.ts';
import { byteCount, counted } from '../format.ts';
import type { FolderEntry } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { downloadButton } from './download-button.ts';
import { kindIcon, kindWord } from './kinds.ts';
import { shownAs } from './media-types.ts';
import { childOf, formatName, type Name } from './name.ts';
import { Thumbnails } from './thumbnails.ts';

/** Entries drawn at once; the rest on demand. */
const PAGE_SIZE = 200;

/** What is in a folder: folders and files as rows, and pictures as a gallery. */
export function folderView(
  context: PageContext,
  folder: Name,
  entries: readonly FolderEntry[],
  signal: AbortSignal,
): HTMLElement {
  const sorted = [...entries].sort(byName);
  const folders = sorted.filter(({ kind }) => kind === 'folder');
  const pictures = sorted.filter(isPicture);
  const files = sorted.filter((entry) => entry.kind === 'file' && !isPicture(entry));
  const thumbnails = new Thumbnails(context, signal);
  const row = (entry: FolderEntry): HTMLElement => entryRow(context, folder, entry, signal);
  const tile = (entry: FolderEntry): HTMLElement => {
    const name = childOf(folder, entry.name);
    return h(
      'li',
      { class: 'tile' },
      h(
        'a',
        { class: 'tile-link', href: `#${formatName(name)}`, title: entry.name },
        thumbnails.make(name, entry),
        h('span', { class: 'tile-name' }, entry.name),
      ),
      h('span', { class: 'tile-size' }, byteCount(entry.bytes)),
      downloadButton(context, name, entry.bytes, false, signal),
    );
  };
  return h(
    'div',
    { class: 'folder' },
    sorted.length === 0 ? h('p', { class: 'empty' }, 'This folder is empty.') : undefined,
    group('Folders', 'entries', folders, row),
    group('Pictures', 'gallery', pictures, tile),
    group('Files', 'entries', files, row),
  );
}

/** The pictures of a folder, in the order in which they are shown. */
export function picturesOf(entries: readonly FolderEntry[]): FolderEntry[] {
  return entries.filter(isPicture).sort(byName);
}

function isPicture({ kind, type, name }: FolderEntry): boolean {
  return kind === 'file' && shownAs(type, name)?.kind === 'picture';
}

function entryRow(context: PageContext, folder: Name, entry: FolderEntry, signal: AbortSignal): HTMLElement {
  const name = childOf(folder, entry.name);
  return h(
    'li',
    { class: 'entry' },
    kindIcon(entry),
    h('a', { class: 'entry-name', href: `#${formatName(name)}` }, entry.name),
    h('span', { class: 'entry-size' }, h('span', { class: 'visually-hidden' }, kindWord(entry)), byteCount(entry.bytes)),
    h(
      'span',
      { class: 'entry-actions' },
      entry.kind === 'file' ? downloadButton(context, name, entry.bytes, false, signal) : undefined,
    ),
  );
}

/** A titled list, of which the first are drawn. */
function group(
  title: string,
  kind: 'entries' | 'gallery',
  entries: readonly FolderEntry[],
  draw: (entry: FolderEntry) => HTMLElement,
): HTMLElement | undefined {
  if (entries.length === 0) return undefined;
  const list = h('ul', { class: kind, role: 'list', 'aria-label': title });
  const more = h('button', { type: 'button', class: 'button more', onclick: () => drawMore(true) });
  const drawMore = (takesFocus: boolean): void => {
    const drawn = list.childElementCount;
    list.append(...entries.slice(drawn, drawn + PAGE_SIZE).map(draw));
    const left = entries.length - list.childElementCount;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(left, PAGE_SIZE)} more of ${left}`;
    if (takesFocus) list.children[drawn]?.querySelector('a')?.focus();
  };
  drawMore(false);
  return h(
    'section',
    { class: 'folder-group' },
    h('h3', { class: 'folder-title' }, title, h('span', { class: 'visually-hidden' }, `: ${counted(entries.length, 'entry', 'entries')}`)),
    list,
    more,
  );
}

const collator = new Intl.Collator(undefined, { numeric: true });

function byName(a: FolderEntry, b: FolderEntry): number {
  return collator.compare(a.name, b.name);
}
