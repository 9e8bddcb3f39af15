import { h } from '../dom.ts';
import { icon, type IconName } from './icons.ts';

const SHOWN_FOR_MS = 4000;
const MOST_AT_ONCE = 3;

/** Short notes at the lower edge, spoken politely, gone by themselves. */
export class Toasts {
  readonly element = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });

  show(text: string, name: IconName = 'check'): void {
    // A dialog that had them may have gone with its page.
    if (!this.element.isConnected) document.body.append(this.element);
    const toast = h('div', { class: 'toast' }, icon(name), h('span', {}, text));
    this.element.append(toast);
    while (this.element.childElementCount > MOST_AT_ONCE) this.element.firstElementChild?.remove();
    setTimeout(() => toast.remove(), SHOWN_FOR_MS);
  }
}
