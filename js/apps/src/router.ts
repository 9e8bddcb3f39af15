import { h } from './dom.ts';
import { pageAt, type Page, type PageContext } from './pages.ts';

/**
 * Shows the page of the address. Each page has its own HTML file and address, but a link within
 * the site only exchanges the page's content: leaving the document would leave the network.
 */
export class Router {
  readonly #host: HTMLElement;
  readonly #context: PageContext;
  readonly #onShow: (page: Page) => void;
  #page: Page | undefined;
  #current: AbortController | undefined;

  constructor(host: HTMLElement, context: PageContext, onShow: (page: Page) => void) {
    this.#host = host;
    this.#context = context;
    this.#onShow = onShow;
  }

  start(): void {
    addEventListener('popstate', () => void this.#show(pageAt(location.pathname)));
    document.addEventListener('click', (event) => this.#intercept(event));
    void this.#show(pageAt(location.pathname));
  }

  #intercept(event: MouseEvent): void {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target.closest('a') : null;
    if (target === null || !target.hasAttribute('data-page')) return;
    event.preventDefault();
    history.pushState(null, '', target.href);
    void this.#show(pageAt(location.pathname)).then(() => this.#host.focus());
    // The page that is shown already may have to follow what stands behind the #.
    dispatchEvent(new PopStateEvent('popstate'));
  }

  async #show(page: Page): Promise<void> {
    // A jump within the page (the skip link) is history too, but nothing to build anew.
    if (page === this.#page) return;
    this.#page = page;
    this.#current?.abort();
    const current = new AbortController();
    this.#current = current;
    document.title = `${page.title} · BOPlish`;
    this.#onShow(page);
    try {
      const { mount } = await page.load();
      if (current.signal.aborted) return;
      this.#host.replaceChildren();
      mount(this.#host, this.#context, current.signal);
    } catch (error) {
      if (current.signal.aborted) return;
      // So that it can be tried again.
      this.#page = undefined;
      this.#host.replaceChildren(
        h('p', { class: 'empty', role: 'alert' }, `This page did not load (${String(error)}).`),
      );
    }
  }
}
