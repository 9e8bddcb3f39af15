import { carry } from '../components/carry.ts';
import { Dialog } from '../components/dialog.ts';
import type { Toasts } from '../components/toast.ts';
import { h, setText } from '../dom.ts';
import { answerLink } from './links.ts';

/** Firefox gives up on connections that nobody answers within some 20 seconds. */
const isHasty = navigator.userAgent.includes('Firefox/');

/** What a newcomer does: give the answer back to whoever invited, and wait. */
export class AnswerDialog {
  readonly #dialog: Dialog;
  readonly #carry = h('div', { class: 'carry-place' });
  readonly #status = h('p', { class: 'dialog-status', role: 'status' });
  readonly #toasts: Toasts;
  #shown: string | undefined;

  constructor(toasts: Toasts, inviteInstead: () => void) {
    this.#toasts = toasts;
    this.#dialog = new Dialog(
      'You are invited',
      toasts,
      h(
        'p',
        {},
        'Give this answer back to whoever invited you, as a link or a picture. Keep this page open: it connects when the answer has arrived.',
      ),
      this.#carry,
      this.#status,
      isHasty
        ? h(
            'div',
            { class: 'dialog-note' },
            h('p', {}, 'Firefox waits about 20 seconds for that. If this is too short, turn it round: invite them.'),
            h('button', { type: 'button', class: 'button', onclick: inviteInstead }, 'Invite them instead'),
          )
        : undefined,
    );
  }

  get element(): HTMLElement {
    return this.#dialog.element;
  }

  async show(answer: string): Promise<void> {
    if (this.#shown === answer) {
      this.#dialog.open();
      return;
    }
    this.#shown = answer;
    this.#carry.replaceChildren(await carry(answerLink(answer, location.href), 'Answer', this.#toasts));
    this.#dialog.open();
    setText(this.#status, 'Waiting for whoever invited you …');
  }

  close(): void {
    this.#shown = undefined;
    this.#dialog.close();
  }
}
