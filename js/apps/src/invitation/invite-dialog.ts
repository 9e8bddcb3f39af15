import { carry } from '../components/carry.ts';
import { Dialog } from '../components/dialog.ts';
import type { Toasts } from '../components/toast.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { errorText, shortId } from '../format.ts';
import type { Invitation, Network } from '../network.ts';
import { carriedBy } from './links.ts';

/** An invitation is shown again for so long, in ms; it is good for 10 minutes. */
const SHOWN_AGAIN_MS = 8 * 60_000;

/** What a member does: give a link to a newcomer, and take the answer back. */
export class InviteDialog {
  readonly #dialog: Dialog;
  readonly #toasts: Toasts;
  /** Shows the answer to an invitation that was pasted in place of an answer. */
  readonly #onAnswer: (answer: string, connected: Promise<void>) => void;
  readonly #carry = h('div', { class: 'carry-place' });
  readonly #status = h('p', { class: 'dialog-status', role: 'status' });
  readonly #field: HTMLTextAreaElement;
  readonly #connect: HTMLButtonElement;
  #node: Network | undefined;
  #invitation: Invitation | undefined;
  #madeAt = 0;
  #busy = false;

  constructor(toasts: Toasts, onAnswer: (answer: string, connected: Promise<void>) => void) {
    this.#toasts = toasts;
    this.#onAnswer = onAnswer;
    const id = uniqueId('answer');
    this.#field = h('textarea', {
      id,
      class: 'field carry-answer',
      rows: 3,
      spellcheck: 'false',
      autocomplete: 'off',
      placeholder: 'Paste it here',
      // What was pasted is whole; nobody types an answer.
      onpaste: () => setTimeout(() => void this.#take()),
    });
    this.#connect = h('button', { type: 'submit', class: 'button button-primary' }, 'Connect');
    const form = h(
      'form',
      {
        class: 'carry',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void this.#take();
        },
      },
      this.#field,
      this.#connect,
    );
    this.#dialog = new Dialog(
      'Invite somebody',
      toasts,
      h('p', {}, 'For one person, who joins even where no server is. An invitation is good for 10 minutes.'),
      h('h3', {}, '1. Give them this link'),
      this.#carry,
      h('h3', {}, h('label', { for: id }, '2. Bring their answer back')),
      form,
      this.#status,
    );
  }

  get element(): HTMLElement {
    return this.#dialog.element;
  }

  /** Whether an answer is waited for. */
  get isOpen(): boolean {
    return this.#invitation !== undefined;
  }

  async show(node: Network): Promise<void> {
    this.#dialog.open();
    if (this.#node === node && this.#invitation !== undefined && Date.now() - this.#madeAt < SHOWN_AGAIN_MS) return;
    await this.#renew(node);
  }

  /** Takes an answer, wherever it comes from. */
  async take(text: string): Promise<void> {
    this.#field.value = text;
    await this.#take();
  }

  async #renew(node: Network): Promise<void> {
    this.#node = node;
    this.#invitation = undefined;
    this.#field.value = '';
    this.#carry.replaceChildren(h('p', { class: 'carry-soon' }, 'Making an invitation …'));
    setText(this.#status, '');
    try {
      const invitation = await node.invite();
      const shown = await carry(invitation.url ?? invitation.text, 'Invitation', this.#toasts);
      this.#invitation = invitation;
      this.#madeAt = Date.now();
      this.#carry.replaceChildren(shown);
    } catch (error) {
      this.#carry.replaceChildren();
      this.#say(`There is no invitation: ${errorText(error)}`, true);
    }
  }

  async #take(): Promise<void> {
    const text = this.#field.value.trim();
    const node = this.#node;
    if (this.#busy || node === undefined) return;
    if (text === '') {
      this.#say('Paste what the newcomer’s page shows.', true);
      this.#field.focus();
      return;
    }
    this.#busy = true;
    this.#connect.setAttribute('aria-disabled', 'true');
    this.#say('Connecting …', false);
    try {
      const theirs = carriedBy(text, 'invitation');
      if (theirs === undefined) await this.#complete(text);
      else await this.#accept(node, theirs);
    } catch (error) {
      this.#say(advice(error), true);
      if (isSpent(error)) {
        await this.#renew(node);
        this.#say(`${advice(error)} Here is another one.`, true);
      }
    } finally {
      this.#busy = false;
      this.#connect.removeAttribute('aria-disabled');
    }
  }

  async #complete(answer: string): Promise<void> {
    const peer = await this.#invitation?.complete(answer);
    if (peer === undefined) return;
    this.#invitation = undefined;
    this.#field.value = '';
    this.#dialog.close();
    this.#toasts.show(`${shortId(peer)} has joined by your invitation`);
  }

  async #accept(node: Network, invitation: string): Promise<void> {
    const accepted = await node.acceptInvitation(invitation);
    this.#field.value = '';
    this.#say('', false);
    this.#dialog.close();
    this.#onAnswer(accepted.answer, accepted.connected());
  }

  #say(text: string, isTrouble: boolean): void {
    setText(this.#status, text);
    this.#status.classList.toggle('is-trouble', isTrouble);
    this.#field.setAttribute('aria-invalid', String(isTrouble));
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** No other answer can be taken for the invitation. */
function isSpent(error: unknown): boolean {
  return ['lapsed', 'unreachable', 'linked'].includes(String(codeOf(error)));
}

function advice(error: unknown): string {
  switch (codeOf(error)) {
    case 'bad-invitation':
      return 'That is no answer to this invitation. Copy the whole text that the newcomer’s page shows.';
    case 'lapsed':
      return 'This invitation was used, or has expired.';
    case 'unreachable':
      return 'No connection has come of it: the newcomer has closed the page or given up, or a firewall is between you.';
    case 'linked':
      return 'You are connected with this peer already.';
    default:
      return errorText(error);
  }
}
