import { h } from '../dom.ts';
import { shortId } from '../format.ts';

/** An id by its first 8 digits, marked where it is the own one. */
export function idText(id: string, own: string | undefined): HTMLElement {
  const mine = id === own;
  return h(
    'code',
    { class: mine ? 'id id-own' : 'id', title: mine ? `${id} (you)` : id },
    id === '' ? 'anyone' : shortId(id),
  );
}
