import { type Child, h, uniqueId } from '../dom.ts';
import { icon } from './icons.ts';
import type { Toasts } from './toast.ts';

/** A modal dialog: Escape and its cross close it, and the focus goes back to where it was. */
export class Dialog {
  readonly element: HTMLDialogElement;
  readonly #toasts: Toasts;

  constructor(title: string, toasts: Toasts, ...content: readonly Child[]) {
    const id = uniqueId('dialog-title');
    this.element = h(
      'dialog',
      { class: 'dialog', 'aria-labelledby': id },
      h(
        'div',
        { class: 'dialog-head' },
        h('h2', { id }, title),
        h(
          'button',
          {
            type: 'button',
            class: 'button button-quiet button-icon',
            'aria-label': 'Close',
            onclick: () => this.element.close(),
          },
          icon('close'),
        ),
      ),
      h('div', { class: 'dialog-body' }, ...content),
    );
    this.#toasts = toasts;
    this.element.addEventListener('close', () => {
      // Another dialog may have opened, and have them now.
      if (this.element.contains(toasts.element)) document.body.append(toasts.element);
    });
  }

  open(): void {
    if (this.element.open) return;
    // What is not in a modal dialog is neither seen nor read out while it is open.
    this.element.append(this.#toasts.element);
    this.element.showModal();
  }

  close(): void {
    this.element.close();
  }
}
