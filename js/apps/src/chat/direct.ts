import { shortId } from '../format.ts';
import { Conversation, type Standing } from './conversation.ts';
import { directKey, type KeptDirect } from './kept.ts';
import type { RoomConversation, RoomContext } from './room.ts';
import { composeSaid, type Said } from './wire.ts';

/** A conversation with one peer, over any room that both are in. */
export class DirectConversation extends Conversation {
  readonly peer: string;
  readonly #context: RoomContext;
  readonly #rooms: () => Iterable<RoomConversation>;
  #name: string | undefined;

  constructor(context: RoomContext, rooms: () => Iterable<RoomConversation>, kept: Omit<KeptDirect, 'key'>) {
    const { session, store } = context;
    super(directKey(kept.peer), kept.readUntil, store, () => session.id);
    this.#context = context;
    this.#rooms = rooms;
    this.peer = kept.peer;
    this.#name = kept.name;
  }

  /** The peer's name, as it was told last. */
  get title(): string {
    return this.#name ?? shortId(this.peer);
  }

  get name(): string | undefined {
    return this.#name;
  }

  protected get userName(): string {
    return this.#context.user.name;
  }

  /** The rooms in which both are. */
  get shared(): RoomConversation[] {
    return [...this.#rooms()].filter((room) => room.others.includes(this.peer));
  }

  get standing(): Standing {
    const { state } = this.#context.session;
    const not = (words: string, isTrouble = false): Standing => ({ canSend: false, words, isTrouble });
    if (state === 'failed') return not('You are not in the network, so nothing can be sent or heard.', true);
    if (state === 'connecting') return not('Joining the network …');
    if (state === 'offline') return not('Offline: nobody hears you now. Trying to get back …', true);
    if (this.shared.length === 0) return not(`${this.title} is in none of your rooms now.`);
    return { canSend: true, words: '', isTrouble: false };
  }

  /** Somebody came, went, has told their name; or the node's state is another one. */
  restated(): void {
    for (const room of this.#rooms()) this.#name = room.roster.nameOf(this.peer) ?? this.#name;
    this.tell('state');
    this.tell('people');
  }

  override hear(from: string, said: Said, isHistory: boolean): void {
    this.#name = said.name ?? this.#name;
    super.hear(from, said, isHistory);
  }

  protected async deliver(said: Said): Promise<void> {
    const room = this.shared[0]?.room;
    if (room === undefined) throw new Error(`${this.title} is in none of your rooms now.`);
    await room.send(this.peer, composeSaid(said));
  }
}
