import { h, setText } from '../dom.ts';
import { Dialog } from './dialog.ts';
import type { Toasts } from './toast.ts';

/** Asks before something that can't be taken back. */
export class Confirm {
  readonly #question = h('p', {});
  readonly #dialog: Dialog;
  #decide: ((isSure: boolean) => void) | undefined;

  constructor(title: string, action: string, toasts: Toasts) {
    const end = (isSure: boolean) => (): void => {
      this.#decide?.(isSure);
      this.#decide = undefined;
      this.#dialog.close();
    };
    this.#dialog = new Dialog(
      title,
      toasts,
      this.#question,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', { type: 'button', class: 'button', autofocus: true, onclick: end(false) }, 'Cancel'),
        h('button', { type: 'button', class: 'button button-danger', onclick: end(true) }, action),
      ),
    );
    this.element.addEventListener('close', end(false));
  }

  get element(): HTMLElement {
    return this.#dialog.element;
  }

  ask(question: string): Promise<boolean> {
    setText(this.#question, question);
    this.#dialog.open();
    return new Promise((resolve) => {
      this.#decide = resolve;
    });
  }
}
