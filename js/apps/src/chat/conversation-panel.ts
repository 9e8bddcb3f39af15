import { Confirm } from '../components/confirm.ts';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { takeDrops } from '../publish/drop-zone.ts';
import { ShareDialog } from '../rooms/share-dialog.ts';
import type { Chat } from './chat.ts';
import { Composer } from './composer.ts';
import type { Conversation } from './conversation.ts';
import { passwordField } from './join-dialog.ts';
import { LogView } from './log-view.ts';
import { RoomConversation } from './room.ts';
import { markOf } from './rooms-panel.ts';

/** The conversation that is shown: what was said, and the field to say something. */
export class ConversationPanel {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #chat: Chat;
  readonly #mark = h('span', { class: 'conversation-mark' });
  readonly #title = h('h2', { id: uniqueId('conversation-title'), dir: 'auto', tabindex: -1 });
  readonly #count = h('span', { class: 'conversation-count' });
  readonly #share: HTMLButtonElement;
  readonly #leave: HTMLButtonElement;
  readonly #standing = h('div', { class: 'standing', role: 'status' });
  readonly #place = h('div', { class: 'log-place' });
  readonly #dialog: ShareDialog;
  readonly #confirm: Confirm;
  readonly #composer: Composer;
  readonly #signal: AbortSignal;
  #shown: AbortController | undefined;

  constructor(context: PageContext, chat: Chat, signal: AbortSignal) {
    this.#context = context;
    this.#chat = chat;
    this.#signal = signal;
    this.#dialog = new ShareDialog(context.toasts);
    this.#confirm = new Confirm('Leave?', 'Leave', context.toasts);
    this.#composer = new Composer(context);
    this.#share = h(
      'button',
      { type: 'button', class: 'button button-small', onclick: () => this.#openShare() },
      icon('link'),
      'Share',
    );
    this.#leave = h(
      'button',
      { type: 'button', class: 'button button-quiet button-small button-icon', onclick: () => void this.#askToLeave() },
      icon('leave'),
    );
    this.element = h(
      'section',
      { class: 'panel panel-conversation', 'aria-labelledby': this.#title.id },
      h(
        'div',
        { class: 'panel-head' },
        this.#mark,
        this.#title,
        this.#count,
        h('div', { class: 'panel-actions' }, this.#share, this.#leave),
      ),
      this.#place,
      this.#standing,
      this.#composer.element,
      this.#dialog.element,
      this.#confirm.element,
    );
    takeDrops(
      () => this.#composer.canSend,
      (isOver) => this.element.classList.toggle('is-over', isOver),
      ({ parts }) => {
        const files = parts.flatMap(({ source }) =>
          source instanceof File ? [source] : Symbol.iterator in source ? [...source] : [],
        );
        if (files.length === 0) context.toasts.show('Folders are shared on the page Publish', 'warning');
        else this.#composer.attach(files);
      },
      signal,
    );
    chat.on('current', () => this.#show(), signal);
    signal.addEventListener('abort', () => this.#shown?.abort(), { once: true });
    this.#show();
  }

  focus(): void {
    // On touch screens, the field would bring up the keyboard.
    if (this.#composer.canSend && matchMedia('(pointer: fine)').matches) this.#composer.focus();
    else this.#title.focus();
  }

  #show(): void {
    this.#shown?.abort();
    const { current } = this.#chat;
    const shown = new AbortController();
    this.#shown = shown;
    this.#composer.show(current, shown.signal);
    const isRoom = current instanceof RoomConversation;
    this.#share.hidden = !isRoom;
    this.#leave.hidden = current === undefined;
    if (current === undefined) {
      this.#mark.replaceChildren();
      setText(this.#title, 'No room');
      setText(this.#count, '');
      this.#standing.replaceChildren();
      this.#place.replaceChildren(h('p', { class: 'empty' }, 'You are in no room. Join one to talk to others.'));
      return;
    }
    const words = isRoom ? `Leave ${current.title}` : `Delete the messages with ${current.title}`;
    this.#leave.ariaLabel = words;
    this.#leave.title = words;
    this.#leave.replaceChildren(icon(isRoom ? 'leave' : 'clear'));
    const log = new LogView(this.#context, current, shown.signal);
    this.#place.replaceChildren(log.element);
    log.begin();
    let standing = '';
    const showHead = (): void => {
      this.#mark.replaceChildren(markOf(current));
      setText(this.#title, current.title);
      const size = isRoom ? current.size : 0;
      setText(this.#count, size === 0 ? '' : `${size.toLocaleString('en')} here`);
    };
    const showStanding = (): void => {
      showHead();
      const { canSend, words: text, remedy } = current.standing;
      const next = `${remedy ?? ''} ${canSend} ${text}`;
      // What is the same must not be read out again, nor lose the focus.
      if (next === standing) return;
      standing = next;
      this.#showStanding(current);
      this.#composer.enable(canSend, remedy !== 'password');
    };
    current.on('state', showStanding, shown.signal);
    current.on('people', showHead, shown.signal);
    showStanding();
  }

  #showStanding(current: Conversation): void {
    const { words, isTrouble, remedy } = current.standing;
    this.#standing.classList.toggle('is-trouble', isTrouble);
    this.#standing.hidden = words === '';
    this.#standing.replaceChildren(...(isTrouble ? [icon('warning')] : []), h('p', {}, words));
    const isRoom = current instanceof RoomConversation;
    const button = (text: string, onclick: () => void): HTMLElement =>
      h('button', { type: 'button', class: 'button button-small', onclick }, text);
    if (remedy === 'again' && isRoom) this.#standing.append(button('Try again', () => void current.join()));
    else if (remedy === 'share') this.#standing.append(button('Bring others here', () => this.#openShare()));
    else if (remedy === 'password' && isRoom) this.#standing.append(this.#passwordForm(current));
  }

  #passwordForm(room: RoomConversation): HTMLElement {
    const password = passwordField();
    password.ariaLabel = 'Password';
    const keeps = h('input', { type: 'checkbox', checked: true });
    const problem = h('p', { class: 'hint is-trouble', role: 'status' });
    return h(
      'form',
      {
        class: 'form',
        onsubmit: (event: Event) => {
          event.preventDefault();
          if (password.value === '') return;
          const why = this.#chat.unlock(room, password.value, keeps.checked);
          setText(problem, why ?? '');
          if (why === undefined) this.focus();
        },
      },
      h(
        'div',
        { class: 'form-row' },
        password,
        h('button', { type: 'submit', class: 'button button-primary' }, 'Join'),
      ),
      h('label', { class: 'check' }, keeps, 'Keep the password in this browser'),
      problem,
    );
  }

  #openShare(): void {
    const { current } = this.#chat;
    if (current instanceof RoomConversation) this.#dialog.open(current.asked);
  }

  async #askToLeave(): Promise<void> {
    const { current } = this.#chat;
    if (current === undefined) return;
    const count = current.transcript.messages.length;
    const what = count === 0 ? '' : ` ${counted(count, 'message')} of it ${count === 1 ? 'is' : 'are'} deleted from this browser.`;
    const question =
      current instanceof RoomConversation
        ? `You leave ${current.title}.${what}`
        : `The conversation with ${current.title} is removed.${what}`;
    if (await this.#confirm.ask(question)) {
      await this.#chat.leave(current);
      if (!this.#signal.aborted) this.focus();
    }
  }
}
