import { Emitter } from '../emitter.ts';
import { errorText, shortId } from '../format.ts';
import type { GroupPost, Room } from '../network.ts';
import { Greeter } from '../rooms/greeter.ts';
import { isPartial, Roster } from '../rooms/roster.ts';
import { User } from '../rooms/user.ts';
import type { Session } from '../session.ts';
import { Board, type Direction } from './board.ts';
import { composeCircle, composeDot, composeHere, groupOf, parseCircle, parseDot, parseHere } from './wire.ts';

/** Moves are told so often at most; what lies between is not, in ms. */
const TELL_EVERY_MS = 50;
/** Where the room's list is not all of its members, players say so often that they are here, in ms. */
const BEAT_MS = 30_000;
const HEARD_MS = 2.5 * BEAT_MS;

export type Piece = 'circle' | 'dot';

interface PlayEvents {
  /** The circle or a dot is elsewhere. */
  board: undefined;
  /** Somebody came, went, or has another name. */
  players: undefined;
  standing: undefined;
}

/** How the visitor is in the room, in the page's words. */
export interface Standing {
  readonly words: string;
  readonly isTrouble: boolean;
  readonly remedy?: 'again' | 'share';
}

export interface Player {
  readonly id: string;
  readonly name: string;
  readonly isOwn: boolean;
}

/** One room's game, from joining to leaving, which is when `signal` aborts. */
export class Play extends Emitter<PlayEvents> {
  readonly name: string;
  readonly #session: Session;
  readonly #user: User;
  readonly #signal: AbortSignal;
  readonly #roster = new Roster(HEARD_MS);
  readonly #untold = new Set<Piece>();
  #board: Board | undefined;
  #room: Room | undefined;
  #greeter: Greeter | undefined;
  #failure: unknown;
  #isJoining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string, session: Session, signal: AbortSignal) {
    super();
    this.name = name;
    this.#session = session;
    this.#user = User.of(session);
    this.#signal = signal;
    session.on('change', () => {
      void this.join();
      this.emit('standing', undefined);
    }, signal);
    this.#user.on('change', () => this.#renamed(), signal);
    const beat = setInterval(() => this.#beat(), BEAT_MS);
    signal.addEventListener('abort', () => {
      clearInterval(beat);
      clearTimeout(this.#timer);
      this.#room?.leave();
    }, { once: true });
    void this.join();
  }

  /** Undefined until the visitor is in the network. */
  get board(): Board | undefined {
    return this.#board;
  }

  get size(): number {
    return this.#room?.size ?? 0;
  }

  /** Those who are here, the visitor first. */
  get players(): Player[] {
    const { id } = this.#session;
    if (id === undefined || this.#room === undefined) return [];
    const others = this.#others().map((other) => ({ id: other, name: this.nameOf(other), isOwn: false }));
    others.sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1));
    return [{ id, name: this.#user.name, isOwn: true }, ...others];
  }

  nameOf(id: string): string {
    return id === this.#session.id ? this.#user.name : (this.#roster.nameOf(id) ?? shortId(id));
  }

  get standing(): Standing {
    const { state } = this.#session;
    if (state === 'failed') return { words: 'You are not in the network: nobody sees what you move.', isTrouble: true };
    if (state === 'connecting') return { words: 'Joining the network …', isTrouble: false };
    if (this.#failure !== undefined) {
      return { words: `The room could not be joined: ${errorText(this.#failure)}`, isTrouble: true, remedy: 'again' };
    }
    if (this.#room === undefined) return { words: 'Joining the room …', isTrouble: false };
    if (state === 'offline') return { words: 'Offline: nobody sees what you move now. Trying to get back …', isTrouble: true };
    if (this.size <= 1) return { words: 'Nobody else is here now.', isTrouble: false, remedy: 'share' };
    return { words: '', isTrouble: false };
  }

  /** Joins as soon as there is a node, and once more after a failure. */
  async join(): Promise<void> {
    const { node } = this.#session;
    if (node === undefined || this.#isJoining || this.#room !== undefined || this.#signal.aborted) return;
    this.#isJoining = true;
    this.#failure = undefined;
    this.#board ??= new Board(node.id, Date.now());
    this.emit('standing', undefined);
    this.emit('board', undefined);
    try {
      this.#enter(await node.join(groupOf(this.name), { history: 0, signal: this.#signal }));
    } catch (error) {
      this.#failure = error ?? new Error('no reason given');
    }
    this.#isJoining = false;
    if (this.#signal.aborted) return;
    this.emit('standing', undefined);
    this.emit('players', undefined);
  }

  /** Whether it could be moved. */
  move(piece: Piece, direction: Direction): boolean {
    const moved = piece === 'circle' ? this.#board?.moveCircle(direction) : this.#board?.moveDot(direction, Date.now());
    if (moved === undefined) return false;
    this.emit('board', undefined);
    this.#untold.add(piece);
    if (this.#timer === undefined) this.#tell();
    return true;
  }

  #enter(room: Room): void {
    if (this.#signal.aborted) {
      room.leave();
      return;
    }
    const signal = this.#signal;
    this.#room = room;
    room.addEventListener('message', (event) => this.#handlePost(event as Event & GroupPost), { signal });
    room.addEventListener('direct', (event) => this.#handleDirect(event as Event & GroupPost), { signal });
    room.addEventListener('members', () => this.#showMembers(), { signal });
    this.#greeter = new Greeter(room, (asks) => this.#greeting(asks), signal);
    this.#untold.add('dot');
    this.#tell();
  }

  #greeting(asks: boolean): unknown {
    const { circle, ownDot } = this.#board ?? {};
    if (ownDot === undefined) return null;
    const moved = circle === undefined || circle.clock === 0 ? undefined : circle;
    return composeHere({ name: this.#user.name, dot: ownDot, circle: moved, asks });
  }

  /** Tells what has been moved, and what is moved soon after later, all at once. */
  #tell(): void {
    this.#timer = undefined;
    const room = this.#room;
    const board = this.#board;
    if (room === undefined || board === undefined || this.#untold.size === 0) return;
    try {
      // Somebody may have moved it since, and their move may be the one that counts.
      if (this.#untold.has('circle') && board.circle.by === this.#session.id) room.publish(composeCircle(board.circle));
      if (this.#untold.has('dot')) room.publish(composeDot({ dot: board.ownDot, name: this.#user.name }));
      this.#untold.clear();
    } catch {
      // It is told with the next move, or to whoever greets.
    }
    this.#timer = setTimeout(() => this.#tell(), TELL_EVERY_MS);
  }

  #handlePost({ from, payload, isHistory }: GroupPost): void {
    if (isHistory) return;
    const circle = parseCircle(payload, from);
    const told = parseDot(payload);
    if (circle === undefined && told === undefined) return;
    const isNews = this.#roster.hear(from, { name: told?.name, toldAt: told?.dot.count ?? 0 }, Date.now());
    const hasMoved = circle !== undefined && this.#board?.hearCircle(circle) === true;
    const hasDot = told !== undefined && this.#board?.hearDot(from, told.dot) === true;
    if (hasMoved || hasDot) this.emit('board', undefined);
    if (isNews || hasDot) this.emit('players', undefined);
  }

  #handleDirect({ from, payload }: GroupPost): void {
    const here = parseHere(payload);
    if (here === undefined) return;
    this.#roster.hear(from, { name: here.name, toldAt: here.dot.count }, Date.now());
    this.#board?.hearDot(from, here.dot);
    if (here.circle !== undefined) this.#board?.hearCircle(here.circle);
    if (here.asks) this.#greeter?.answer(from);
    this.emit('board', undefined);
    this.emit('players', undefined);
  }

  #renamed(): void {
    this.#board?.renewDot(Date.now());
    this.#greeter?.renew();
    this.emit('players', undefined);
  }

  #others(): string[] {
    return this.#room === undefined ? [] : this.#roster.here(this.#room.members, this.#room.size, Date.now());
  }

  #showMembers(): void {
    this.#board?.keep(new Set(this.#others()));
    this.emit('board', undefined);
    this.emit('players', undefined);
    this.emit('standing', undefined);
  }

  #beat(): void {
    const room = this.#room;
    if (room === undefined || !isPartial(room.members, room.size)) return;
    this.#untold.add('dot');
    this.#tell();
    this.#showMembers();
  }
}
