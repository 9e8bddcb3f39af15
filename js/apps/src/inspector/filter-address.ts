import { type Filter, filterOf, isSame, searchOf } from './filter.ts';

/** Browsers refuse to change an address too often. */
const PAUSE_MS = 300;

/** Keeps the filter in the page's address, so that a link carries it, and follows the address. */
export class FilterAddress {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = filterOf(location.search);

  constructor(change: (filter: Filter) => void, signal: AbortSignal) {
    const follow = (): void => {
      const filter = filterOf(location.search);
      if (signal.aborted || isSame(filter, this.#shown)) return;
      clearTimeout(this.#timer);
      this.#shown = filter;
      change(filter);
    };
    addEventListener('popstate', follow, { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
  }

  get filter(): Filter {
    return this.#shown;
  }

  show(filter: Filter): void {
    if (isSame(filter, this.#shown)) return;
    this.#shown = filter;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const search = searchOf(filter, location.search);
      // What else the history entry says belongs to others.
      history.replaceState(history.state, '', `${location.pathname}${search}${location.hash}`);
    }, PAUSE_MS);
  }
}
