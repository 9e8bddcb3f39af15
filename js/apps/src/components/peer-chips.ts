import { h } from '../dom.ts';
import { dial } from './dial.ts';
import { idText } from './id-text.ts';

/** Peers, each by its place on the ring and its first digits. */
export function peerChips(ids: readonly string[], own: string | undefined, label: string): HTMLElement {
  return h(
    'ul',
    { class: 'chips', role: 'list', 'aria-label': label },
    ...ids.map((id) =>
      h(
        'li',
        { class: 'chip' },
        dial(id, id === own),
        idText(id, own),
        id === own ? h('span', { class: 'chip-you' }, 'you') : undefined,
      ),
    ),
  );
}
