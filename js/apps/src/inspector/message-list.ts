import { icon } from '../components/icons.ts';
import { h, setText } from '../dom.ts';
import { counted } from '../format.ts';
import type { Entry } from './log.ts';
import { messageRow } from './message-row.ts';
import { rowAfterKey, visibleRows } from './rows.ts';

/** How long a row counts as new and glows. */
const NEW_FOR_MS = 700;

/**
 * A list box of messages, newest first, of which only the rows in view are in the document.
 * At its upper edge it follows the newest message; scrolled away, or with a row focused from the
 * keyboard, it keeps what is being read in place.
 */
export class MessageList {
  readonly element: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  readonly #newer: HTMLButtonElement;
  readonly #newerText = h('span', {});
  readonly #open: (entry: Entry) => void;
  readonly #rows = new Map<number, HTMLElement>();
  #entries: readonly Entry[] = [];
  #own: string | undefined;
  #newestNumber = 0;
  #activeNumber: number | undefined;
  #openedNumber: number | undefined;
  #pressedNumber: number | undefined;
  #rowHeight = 0;

  constructor(labelledBy: string, open: (entry: Entry) => void, signal: AbortSignal) {
    this.#open = open;
    this.#list = h('div', {
      class: 'messages-list',
      role: 'listbox',
      'aria-labelledby': labelledBy,
    });
    this.#newer = h(
      'button',
      {
        type: 'button',
        class: 'messages-newer button',
        hidden: true,
        onclick: () => this.#backToNewest(),
      },
      icon('up'),
      this.#newerText,
    );
    this.#scroller = h('div', { class: 'messages-scroller' }, this.#list);
    this.element = h('div', { class: 'messages' }, this.#newer, this.#scroller);
    this.#scroller.addEventListener('scroll', () => this.#render(), { passive: true });
    this.#list.addEventListener('keydown', (event) => this.#handleKey(event));
    this.#list.addEventListener('focusin', (event) => {
      this.#activeNumber = numberOf(event.target);
    });
    // Rows move while the network talks: what was pressed counts, not what is there on release.
    this.#list.addEventListener('pointerdown', (event) => {
      this.#pressedNumber = numberOf(event.target);
    });
    this.#list.addEventListener('click', (event) => {
      // Assistive technology clicks without pressing first, whatever was pressed and dragged before.
      const pressed = event.detail === 0 ? undefined : this.#pressedNumber;
      this.#activate(pressed ?? numberOf(event.target));
      this.#pressedNumber = undefined;
    });
    const observer = new ResizeObserver(() => {
      this.#rowHeight = 0;
      this.#render();
    });
    observer.observe(this.#scroller);
    signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  }

  /** Shows these messages, newest first. */
  show(entries: readonly Entry[], own: string | undefined): void {
    if (own !== this.#own) this.#dropRows();
    this.#own = own;
    this.#entries = entries;
    const added = entries.findIndex((entry) => entry.number <= this.#newestNumber);
    const newest = entries[0]?.number ?? this.#newestNumber;
    const isLater = this.#newestNumber > 0 && added > 0;
    this.#newestNumber = Math.max(newest, this.#newestNumber);
    const holds = this.#scroller.scrollTop > 0 || this.#list.querySelector(':focus-visible') !== null;
    this.#resize();
    if (isLater && holds) this.#scroller.scrollTop += added * this.#measure();
    this.#render();
  }

  /** Marks the message whose content is shown. */
  mark(entry: Entry | undefined): void {
    this.#openedNumber = entry?.number;
    this.#render();
  }

  /** Focuses the marked message, or the list's tab stop where it has gone. */
  focus(): void {
    const opened = this.#entries.findIndex((entry) => entry.number === this.#openedNumber);
    this.#focusRow(Math.max(opened, 0));
  }

  #handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = numberOf(event.target);
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#activate(number);
      return;
    }
    const current = this.#entries.findIndex((entry) => entry.number === number);
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / this.#measure()) - 1);
    const target = rowAfterKey(event.key, current, this.#entries.length, page);
    if (target === undefined) return;
    event.preventDefault();
    this.#focusRow(target);
  }

  #focusRow(index: number): void {
    const entry = this.#entries[index];
    if (entry === undefined) return;
    this.#activeNumber = entry.number;
    const top = index * this.#measure();
    const bottom = top + this.#measure();
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.#scroller.scrollTop = bottom - clientHeight;
    this.#render();
    this.#rows.get(entry.number)?.focus({ preventScroll: true });
  }

  #activate(number: number | undefined): void {
    const entry = this.#entries.find((candidate) => candidate.number === number);
    if (entry === undefined) return;
    this.#activeNumber = entry.number;
    this.#open(entry);
  }

  #backToNewest(): void {
    this.#scroller.scrollTop = 0;
    this.#focusRow(0);
  }

  /** The row height of the current width, as the stylesheet sets it. */
  #measure(): number {
    if (this.#rowHeight === 0) {
      const height = getComputedStyle(this.#scroller).getPropertyValue('--row-height');
      this.#rowHeight = Number.parseFloat(height) || 40;
      this.#resize();
    }
    return this.#rowHeight;
  }

  #resize(): void {
    this.#list.style.height = `${this.#entries.length * this.#measure()}px`;
  }

  #render(): void {
    const height = this.#measure();
    const { scrollTop, clientHeight } = this.#scroller;
    const { start, end } = visibleRows(scrollTop, clientHeight, height, this.#entries.length);
    const wanted = new Map<number, number>();
    for (let index = start; index < end; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined) wanted.set(entry.number, index);
    }
    // The tab stop stays in the document wherever it is, or the focus would be lost with it.
    const tabStop = this.#tabStop();
    if (tabStop !== undefined) wanted.set(tabStop.number, tabStop.index);
    this.#removeRows(wanted);
    let next = this.#list.firstElementChild;
    for (const [number, index] of [...wanted].sort(([, a], [, b]) => a - b)) {
      const row = this.#place(number, index, number === tabStop?.number);
      // Rows already there keep their order, so none is moved, which would cost it the focus.
      if (row === next) next = row?.nextElementSibling ?? null;
      else if (row !== undefined) this.#list.insertBefore(row, next);
    }
    this.#showNewer(Math.floor(scrollTop / height));
  }

  #tabStop(): { number: number; index: number } | undefined {
    const active = this.#entries.findIndex((entry) => entry.number === this.#activeNumber);
    const index = Math.max(active, 0);
    const entry = this.#entries[index];
    return entry === undefined ? undefined : { number: entry.number, index };
  }

  #place(number: number, index: number, isTabStop: boolean): HTMLElement | undefined {
    const entry = this.#entries[index];
    if (entry === undefined) return undefined;
    let row = this.#rows.get(number);
    if (row === undefined) {
      row = messageRow(entry, this.#own);
      if (Date.now() - entry.time < NEW_FOR_MS) row.classList.add('message-new');
      this.#rows.set(number, row);
    }
    row.style.transform = `translateY(${index * this.#measure()}px)`;
    row.tabIndex = isTabStop ? 0 : -1;
    row.setAttribute('aria-selected', String(number === this.#openedNumber));
    row.setAttribute('aria-posinset', String(index + 1));
    row.setAttribute('aria-setsize', String(this.#entries.length));
    return row;
  }

  #removeRows(wanted: ReadonlyMap<number, number>): void {
    let lostFocus = false;
    for (const [number, row] of this.#rows) {
      if (wanted.has(number)) continue;
      const isGone = !this.#entries.some((entry) => entry.number === number);
      lostFocus ||= isGone && row === document.activeElement;
      row.remove();
      this.#rows.delete(number);
    }
    // The focused message fell out of the list: go on from its oldest neighbour.
    if (lostFocus && this.#entries.length > 0) this.#focusRow(this.#entries.length - 1);
  }

  #dropRows(): void {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
  }

  #showNewer(count: number): void {
    this.#newer.hidden = count === 0;
    if (count > 0) setText(this.#newerText, counted(count, 'newer', 'newer'));
  }
}

function numberOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('.message') : null;
  return row === null ? undefined : Number(row.dataset['number']);
}
