import type { GroupPost, JoinOptions, Room } from '../network.ts';
import { fakeTalk, fakePlay } from './fake-members.ts';

/** What a room is for those in it, in memory. */
export interface FakeSeat {
  readonly id: string;
  hear(from: string, payload: unknown): void;
  hearDirect(from: string, payload: unknown): void;
}

/** A room with a few members that live in this page. */
export class FakeRoom extends EventTarget implements Room {
  readonly name: string;
  readonly #seats: FakeSeat[] = [];
  readonly #own: string;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #hasLeft = false;

  constructor(name: string, own: string, isAlone: boolean) {
    super();
    this.name = name;
    this.#own = own;
    if (isAlone) return;
    if (name.startsWith('chat/')) fakeTalk(this);
    if (name.startsWith('game/')) fakePlay(this);
  }

  get members(): string[] {
    return this.#seats.map(({ id }) => id);
  }

  get size(): number {
    return this.#seats.length + 1;
  }

  publish(payload: unknown): void {
    this.#check(payload);
    for (const seat of this.#seats) this.later(20, () => seat.hear(this.#own, payload));
  }

  async send(member: string, payload: unknown): Promise<void> {
    this.#check(payload);
    const seat = this.#seats.find(({ id }) => id === member);
    if (seat === undefined) throw trouble('unreachable', `${member} is not in the room`);
    this.later(20, () => seat.hearDirect(this.#own, payload));
  }

  leave(): void {
    this.#hasLeft = true;
    this.#timers.forEach(clearTimeout);
  }

  // What the fake members do.

  enter(seat: FakeSeat): void {
    this.#seats.push(seat);
    this.dispatchEvent(new Event('members'));
  }

  exit(seat: FakeSeat): void {
    this.#seats.splice(this.#seats.indexOf(seat), 1);
    this.dispatchEvent(new Event('members'));
  }

  post(from: string, payload: unknown, isHistory = false): void {
    this.#tell('message', { from, payload, isHistory });
    if (!isHistory) for (const seat of this.#seats) if (seat.id !== from) seat.hear(from, payload);
  }

  whisper(from: string, payload: unknown): void {
    this.#tell('direct', { from, payload, isHistory: false });
  }

  later(milliseconds: number, action: () => void): void {
    if (this.#hasLeft) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #check(payload: unknown): void {
    if (this.#hasLeft) throw trouble('not-joined', 'This room was left');
    if ((JSON.stringify(payload) ?? '').length > 48_000) throw trouble('too-large', 'This is too long for a post');
  }

  #tell(name: string, post: GroupPost): void {
    this.dispatchEvent(Object.assign(new Event(name), structuredClone(post)));
  }
}

interface TabPost {
  readonly from: string;
  readonly payload: unknown;
}

type TabMessage =
  | { readonly kind: 'hello' | 'here' | 'bye'; readonly from: string }
  | { readonly kind: 'post'; readonly from: string; readonly payload: unknown }
  | { readonly kind: 'direct' | 'history'; readonly from: string; readonly to: string; readonly payload: unknown };

/** A room of this browser's tabs (`?fake=tabs`), over a BroadcastChannel. */
export class TabsRoom extends EventTarget implements Room {
  readonly name: string;
  readonly #own: string;
  readonly #channel: BroadcastChannel;
  readonly #members = new Set<string>();
  readonly #posts: TabPost[] = [];
  readonly #onPageHide = (): void => this.leave();
  #wanted: number;
  #hasLeft = false;

  constructor(name: string, own: string, { password = '', history = 0 }: JoinOptions) {
    super();
    this.name = name;
    this.#own = own;
    this.#wanted = history;
    this.#channel = new BroadcastChannel(`boplish-fake ${name}\n${password}`);
    this.#channel.addEventListener('message', (event) => this.#handle(event.data as TabMessage));
    this.#say({ kind: 'hello', from: own });
    addEventListener('pagehide', this.#onPageHide);
  }

  get members(): string[] {
    return [...this.#members];
  }

  get size(): number {
    return this.#members.size + 1;
  }

  publish(payload: unknown): void {
    if (this.#hasLeft) throw trouble('not-joined', 'This room was left');
    if ((JSON.stringify(payload) ?? '').length > 48_000) throw trouble('too-large', 'This is too long for a post');
    this.#keep(this.#own, payload);
    this.#say({ kind: 'post', from: this.#own, payload });
  }

  async send(to: string, payload: unknown): Promise<void> {
    if (!this.#members.has(to)) throw trouble('unreachable', `${to} is not in the room`);
    this.#say({ kind: 'direct', from: this.#own, to, payload });
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    removeEventListener('pagehide', this.#onPageHide);
    this.#say({ kind: 'bye', from: this.#own });
    this.#channel.close();
  }

  #handle(message: TabMessage): void {
    const { kind, from } = message;
    switch (kind) {
      case 'hello':
        this.#say({ kind: 'here', from: this.#own });
        this.#say({ kind: 'history', from: this.#own, to: from, payload: this.#posts });
        this.#add(from);
        break;
      case 'here':
        this.#add(from);
        break;
      case 'bye':
        this.#members.delete(from);
        this.dispatchEvent(new Event('members'));
        break;
      case 'post':
        this.#keep(from, message.payload);
        this.#tell('message', { from, payload: message.payload, isHistory: false });
        break;
      case 'direct':
        if (message.to === this.#own) this.#tell('direct', { from, payload: message.payload, isHistory: false });
        break;
      case 'history':
        if (message.to !== this.#own || this.#wanted === 0) return;
        for (const post of (message.payload as TabPost[]).slice(-this.#wanted)) {
          this.#keep(post.from, post.payload);
          this.#tell('message', { ...post, isHistory: true });
          this.#wanted = 0;
        }
        break;
    }
  }

  #add(id: string): void {
    if (this.#members.has(id)) return;
    this.#members.add(id);
    this.dispatchEvent(new Event('members'));
  }

  #keep(from: string, payload: unknown): void {
    this.#posts.push({ from, payload });
    if (this.#posts.length > 64) this.#posts.shift();
  }

  #say(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  #tell(name: string, post: GroupPost): void {
    this.dispatchEvent(Object.assign(new Event(name), post));
  }
}

function trouble(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
