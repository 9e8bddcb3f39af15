import { showCarried } from '../components/carry.ts';
import { Dialog } from '../components/dialog.ts';
import { h } from '../dom.ts';
import type { Toasts } from '../components/toast.ts';
import { roomLink, type AskedRoom } from './room-name.ts';

/** The link to a room, as a QR code and to copy; with its password only if that is asked for. */
export class ShareDialog {
  readonly #toasts: Toasts;
  readonly #place = h('div', { class: 'carry-place' });
  readonly #withPassword = h('input', { type: 'checkbox', onchange: () => this.#show() });
  readonly #choice = h(
    'div',
    { class: 'share-choice' },
    h('label', { class: 'check' }, this.#withPassword, 'Put the password into the link'),
    h('p', { class: 'hint' }, 'Whoever sees such a link can read what is said. It is safer to tell the password in another way.'),
  );
  readonly #dialog: Dialog;
  #room: AskedRoom = { name: '', password: undefined, isLocked: false };

  constructor(toasts: Toasts) {
    this.#toasts = toasts;
    this.#dialog = new Dialog(
      'Bring others here',
      toasts,
      h('p', {}, 'Whoever opens this link comes into the same room.'),
      this.#place,
      this.#choice,
    );
  }

  get element(): HTMLElement {
    return this.#dialog.element;
  }

  open(room: AskedRoom): void {
    this.#room = room;
    this.#withPassword.checked = false;
    this.#choice.hidden = room.password === undefined;
    this.#show();
    this.#dialog.open();
  }

  #show(): void {
    const { name, password, isLocked } = this.#room;
    const link = roomLink(location.href, { name, password: this.#withPassword.checked ? password : undefined, isLocked });
    showCarried(this.#place, link, this.#toasts);
  }
}
