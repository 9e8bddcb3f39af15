import { icon } from '../components/icons.ts';
import { saveBlob } from '../components/save.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { exported, fileName } from './export.ts';
import { type Filter, isEverything } from './filter.ts';
import { FilterAddress } from './filter-address.ts';
import { FilterBar } from './filter-bar.ts';
import { type Entry, MessageLog } from './log.ts';
import { MessageList } from './message-list.ts';

/** What the page keeps: messages, and characters of their payloads. */
const CAPACITY = { messages: 5000, characters: 16_000_000 };

/** The second column: every message that the router handled, with filters, pause, export and clear. */
export class Messages {
  readonly element: HTMLElement;
  readonly list: MessageList;
  readonly #log = new MessageLog(CAPACITY);
  readonly #context: PageContext;
  readonly #bar: FilterBar;
  readonly #address: FilterAddress;
  readonly #empty = h('div', { class: 'empty' });
  readonly #note = h('p', { class: 'panel-note' });
  readonly #pause: HTMLButtonElement;
  readonly #pauseText = h('span', {});
  #scheduled = false;

  constructor(context: PageContext, open: (entry: Entry) => void, signal: AbortSignal) {
    this.#context = context;
    const title = uniqueId('messages-title');
    this.list = new MessageList(title, open, signal);
    this.#bar = new FilterBar(context, this.#log, (filter) => this.filterBy(filter), signal);
    this.#address = new FilterAddress((filter) => this.filterBy(filter), signal);
    this.#pause = h('button', {
      type: 'button',
      class: 'button button-small',
      onclick: () => this.#togglePause(),
    });
    this.element = h(
      'section',
      { class: 'panel panel-messages', 'aria-labelledby': title },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', { id: title }, 'Messages'),
        h(
          'div',
          { class: 'panel-actions' },
          this.#pause,
          this.#action('download', 'Export', 'Save the messages shown as JSON', () => this.#export()),
          this.#action('clear', 'Clear', 'Forget all messages', () => this.#clear()),
        ),
      ),
      this.#bar.element,
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
    this.#log.filterBy(this.#address.filter);
    this.#render();
  }

  get filter(): Filter {
    return this.#log.filter;
  }

  filterBy(filter: Filter): void {
    this.#log.filterBy(filter);
    this.#address.show(filter);
    this.#render();
    const shown = this.#log.shown().length.toLocaleString('en');
    this.#context.announcer.say(`${shown} of ${counted(this.#log.count, 'message')} shown`);
  }

  #action(name: 'download' | 'clear', word: string, title: string, act: () => void): HTMLElement {
    return h(
      'button',
      { type: 'button', class: 'button button-small', title, onclick: act },
      icon(name),
      h('span', { class: 'action-word' }, word),
    );
  }

  #togglePause(): void {
    const { waiting } = this.#log;
    if (this.#log.paused) this.#log.resume();
    else this.#log.pause();
    this.#context.announcer.say(
      this.#log.paused ? 'Messages paused' : `Messages resumed, ${waiting.toLocaleString('en')} new`,
    );
    this.#render();
  }

  #clear(): void {
    this.#log.clear();
    this.#context.announcer.say('Messages cleared');
    this.#render();
  }

  #export(): void {
    const { toasts, session } = this.#context;
    const entries = this.#log.shown();
    if (entries.length === 0) {
      toasts.show('No message is shown that could be saved', 'warning');
      return;
    }
    const now = new Date();
    const text = exported(entries, session.id, this.#log.filter, now);
    saveBlob(new Blob([text], { type: 'application/json' }), fileName(now));
    toasts.show(`${counted(entries.length, 'message')} saved as JSON`);
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
    const entries = this.#log.shown();
    this.list.element.hidden = entries.length === 0;
    this.list.show(entries, this.#context.session.id);
    this.#bar.show(entries.length);
    this.#showPause();
    this.#empty.hidden = entries.length > 0;
    if (entries.length === 0) setText(this.#empty, this.#whyEmpty());
    setText(this.#note, this.#noteText());
    this.#note.hidden = this.#note.textContent === '';
  }

  #showPause(): void {
    const { paused, waiting } = this.#log;
    if (this.#pause.getAttribute('data-paused') !== String(paused)) {
      this.#pause.setAttribute('data-paused', String(paused));
      this.#pause.replaceChildren(icon(paused ? 'play' : 'pause'), this.#pauseText);
    }
    const resume = waiting === 0 ? 'Resume' : `Resume (${waiting.toLocaleString('en')} new)`;
    setText(this.#pauseText, paused ? resume : 'Pause');
  }

  #whyEmpty(): string {
    if (!isEverything(this.#log.filter) && this.#log.count > 0) return 'No message passes the filters above.';
    if (this.#log.paused) return 'Paused. New messages are collected and appear when you resume.';
    if (this.#context.session.state === 'connecting') return 'Waiting for the first message…';
    if (this.#context.session.state === 'failed') return 'Nothing to show without a network.';
    return 'No messages yet. Every message that this peer sends, receives or passes on shows up here.';
  }

  #noteText(): string {
    const { dropped, count } = this.#log;
    if (dropped === 0) return '';
    return `The newest ${counted(count, 'message')} are kept; ${dropped.toLocaleString('en')} older dropped.`;
  }
}
