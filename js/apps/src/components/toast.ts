import { h } from '../dom.ts';
import { icon, type IconName } from './icons.ts';

const SHOWN_FOR_MS = 4000;
const MOST_AT_ONCE = 3;

/** Short notes at the lower edge, spoken politely, gone by themselves. */
export class Toasts {
  readonly element = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

  show(text: string, name: IconName = 'check'): void {
    const toast = h('div', { class: 'toast' }, icon(name), h('span', {}, text));
    this.element.append(toast);
    while (this.element.childElementCount > MOST_AT_ONCE) this.element.firstElementChild?.remove();
    setTimeout(() => toast.remove(), SHOWN_FOR_MS);
  }
}
