import { Dialog } from '../components/dialog.ts';
import type { Toasts } from '../components/toast.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { errorText } from '../format.ts';
import { LONGEST_PASSWORD, LONGEST_ROOM, roomName, type AskedRoom } from '../rooms/room-name.ts';

/** Asks which room to join, and for its password. */
export class JoinDialog {
  readonly #name = h('input', {
    class: 'field',
    id: uniqueId('room-name'),
    name: 'room',
    maxlength: LONGEST_ROOM,
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => setText(this.#problem, ''),
  });
  readonly #password = passwordField();
  readonly #keeps = h('input', { type: 'checkbox', checked: true });
  readonly #problem = h('p', { class: 'dialog-status is-trouble', role: 'status' });
  readonly #dialog: Dialog;
  readonly #join: (room: AskedRoom, keepsPassword: boolean) => void;
  readonly #onJoined: () => void;

  /** `join` throws what the visitor has to know; `onJoined` may take the focus. */
  constructor(toasts: Toasts, join: (room: AskedRoom, keepsPassword: boolean) => void, onJoined: () => void) {
    this.#join = join;
    this.#onJoined = onJoined;
    this.#dialog = new Dialog(
      'Join a room',
      toasts,
      h(
        'form',
        {
          class: 'form',
          onsubmit: (event: Event) => {
            event.preventDefault();
            this.#submit();
          },
        },
        h('p', {}, 'A room is there as soon as somebody joins it. All who join the same name meet in it.'),
        h('label', { for: this.#name.id }, 'Name of the room'),
        this.#name,
        h('label', { for: this.#password.id }, 'Password, if it shall have one'),
        this.#password,
        h('p', { class: 'hint' }, 'A room with another password is another room, and nobody can tell you that yours is wrong.'),
        h('label', { class: 'check' }, this.#keeps, 'Keep the password in this browser'),
        this.#problem,
        h(
          'div',
          { class: 'dialog-actions' },
          h('button', { type: 'submit', class: 'button button-primary' }, 'Join'),
        ),
      ),
    );
  }

  get element(): HTMLElement {
    return this.#dialog.element;
  }

  open(): void {
    this.#name.value = '';
    this.#password.value = '';
    setText(this.#problem, '');
    this.#dialog.open();
    this.#name.focus();
  }

  #submit(): void {
    const name = roomName(this.#name.value);
    if (name === undefined) {
      setText(this.#problem, 'Give the room a name.');
      this.#name.focus();
      return;
    }
    const password = this.#password.value === '' ? undefined : this.#password.value;
    try {
      this.#join({ name, password, isLocked: password !== undefined }, this.#keeps.checked);
    } catch (error) {
      setText(this.#problem, errorText(error));
      return;
    }
    this.#dialog.close();
    this.#onJoined();
  }
}

/** No field for the browser's own keeping: a room's password is nobody's account. */
export function passwordField(): HTMLInputElement {
  return h('input', {
    class: 'field',
    id: uniqueId('room-password'),
    name: 'room-password',
    type: 'password',
    maxlength: LONGEST_PASSWORD,
    autocomplete: 'off',
  });
}
