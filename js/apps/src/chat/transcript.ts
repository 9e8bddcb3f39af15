import type { Said } from './wire.ts';

/** What was said in one conversation, in order; pure. */

/** Messages that are kept of one conversation. */
export const KEPT = 500;
/** What one says in a row within this time stands under one name, in ms. */
const ONE_BREATH_MS = 5 * 60_000;
/** How far a clock may be ahead, in ms; times beyond that are not believed. */
const AHEAD_MS = 60_000;

export interface Message extends Said {
  /** The conversation that it belongs to. */
  readonly room: string;
  readonly from: string;
  /** Said in this browser; the own id is known later than what was kept. */
  readonly isOwn: boolean;
  /** When it was said, or, live, when it was heard: in ms of Unix time. */
  readonly at: number;
}

/** Where an added message stands. */
export type Place = 'last' | 'between' | 'known';

export class Transcript {
  readonly #messages: Message[] = [];
  readonly #keys = new Set<string>();

  get messages(): readonly Message[] {
    return this.#messages;
  }

  has(from: string, id: string): boolean {
    return this.#keys.has(`${from}/${id}`);
  }

  /** Puts it in its place by time, behind those of the same time; each once. */
  add(message: Message): Place {
    if (this.has(message.from, message.id)) return 'known';
    let index = this.#messages.length;
    while (index > 0 && (this.#messages[index - 1]?.at ?? 0) > message.at) index -= 1;
    // Older than all that are kept.
    if (index === 0 && this.#messages.length >= KEPT) return 'known';
    const isLast = index === this.#messages.length;
    this.#messages.splice(index, 0, message);
    this.#keys.add(`${message.from}/${message.id}`);
    return isLast ? 'last' : 'between';
  }

  /** Drops what is too much, the oldest first. */
  trim(): Message[] {
    const dropped = this.#messages.splice(0, Math.max(0, this.#messages.length - KEPT));
    for (const { from, id } of dropped) this.#keys.delete(`${from}/${id}`);
    return dropped;
  }

  /** How many others' messages are newer than what was read. */
  unread(readUntil: number): number {
    let count = 0;
    for (let index = this.#messages.length - 1; index >= 0; index -= 1) {
      const message = this.#messages[index];
      if (message === undefined || message.at <= readUntil) break;
      if (!message.isOwn) count += 1;
    }
    return count;
  }
}

/** The time that counts: what is heard live is said now; of what is older, its writer tells the time. */
export function timeOf(at: number | undefined, isHistory: boolean, now: number): number {
  if (!isHistory || at === undefined) return now;
  return at > now + AHEAD_MS ? now : Math.min(at, now);
}

/** Whether it begins something new: a day, or what one says in a row. */
export function beginsDay(before: Message | undefined, message: Message): boolean {
  return before === undefined || new Date(before.at).toDateString() !== new Date(message.at).toDateString();
}

export function beginsTurn(before: Message | undefined, message: Message): boolean {
  return (
    before === undefined ||
    before.from !== message.from ||
    before.name !== message.name ||
    message.at - before.at > ONE_BREATH_MS ||
    beginsDay(before, message)
  );
}
