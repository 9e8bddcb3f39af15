import { icon, type IconName } from '../components/icons.ts';
import { h } from '../dom.ts';
import type { PageContext } from '../pages.ts';
import type { Conversation } from './conversation.ts';
import { AttachmentView } from './attachment.ts';
import { dayLine, messageView, newLine } from './message-view.ts';
import { RoomConversation } from './room.ts';
import { sharingView } from './sharing-view.ts';
import { beginsDay, beginsTurn, KEPT, type Message } from './transcript.ts';

/** Closer to the end than this, new messages scroll into sight; in CSS pixels. */
const NEAR_END = 80;

/** What was said in one conversation, the newest at the end, and read as it comes. */
export class LogView {
  readonly element: HTMLElement;
  readonly #conversation: Conversation;
  readonly #attachments: AttachmentView;
  readonly #list = h('div', { class: 'log-list' });
  readonly #sharings = h('div', { class: 'log-sharings' });
  readonly #log: HTMLElement;
  readonly #toEnd: HTMLButtonElement;
  /** What was unread when this was opened stands below a line. */
  #newFrom: number;
  #isAtEnd = true;

  constructor(context: PageContext, conversation: Conversation, signal: AbortSignal) {
    this.#conversation = conversation;
    this.#newFrom = conversation.unread === 0 ? Infinity : conversation.readUntil;
    this.#attachments = new AttachmentView(context, () => this.#keepEnd(), signal);
    this.#log = h(
      'div',
      {
        class: 'log',
        role: 'log',
        'aria-live': 'polite',
        'aria-label': `Messages: ${conversation.title}`,
        tabindex: 0,
        onscroll: () => this.#scrolled(),
      },
      this.#list,
      this.#sharings,
    );
    this.#toEnd = h(
      'button',
      { type: 'button', class: 'button log-to-end', hidden: true, onclick: () => this.#goToEnd() },
      icon('down'),
      'New messages',
    );
    this.element = h('div', { class: 'log-frame' }, this.#log, this.#toEnd);

    conversation.on('loaded', () => this.#showAll(), signal);
    conversation.on('message', ({ message, place }) => this.#add(message, place === 'last'), signal);
    conversation.on('sharing', () => this.#showSharings(), signal);
    document.addEventListener('visibilitychange', () => this.#read(), { signal });
    addEventListener('focus', () => this.#read(), { signal });
    const resized = new ResizeObserver(() => this.#keepEnd());
    resized.observe(this.#log);
    signal.addEventListener('abort', () => resized.disconnect(), { once: true });
  }

  /** To be called once it is in the document. */
  begin(): void {
    this.#showAll();
    this.#showSharings();
  }

  #showAll(): void {
    const { messages } = this.#conversation.transcript;
    this.#list.replaceChildren(...messages.flatMap((message, index) => this.#rows(messages[index - 1], message)));
    if (messages.length === 0) this.#list.append(this.#empty());
    this.#keepEnd();
    this.#read();
  }

  #add(message: Message, isLast: boolean): void {
    const { messages } = this.#conversation.transcript;
    // What comes between others changes what stands under which name.
    if (!isLast || messages.length === 1) {
      this.#showAll();
      return;
    }
    const { isOwn } = message;
    if (!isOwn && !this.#isSeen() && this.#newFrom === Infinity) this.#newFrom = messages.at(-2)?.at ?? 0;
    this.#list.append(...this.#rows(messages.at(-2), message));
    if (messages.length >= KEPT) this.#dropFirst(messages.length);
    if (isOwn) this.#goToEnd();
    this.#keepEnd();
    this.#read();
    this.#toEnd.hidden = this.#isAtEnd;
  }

  #rows(before: Message | undefined, message: Message): HTMLElement[] {
    const rows: HTMLElement[] = [];
    if (beginsDay(before, message)) rows.push(dayLine(message.at));
    if (this.#isFirstNew(message)) rows.push(newLine());
    const isFirst = rows.length > 0 || beginsTurn(before, message);
    rows.push(messageView(message, isFirst, this.#attachments));
    return rows;
  }

  #isFirstNew(message: Message): boolean {
    const isNew = ({ at, isOwn }: Message): boolean => at > this.#newFrom && !isOwn;
    return isNew(message) && this.#conversation.transcript.messages.find(isNew) === message;
  }

  #dropFirst(kept: number): void {
    while (this.#list.querySelectorAll('.talk').length > kept) this.#list.firstElementChild?.remove();
  }

  #empty(): HTMLElement {
    const nothing = (name: IconName, title: string, text: string): HTMLElement =>
      h(
        'div',
        { class: 'log-empty' },
        h('span', { class: 'drop-mark' }, icon(name)),
        h('p', { class: 'drop-title' }, title),
        h('p', { class: 'hint' }, text),
      );
    if (!(this.#conversation instanceof RoomConversation)) {
      return nothing('chat', 'Nothing said yet', 'What you write here goes to this peer alone, and only while both of you are here.');
    }
    if (this.#conversation.isClosed) {
      return nothing('lock', 'This room has a password', 'Ask for it whoever sent you here. With another one you would be in another room, and find nobody there.');
    }
    return nothing(
      'chat',
      'Nothing said yet',
      'What you say goes from browser to browser, to all who are in this room. No server keeps it: those who come later get the last messages from the others.',
    );
  }

  #showSharings(): void {
    const isMore = this.#conversation.sharings.size > this.#sharings.childElementCount;
    this.#sharings.replaceChildren(...[...this.#conversation.sharings].map((sharing) => sharingView(sharing)));
    if (isMore) this.#goToEnd();
    else this.#keepEnd();
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#isAtEnd) this.#toEnd.hidden = true;
    this.#read();
  }

  #goToEnd(): void {
    this.#isAtEnd = true;
    this.#keepEnd();
    this.#toEnd.hidden = true;
    this.#read();
  }

  #keepEnd(): void {
    if (this.#isAtEnd) this.#log.scrollTop = this.#log.scrollHeight;
  }

  #isSeen(): boolean {
    return this.#isAtEnd && !document.hidden && this.#log.clientHeight > 0;
  }

  #read(): void {
    if (this.#isSeen()) this.#conversation.read();
  }
}
