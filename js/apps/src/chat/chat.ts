import { Emitter } from '../emitter.ts';
import type { AskedRoom } from '../rooms/room-name.ts';
import { User } from '../rooms/user.ts';
import type { Session } from '../session.ts';
import type { Conversation } from './conversation.ts';
import { DirectConversation } from './direct.ts';
import { directKey, keyOf, loadKept, MOST_DIRECTS, MOST_ROOMS, saveKept, type KeptRoom } from './kept.ts';
import { RoomConversation, type RoomContext } from './room.ts';
import { MessageStore } from './store.ts';
import type { Said } from './wire.ts';

interface ChatEvents {
  /** Other conversations, other unread ones, or other names of them. */
  list: undefined;
  /** Another conversation is the one to show. */
  current: undefined;
}

const chats = new WeakMap<Session, Chat>();

/** All conversations of the visitor: they go on while another page is shown, as the node does. */
export class Chat extends Emitter<ChatEvents> {
  readonly user: User;
  readonly #context: RoomContext;
  readonly #store = new MessageStore();
  readonly #rooms = new Map<string, RoomConversation>();
  readonly #directs = new Map<string, DirectConversation>();
  /** Keys of rooms that were left here: what other tabs are in stays. */
  readonly #left = new Set<string>();
  #current: Conversation | undefined;

  private constructor(session: Session) {
    super();
    this.user = User.of(session);
    this.#context = {
      session,
      user: this.user,
      store: this.#store,
      onDirect: (from, said) => this.#handleDirect(from, said),
      onPeople: () => {
        for (const direct of this.#directs.values()) direct.restated();
        this.emit('list', undefined);
      },
    };
    const kept = loadKept();
    for (const room of kept.rooms) this.#addRoom(room, true);
    for (const { peer, name, readUntil } of kept.directs) this.#addDirect(peer, name, readUntil);
    const { current } = kept;
    this.#current = this.#rooms.get(current) ?? this.#directs.get(current) ?? this.rooms[0];
    session.on('change', () => {
      for (const room of this.#rooms.values()) room.restated();
      for (const direct of this.#directs.values()) direct.restated();
    });
    this.user.on('change', () => {
      for (const room of this.#rooms.values()) room.renamed();
    });
  }

  static of(session: Session): Chat {
    const chat = chats.get(session) ?? new Chat(session);
    chats.set(session, chat);
    return chat;
  }

  get rooms(): readonly RoomConversation[] {
    return [...this.#rooms.values()];
  }

  get directs(): readonly DirectConversation[] {
    return [...this.#directs.values()];
  }

  get current(): Conversation | undefined {
    return this.#current;
  }

  get unread(): number {
    return [...this.rooms, ...this.directs].reduce((sum, { unread }) => sum + unread, 0);
  }

  show(conversation: Conversation | undefined): void {
    if (conversation === this.#current) return;
    this.#current = conversation;
    this.#save();
    this.emit('current', undefined);
  }

  /** Enters the room, and shows it; throws if there are too many. */
  enter({ name, password, isLocked }: AskedRoom, keepsPassword = true): void {
    const needsPassword = isLocked && password === undefined;
    const known = needsPassword
      ? this.rooms.find((room) => room.name === name && room.isLocked)
      : this.#rooms.get(keyOf(name, password));
    if (known !== undefined && !(known.isClosed && password !== undefined)) {
      this.show(known);
      return;
    }
    if (known === undefined && this.#rooms.size >= MOST_ROOMS) {
      throw new Error(`You are in ${MOST_ROOMS} rooms, which is the most. Leave one first.`);
    }
    // Without the password, nobody knows which of the rooms of that name it is.
    const key = needsPassword ? `${name}\n?` : keyOf(name, password);
    const readUntil = known?.readUntil ?? 0;
    this.show(this.#addRoom({ key, name, password, isLocked, readUntil }, keepsPassword));
    this.emit('list', undefined);
  }

  /** Enters a closed room; gives why not. */
  unlock(room: RoomConversation, password: string, keepsPassword: boolean): string | undefined {
    const key = keyOf(room.name, password);
    const isAnyOfTheName = room.key === `${room.name}\n?`;
    if (!isAnyOfTheName && room.key !== key) {
      return 'This is not the password from before. For another room of the same name, use “Join a room”.';
    }
    if (isAnyOfTheName) this.#remove(room);
    this.enter({ name: room.name, password, isLocked: true }, keepsPassword);
    return undefined;
  }

  /** The conversation with one peer. */
  talkTo(peer: string): void {
    const name = this.rooms.map(({ roster }) => roster.nameOf(peer)).find((each) => each !== undefined);
    this.show(this.#directs.get(directKey(peer)) ?? this.#addDirect(peer, name, Date.now()));
    this.emit('list', undefined);
  }

  /** Leaves it, and forgets what was said in it. */
  async leave(conversation: Conversation): Promise<void> {
    this.#remove(conversation);
    if (this.#current === conversation) this.show(this.rooms[0] ?? this.directs[0]);
    this.#save();
    this.emit('list', undefined);
    await conversation.forget();
  }

  #remove(conversation: Conversation): void {
    if (conversation instanceof RoomConversation) conversation.leave();
    this.#rooms.delete(conversation.key);
    this.#directs.delete(conversation.key);
    this.#left.add(conversation.key);
  }

  #addRoom(kept: KeptRoom, keepsPassword: boolean): RoomConversation {
    const room = new RoomConversation(this.#context, kept, keepsPassword);
    this.#rooms.set(kept.key, room);
    this.#left.delete(kept.key);
    this.#attend(room);
    return room;
  }

  #addDirect(peer: string, name: string | undefined, readUntil: number): DirectConversation {
    const direct = new DirectConversation(this.#context, () => this.#rooms.values(), { peer, name, readUntil });
    this.#directs.set(direct.key, direct);
    this.#left.delete(direct.key);
    while (this.#directs.size > MOST_DIRECTS) {
      const others = this.directs.filter((each) => each !== direct && each !== this.#current);
      // Strangers can begin any number of them; those in which the visitor has spoken stay longest.
      const spare = others.find(({ isLoaded, transcript }) => isLoaded && !transcript.messages.some((it) => it.isOwn));
      const gone = spare ?? others[0];
      if (gone === undefined) break;
      this.#directs.delete(gone.key);
      void gone.forget();
    }
    this.#attend(direct);
    return direct;
  }

  #attend(conversation: Conversation): void {
    conversation.on('unread', () => {
      this.#save();
      this.emit('list', undefined);
    });
    conversation.on('message', () => this.emit('list', undefined));
    conversation.on('loaded', () => this.emit('list', undefined));
    void conversation.load();
  }

  #handleDirect(from: string, said: Said): void {
    const direct = this.#directs.get(directKey(from)) ?? this.#addDirect(from, said.name, 0);
    direct.hear(from, said, false);
    this.#save();
  }

  #save(): void {
    const before = loadKept();
    const rooms = this.rooms.map(({ key, name, password, isLocked, keepsPassword, readUntil }) => ({
      key,
      name,
      password: keepsPassword ? password : undefined,
      isLocked,
      readUntil,
    }));
    const directs = this.directs.map(({ key, peer, name, readUntil }) => ({ key, peer, name, readUntil }));
    const isOthers = ({ key }: { readonly key: string }): boolean =>
      !this.#rooms.has(key) && !this.#directs.has(key) && !this.#left.has(key);
    saveKept({
      rooms: [...rooms, ...before.rooms.filter(isOthers)],
      directs: [...before.directs.filter(isOthers), ...directs],
      current: this.#current?.key ?? '',
    });
  }
}
