import { Emitter } from '../emitter.ts';
import type { Network } from '../network.ts';
import { newId } from '../rooms/text.ts';
import { Sharing } from './sharing.ts';
import type { MessageStore } from './store.ts';
import { timeOf, Transcript, type Message, type Place } from './transcript.ts';
import type { Said } from './wire.ts';

interface ConversationEvents {
  /** A message has come to the end, or has found its place between others. */
  message: { readonly message: Message; readonly place: Place };
  /** Everything may be different: what was kept was loaded. */
  loaded: undefined;
  /** The state, or what hinders sending. */
  state: undefined;
  /** Who is there, and under which names. */
  people: undefined;
  unread: undefined;
  /** Files on their way. */
  sharing: undefined;
}

/** Whether something can be said now, in the page's words. */
export interface Standing {
  readonly canSend: boolean;
  /** Nothing if all is as it should be. */
  readonly words: string;
  readonly isTrouble: boolean;
  /** What the visitor can do about it. */
  readonly remedy?: 'again' | 'password' | 'share';
}

/** One conversation: a room, or with one peer alone. */
export abstract class Conversation extends Emitter<ConversationEvents> {
  readonly key: string;
  /** What is written and not sent. */
  draft = '';
  readonly transcript = new Transcript();
  readonly sharings = new Set<Sharing>();
  readonly #store: MessageStore;
  readonly #own: () => string | undefined;
  #readUntil: number;
  #sending: Promise<void> = Promise.resolve();
  #unread = 0;
  #isLoaded = false;

  protected constructor(key: string, readUntil: number, store: MessageStore, own: () => string | undefined) {
    super();
    this.key = key;
    this.#readUntil = readUntil;
    this.#store = store;
    this.#own = own;
  }

  abstract readonly title: string;
  abstract readonly standing: Standing;
  /** Rejects with a text for the visitor. */
  protected abstract deliver(said: Said): Promise<void>;
  protected abstract readonly userName: string;

  get unread(): number {
    return this.#unread;
  }

  get readUntil(): number {
    return this.#readUntil;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Brings back what was kept. */
  async load(): Promise<void> {
    for (const message of await this.#store.load(this.key)) this.transcript.add(message);
    this.#isLoaded = true;
    this.#count();
    this.emit('loaded', undefined);
  }

  /** Says it to all who listen; rejects if it could not be sent. */
  async say(said: Pick<Said, 'id' | 'content'>): Promise<void> {
    const own = this.#own();
    if (own === undefined) throw new Error('You are not in the network yet.');
    const now = Date.now();
    const whole = { ...said, name: this.userName, at: now };
    await this.deliver(whole);
    this.#add({ ...whole, room: this.key, from: own, isOwn: true });
    this.read();
  }

  /** Publishes a file, and shows it to those who listen. */
  share(node: Network, file: File): void {
    const sharing = new Sharing(node, file, (shared) => this.say({ id: newId(), content: { file: shared } }));
    this.sharings.add(sharing);
    sharing.on('end', () => {
      this.sharings.delete(sharing);
      this.emit('sharing', undefined);
    });
    this.emit('sharing', undefined);
    // One after the other, so that they come in the order in which they were chosen.
    this.#sending = this.#sending.then(() => sharing.start());
  }

  /** All that is there has been seen. */
  read(): void {
    const last = this.transcript.messages.at(-1)?.at ?? 0;
    if (last <= this.#readUntil) return;
    this.#readUntil = last;
    this.#unread = this.transcript.unread(last);
    // Also where it was none before: until when all is read has to be kept.
    this.emit('unread', undefined);
  }

  /** Takes what somebody has said. */
  hear(from: string, said: Said, isHistory: boolean): void {
    const at = timeOf(said.at, isHistory, Date.now());
    this.#add({ ...said, at, room: this.key, from, isOwn: from === this.#own() });
  }

  /** Forgets what was said. */
  async forget(): Promise<void> {
    for (const sharing of this.sharings) sharing.cancel();
    await this.#store.forgetAll(this.key);
  }

  protected tell(name: 'state' | 'people'): void {
    this.emit(name, undefined);
  }

  #add(message: Message): void {
    const place = this.transcript.add(message);
    if (place === 'known') return;
    void this.#store.keep(message);
    void this.#store.forget(this.transcript.trim());
    this.emit('message', { message, place });
    this.#count();
  }

  #count(): void {
    const unread = this.transcript.unread(this.#readUntil);
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.emit('unread', undefined);
  }
}
