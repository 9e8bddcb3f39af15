import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted } from '../format.ts';
import type { Direction } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { MessageLog, type Entry } from './log.ts';
import { MessageList } from './message-list.ts';
import { directionMark } from './message-row.ts';

/** How many messages the page keeps. */
const CAPACITY = 1000;

const directions: readonly Direction[] = ['incoming', 'outgoing', 'forwarded'];

/** The second column: every message that the router handled, with pause, clear and a legend. */
export class Messages {
  readonly element: HTMLElement;
  readonly list: MessageList;
  readonly #log = new MessageLog(CAPACITY);
  readonly #context: PageContext;
  readonly #visible = new Set<Direction>(directions);
  readonly #filters = new Map<Direction, HTMLElement>();
  readonly #empty = h('div', { class: 'empty' });
  readonly #note = h('p', { class: 'panel-note' });
  readonly #pause: HTMLButtonElement;
  #scheduled = false;

  constructor(context: PageContext, open: (entry: Entry) => void, signal: AbortSignal) {
    this.#context = context;
    const title = uniqueId('messages-title');
    this.list = new MessageList(title, open, signal);
    this.#pause = h('button', {
      type: 'button',
      class: 'button button-small',
      onclick: () => this.#togglePause(),
    });
    const clear = h(
      'button',
      { type: 'button', class: 'button button-small', onclick: () => this.#clear() },
      icon('clear'),
      'Clear',
    );
    this.element = h(
      'section',
      { class: 'panel panel-messages', 'aria-labelledby': title },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', { id: title }, 'Messages'),
        h('div', { class: 'panel-actions' }, this.#pause, clear),
      ),
      h(
        'div',
        { class: 'legend', role: 'group', 'aria-label': 'Directions shown' },
        ...directions.map((direction) => this.#filter(direction)),
      ),
      this.list.element,
      this.#empty,
      this.#note,
    );
    const { session } = context;
    session.on(
      'message',
      (monitored) => {
        this.#log.add(monitored, Date.now());
        this.#schedule();
      },
      signal,
    );
    session.on('change', () => this.#schedule(), signal);
    this.#render();
  }

  /** How many messages are kept. */
  get count(): number {
    const { incoming, outgoing, forwarded } = this.#log.counts();
    return incoming + outgoing + forwarded;
  }

  #filter(direction: Direction): HTMLElement {
    const count = h('span', { class: 'legend-count' }, '0');
    this.#filters.set(direction, count);
    const button = h(
      'button',
      {
        type: 'button',
        class: 'legend-item',
        'aria-pressed': 'true',
        onclick: () => {
          if (!this.#visible.delete(direction)) this.#visible.add(direction);
          button.setAttribute('aria-pressed', String(this.#visible.has(direction)));
          this.#render();
        },
      },
      directionMark(direction, true),
      count,
    );
    return button;
  }

  #togglePause(): void {
    if (this.#log.paused) this.#log.resume();
    else this.#log.pause();
    this.#context.announcer.say(this.#log.paused ? 'Messages paused' : 'Messages resumed');
    this.#render();
  }

  #clear(): void {
    this.#log.clear();
    this.#context.announcer.say('Messages cleared');
    this.#render();
  }

  /** However many messages come, the page is drawn once per frame. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#render();
    });
  }

  #render(): void {
    const entries = this.#log.shown(this.#visible);
    this.list.show(entries, this.#context.session.id);
    const counts = this.#log.counts();
    for (const [direction, count] of this.#filters) {
      setText(count, counts[direction].toLocaleString('en'));
    }
    const { paused } = this.#log;
    if (this.#pause.getAttribute('data-paused') !== String(paused)) {
      this.#pause.setAttribute('data-paused', String(paused));
      this.#pause.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Resume' : 'Pause');
    }
    this.list.element.hidden = entries.length === 0;
    this.#empty.hidden = entries.length > 0;
    if (entries.length === 0) setText(this.#empty, this.#whyEmpty());
    setText(this.#note, this.#noteText());
    this.#note.hidden = this.#note.textContent === '';
  }

  #whyEmpty(): string {
    if (this.count > 0) return 'No message in the directions chosen above.';
    if (this.#log.paused) return 'Paused. New messages are collected and appear when you resume.';
    if (this.#context.session.state === 'connecting') return 'Waiting for the first message…';
    if (this.#context.session.state === 'failed') return 'Nothing to show without a network.';
    return 'No messages yet. Every message that this peer sends, receives or passes on shows up here.';
  }

  #noteText(): string {
    const { dropped, waiting, capacity, paused } = this.#log;
    const parts: string[] = [];
    if (paused) parts.push(`Paused, ${counted(waiting, 'message')} waiting.`);
    if (dropped > 0) {
      parts.push(
        `The newest ${capacity.toLocaleString('en')} are kept; ${dropped.toLocaleString('en')} older dropped.`,
      );
    }
    return parts.join(' ');
  }
}
