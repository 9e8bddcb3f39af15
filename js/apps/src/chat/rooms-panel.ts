import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import type { PageContext } from '../pages.ts';
import { face } from '../rooms/face.ts';
import type { Chat } from './chat.ts';
import type { Conversation } from './conversation.ts';
import { DirectConversation } from './direct.ts';
import { JoinDialog } from './join-dialog.ts';
import { RoomConversation } from './room.ts';

/** The visitor's conversations, with what is unread in them. */
export class RoomsPanel {
  readonly element: HTMLElement;
  readonly #chat: Chat;
  readonly #onOpen: () => void;
  readonly #rooms = h('ul', { class: 'conversations', role: 'list', 'aria-label': 'Rooms' });
  readonly #directs = h('ul', { class: 'conversations', role: 'list', 'aria-label': 'Direct messages' });
  readonly #directsTitle = h('h3', { class: 'conversations-title' }, 'Direct messages');
  readonly #rows = new Map<Conversation, Row>();

  constructor(context: PageContext, chat: Chat, onOpen: () => void, signal: AbortSignal) {
    this.#chat = chat;
    this.#onOpen = onOpen;
    const title = uniqueId('rooms-title');
    const dialog = new JoinDialog(context.toasts, (room, keepsPassword) => chat.enter(room, keepsPassword), onOpen);
    this.element = h(
      'section',
      { class: 'panel panel-rooms', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Rooms')),
      h('div', { class: 'panel-scroll' }, this.#rooms, this.#directsTitle, this.#directs),
      h(
        'div',
        { class: 'rooms-foot' },
        h('button', { type: 'button', class: 'button', onclick: () => dialog.open() }, icon('add'), 'Join a room'),
      ),
      dialog.element,
    );
    const show = (): void => this.#show();
    chat.on('list', show, signal);
    chat.on('current', show, signal);
    this.#show();
  }

  #show(): void {
    const { rooms, directs } = this.#chat;
    const all = new Set<Conversation>([...rooms, ...directs]);
    for (const [conversation, row] of this.#rows) {
      if (all.has(conversation)) continue;
      row.element.remove();
      this.#rows.delete(conversation);
    }
    this.#place(this.#rooms, rooms);
    // Who has written last comes first.
    const lastAt = ({ transcript }: Conversation): number => transcript.messages.at(-1)?.at ?? 0;
    this.#place(this.#directs, directs.toSorted((a, b) => lastAt(b) - lastAt(a)));
    this.#directsTitle.hidden = directs.length === 0;
  }

  #place(list: HTMLElement, conversations: readonly Conversation[]): void {
    conversations.forEach((conversation, index) => {
      const row = this.#rows.get(conversation) ?? this.#make(conversation);
      row.show(conversation === this.#chat.current);
      // Moving a row that is in place already would take the focus from it.
      const there = list.children[index];
      if (there !== row.element) list.insertBefore(row.element, there ?? null);
    });
  }

  #make(conversation: Conversation): Row {
    const row = new Row(conversation, () => {
      this.#chat.show(conversation);
      this.#onOpen();
    });
    this.#rows.set(conversation, row);
    return row;
  }
}

class Row {
  readonly element: HTMLElement;
  readonly #conversation: Conversation;
  readonly #mark = h('span', { class: 'conversation-mark' });
  readonly #title = h('span', { class: 'conversation-title', dir: 'auto' });
  readonly #last = h('span', { class: 'conversation-last', dir: 'auto' });
  readonly #count = h('span', {});
  readonly #unread = h('span', { class: 'conversation-unread' }, this.#count, h('span', { class: 'visually-hidden' }, ' unread'));
  readonly #button: HTMLButtonElement;
  #shownTitle = '';

  constructor(conversation: Conversation, onOpen: () => void) {
    this.#conversation = conversation;
    this.#button = h(
      'button',
      { type: 'button', class: 'conversation', onclick: onOpen },
      this.#mark,
      h('span', { class: 'conversation-words' }, this.#title, this.#last),
      this.#unread,
    );
    this.element = h('li', {}, this.#button);
  }

  show(isCurrent: boolean): void {
    const conversation = this.#conversation;
    if (conversation.title !== this.#shownTitle) {
      this.#shownTitle = conversation.title;
      this.#mark.replaceChildren(markOf(conversation));
      setText(this.#title, conversation.title);
    }
    setText(this.#last, lastWords(conversation));
    const { unread } = conversation;
    setText(this.#count, unread === 0 ? '' : unread > 99 ? '99+' : String(unread));
    this.#unread.hidden = unread === 0;
    if (isCurrent) this.#button.setAttribute('aria-current', 'true');
    else this.#button.removeAttribute('aria-current');
  }
}

/** What stands for a conversation: a room's sign, or a peer's face. */
export function markOf(conversation: Conversation): Element {
  if (conversation instanceof DirectConversation) return face(conversation.peer, conversation.title);
  const isLocked = conversation instanceof RoomConversation && conversation.isLocked;
  return h('span', { class: 'room-mark' }, icon(isLocked ? 'lock' : 'room'));
}

function lastWords(conversation: Conversation): string {
  if (conversation instanceof RoomConversation && conversation.isClosed) return 'Needs its password';
  const last = conversation.transcript.messages.at(-1);
  if (last === undefined) return '';
  const what = 'text' in last.content ? last.content.text.slice(0, 200) : last.content.file.name;
  return conversation instanceof DirectConversation || last.name === undefined ? what : `${last.name}: ${what}`;
}
