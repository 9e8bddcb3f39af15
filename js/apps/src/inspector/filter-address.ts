import { type Filter, filterOf, isSame, searchOf } from './filter.ts';

/** Keeps the filter in the page's address, so that a link carries it, and follows the address. */
export class FilterAddress {
  #shown = filterOf(location.search);

  constructor(change: (filter: Filter) => void, signal: AbortSignal) {
    const follow = (): void => {
      const filter = filterOf(location.search);
      // The router's listener may have left this page just now.
      if (signal.aborted || isSame(filter, this.#shown)) return;
      this.#shown = filter;
      change(filter);
    };
    addEventListener('popstate', follow, { signal });
  }

  get filter(): Filter {
    return this.#shown;
  }

  show(filter: Filter): void {
    if (isSame(filter, this.#shown)) return;
    this.#shown = filter;
    const search = searchOf(filter, location.search);
    try {
      // What else the history entry says belongs to others.
      history.replaceState(history.state, '', `${location.pathname}${search}${location.hash}`);
    } catch {
      // Changed too often for the browser's taste; the next change writes it.
    }
  }
}
