import { errorText } from '../format.ts';
import type { GroupPost, Network, Room } from '../network.ts';
import { Greeter } from '../rooms/greeter.ts';
import type { AskedRoom } from '../rooms/room-name.ts';
import { Roster } from '../rooms/roster.ts';
import type { User } from '../rooms/user.ts';
import type { Session } from '../session.ts';
import { Conversation, type Standing } from './conversation.ts';
import type { KeptRoom } from './kept.ts';
import type { MessageStore } from './store.ts';
import { composeHere, composeSaid, groupOf, parseHere, parseSaid, type Said } from './wire.ts';

/** Posts of before that are asked for. */
const HISTORY = 64;
/** Where the room's list is not all, who has said something within this time counts as here, in ms. */
const HEARD_MS = 10 * 60_000;

/** What a room needs of the rest of the chat. */
export interface RoomContext {
  readonly session: Session;
  readonly user: User;
  readonly store: MessageStore;
  /** Somebody has said something to the visitor alone. */
  onDirect(from: string, said: Said): void;
  /** Somebody came, went, or has told their name. */
  onPeople(): void;
}

/** A room: who is in it, and what is said. */
export class RoomConversation extends Conversation {
  readonly name: string;
  readonly password: string | undefined;
  readonly isLocked: boolean;
  /** Whether the password is kept in this browser. */
  readonly keepsPassword: boolean;
  readonly roster = new Roster(HEARD_MS);
  readonly #context: RoomContext;
  #room: Room | undefined;
  #greeter: Greeter | undefined;
  #failure: unknown;
  #stay: AbortController | undefined;

  constructor(context: RoomContext, kept: KeptRoom, keepsPassword: boolean) {
    const { session, store } = context;
    // Who comes for the first time has nothing unread.
    super(kept.key, kept.readUntil === 0 ? Date.now() : kept.readUntil, store, () => session.id);
    this.#context = context;
    this.name = kept.name;
    this.password = kept.password;
    this.isLocked = kept.isLocked;
    this.keepsPassword = keepsPassword;
  }

  get title(): string {
    return this.name;
  }

  /** For links to it. */
  get asked(): AskedRoom {
    return { name: this.name, password: this.password, isLocked: this.isLocked };
  }

  /** It has a password, which this visit does not know. */
  get isClosed(): boolean {
    return this.isLocked && this.password === undefined;
  }

  get room(): Room | undefined {
    return this.#room;
  }

  /** How many are here with the visitor. */
  get size(): number {
    return this.#room?.size ?? 0;
  }

  /** Others who are known to be here. */
  get others(): readonly string[] {
    const room = this.#room;
    return room === undefined ? [] : this.roster.here(room.members, room.size, Date.now());
  }

  protected get userName(): string {
    return this.#context.user.name;
  }

  get standing(): Standing {
    const { session } = this.#context;
    const not = (words: string, remedy?: Standing['remedy'], isTrouble = false): Standing => ({
      canSend: false,
      words,
      isTrouble,
      ...(remedy === undefined ? {} : { remedy }),
    });
    if (this.isClosed) return not('The password of this room:', 'password');
    if (session.state === 'failed') return not('You are not in the network, so nothing can be sent or heard.', undefined, true);
    if (session.state === 'connecting') return not('Joining the network …');
    if (this.#failure !== undefined) return not(`The room could not be joined: ${errorText(this.#failure)}`, 'again', true);
    if (this.#room === undefined) return not('Joining the room …');
    if (session.state === 'offline') return not('Offline: nobody hears you now. Trying to get back …', undefined, true);
    if (this.size <= 1) return { canSend: true, words: 'Nobody else is here now.', isTrouble: false, remedy: 'share' };
    return { canSend: true, words: '', isTrouble: false };
  }

  /** Joins as soon as there is a node, and once more after a failure. */
  async join(): Promise<void> {
    const { node } = this.#context.session;
    // What is known already tells what of the history is new.
    if (node === undefined || this.isClosed || this.#stay !== undefined || !this.isLoaded) return;
    const stay = new AbortController();
    this.#stay = stay;
    this.#failure = undefined;
    this.tell('state');
    try {
      const options = { history: HISTORY, signal: stay.signal, ...(this.password === undefined ? {} : { password: this.password }) };
      this.#enter(await node.join(groupOf(this.name), options), stay.signal, node);
    } catch (error) {
      if (stay.signal.aborted) return;
      this.#stay = undefined;
      this.#failure = error ?? new Error('no reason given');
    }
    this.tell('state');
    this.tell('people');
  }

  leave(): void {
    this.#stay?.abort();
    this.#stay = undefined;
    this.#room?.leave();
    this.#room = undefined;
  }

  /** The visitor has another name. */
  renamed(): void {
    this.#greeter?.renew();
    this.tell('people');
  }

  /** The node's state is another one. */
  restated(): void {
    void this.join();
    this.tell('state');
  }

  override async load(): Promise<void> {
    await super.load();
    for (const { from, name, at } of this.transcript.messages) this.roster.recall(from, { name, toldAt: at });
    this.tell('people');
    void this.join();
  }

  protected async deliver(said: Said): Promise<void> {
    if (this.#room === undefined) throw new Error('You are not in the room.');
    this.#room.publish(composeSaid(said));
  }

  #enter(room: Room, signal: AbortSignal, node: Network): void {
    if (signal.aborted) {
      room.leave();
      return;
    }
    this.#room = room;
    room.addEventListener('message', (event) => this.#handlePost(event as Event & GroupPost), { signal });
    room.addEventListener('direct', (event) => this.#handleDirect(event as Event & GroupPost), { signal });
    room.addEventListener('members', () => this.#showPeople(), { signal });
    this.#greeter = new Greeter(room, (asks) => composeHere({ name: this.userName, at: Date.now(), asks }), signal);
    if (node.state === 'offline') this.tell('state');
  }

  #handlePost({ from, payload, isHistory }: GroupPost): void {
    const said = parseSaid(payload);
    if (said === undefined) return;
    const told = { name: said.name, toldAt: said.at ?? 0 };
    const isNews = isHistory ? this.roster.recall(from, told) : this.roster.hear(from, told, Date.now());
    if (isNews) this.#showPeople();
    this.hear(from, said, isHistory);
  }

  #handleDirect({ from, payload }: GroupPost): void {
    const here = parseHere(payload);
    if (here !== undefined) {
      if (here.asks) this.#greeter?.answer(from);
      if (this.roster.hear(from, { name: here.name, toldAt: here.at }, Date.now())) this.#showPeople();
      return;
    }
    const said = parseSaid(payload);
    if (said !== undefined) this.#context.onDirect(from, said);
  }

  #showPeople(): void {
    this.tell('people');
    this.tell('state');
    this.#context.onPeople();
  }
}
