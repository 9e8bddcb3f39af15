import { icon, type IconName } from '../components/icons.ts';
import { h } from '../dom.ts';
import type { FolderEntry } from '../network.ts';
import { shownAs } from './media-types.ts';

type Item = Pick<FolderEntry, 'kind' | 'name' | 'type'>;

function kindOf({ kind, name, type }: Item): Extract<IconName, 'folder' | 'file' | 'picture' | 'audio' | 'video' | 'text'> {
  return kind === 'folder' ? 'folder' : (shownAs(type, name)?.kind ?? 'file');
}

/** What it is, drawn. */
export function kindIcon(item: Item): HTMLElement {
  const kind = kindOf(item);
  return h('span', { class: 'kind', 'data-kind': kind, title: kindWord(item) }, icon(kind));
}

/** What it is, in a word. */
export function kindWord(item: Item): string {
  const kind = kindOf(item);
  return kind === 'file' ? 'File' : `${kind[0]?.toUpperCase() ?? ''}${kind.slice(1)}`;
}
