import { h } from '../dom.ts';

/** A polite live region for the few changes worth interrupting for; never for each message. */
export class Announcer {
  readonly element = h('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });

  say(text: string): void {
    // A region that already holds the same words would stay silent.
    this.element.textContent = '';
    requestAnimationFrame(() => {
      this.element.textContent = text;
    });
  }
}
