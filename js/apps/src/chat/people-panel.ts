import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted, shortId } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { face } from '../rooms/face.ts';
import { nameForm } from '../rooms/name-form.ts';
import type { Chat } from './chat.ts';
import { DirectConversation } from './direct.ts';
import { RoomConversation } from './room.ts';

/** Who is in the conversation that is shown, and how the visitor is called in it. */
export class PeoplePanel {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #chat: Chat;
  readonly #onTalk: () => void;
  readonly #onCount: (count: number) => void;
  readonly #list = h('ul', { class: 'people', role: 'list' });
  readonly #more = h('p', { class: 'panel-note' });
  readonly #rows = new Map<string, Person>();
  readonly #signal: AbortSignal;
  #shown: AbortController | undefined;

  constructor(context: PageContext, chat: Chat, onTalk: () => void, onCount: (count: number) => void, signal: AbortSignal) {
    this.#context = context;
    this.#chat = chat;
    this.#onTalk = onTalk;
    this.#onCount = onCount;
    const title = uniqueId('people-title');
    this.element = h(
      'section',
      { class: 'panel panel-people', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'People')),
      nameForm(context, signal),
      h('div', { class: 'panel-scroll' }, this.#list, this.#more),
    );
    this.#signal = signal;
  }

  /** To be called once the count has its place. */
  begin(): void {
    const signal = this.#signal;
    const show = (): void => this.#show();
    const follow = (): void => {
      this.#shown?.abort();
      this.#shown = new AbortController();
      this.#chat.current?.on('people', show, this.#shown.signal);
      show();
    };
    this.#chat.on('current', follow, signal);
    this.#chat.user.on('change', show, signal);
    this.#context.session.on('change', show, signal);
    signal.addEventListener('abort', () => this.#shown?.abort(), { once: true });
    follow();
  }

  #show(): void {
    const { current, user } = this.#chat;
    const own = this.#context.session.id;
    const others = this.#others();
    const people = others.map(({ id, name }) => ({ id, name: name ?? shortId(id) }));
    people.sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1));
    const isIn = own !== undefined && current !== undefined && !(current instanceof RoomConversation && current.room === undefined);
    if (isIn) people.unshift({ id: own, name: user.name });
    const ids = new Set(people.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    people.forEach(({ id, name }, index) => {
      const row = this.#rows.get(id) ?? this.#make(id, id === own);
      row.show(name, current instanceof RoomConversation);
      // Moving a row that is in place already would take the focus from it.
      const there = this.#list.children[index];
      if (there !== row.element) this.#list.insertBefore(row.element, there ?? null);
    });
    const size = current instanceof RoomConversation ? current.size : people.length;
    const hidden = Math.max(0, size - people.length);
    this.#more.hidden = hidden === 0;
    setText(this.#more, `and about ${counted(hidden, 'other')}, who have said nothing of late`);
    this.#onCount(size);
  }

  #others(): { readonly id: string; readonly name: string | undefined }[] {
    const { current } = this.#chat;
    if (current instanceof RoomConversation) return current.others.map((id) => ({ id, name: current.roster.nameOf(id) }));
    if (current instanceof DirectConversation) return [{ id: current.peer, name: current.name }];
    return [];
  }

  #make(id: string, isOwn: boolean): Person {
    const row = new Person(this.#context, id, isOwn, () => {
      this.#chat.talkTo(id);
      this.#onTalk();
    });
    this.#rows.set(id, row);
    return row;
  }
}

class Person {
  readonly element: HTMLElement;
  readonly #id: string;
  readonly #face = h('span', { class: 'person-face' });
  readonly #name = h('span', { class: 'person-name', dir: 'auto' });
  readonly #talk: HTMLButtonElement | undefined;
  readonly #copy: HTMLButtonElement;
  #shownName = '';

  constructor(context: PageContext, id: string, isOwn: boolean, onTalk: () => void) {
    this.#id = id;
    this.#copy = h(
      'button',
      { type: 'button', class: 'id-button', title: id, onclick: () => void copyText(id, `Id ${shortId(id)}`, context.toasts) },
      shortId(id),
    );
    this.#talk = isOwn
      ? undefined
      : h('button', { type: 'button', class: 'button button-quiet button-small button-icon', onclick: onTalk }, icon('chat'));
    this.element = h(
      'li',
      { class: 'person', 'data-peer': id },
      this.#face,
      h('span', { class: 'person-words' }, this.#name, this.#copy),
      isOwn ? h('span', { class: 'you' }, 'you') : this.#talk,
    );
  }

  show(name: string, canTalk: boolean): void {
    if (this.#talk !== undefined) this.#talk.hidden = !canTalk;
    if (name === this.#shownName) return;
    this.#shownName = name;
    this.#face.replaceChildren(face(this.#id, name));
    setText(this.#name, name);
    this.#copy.ariaLabel = `Copy the id of ${name}: ${shortId(this.#id)}`;
    if (this.#talk === undefined) return;
    this.#talk.ariaLabel = `Write to ${name} alone`;
    this.#talk.title = this.#talk.ariaLabel;
  }
}
