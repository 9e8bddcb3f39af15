import { h, setText, uniqueId } from '../dom.ts';

interface Tab {
  readonly name: string;
  readonly panel: HTMLElement;
  readonly button: HTMLButtonElement;
  readonly count: HTMLElement;
}

/** On narrow screens the columns become tabs, with the usual keys; on wide ones there are none. */
export class Tabs {
  readonly element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Parts of the page' });
  readonly #tabs: readonly Tab[];
  readonly #narrow = matchMedia('(max-width: 719.98px)');
  #current = 0;

  constructor(panels: ReadonlyArray<readonly [name: string, panel: HTMLElement]>, signal: AbortSignal) {
    this.#tabs = panels.map(([name, panel], index) => {
      panel.id = uniqueId('panel');
      const count = h('span', { class: 'tab-count' });
      const button = h(
        'button',
        {
          type: 'button',
          class: 'tab',
          role: 'tab',
          id: uniqueId('tab'),
          'aria-controls': panel.id,
          onclick: () => this.select(index),
        },
        name,
        count,
      );
      return { name, panel, button, count };
    });
    this.element.append(...this.#tabs.map(({ button }) => button));
    this.element.addEventListener('keydown', (event) => this.#handleKey(event));
    this.#narrow.addEventListener('change', () => this.#show(), { signal });
    this.#show();
  }

  /** Whether the columns are tabs just now. */
  get narrow(): boolean {
    return this.#narrow.matches;
  }

  select(index: number): void {
    this.#current = index;
    this.#show();
  }

  /** A number beside the tab's name. */
  count(index: number, value: number): void {
    const tab = this.#tabs[index];
    if (tab !== undefined) setText(tab.count, value === 0 ? '' : value.toLocaleString('en'));
  }

  #handleKey(event: KeyboardEvent): void {
    const last = this.#tabs.length - 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: this.#current === last ? 0 : this.#current + 1,
      ArrowLeft: this.#current === 0 ? last : this.#current - 1,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.select(target);
    this.#tabs[target]?.button.focus();
  }

  #show(): void {
    this.element.hidden = !this.narrow;
    this.#tabs.forEach(({ panel, button }, index) => {
      const selected = index === this.#current;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      panel.hidden = this.narrow && !selected;
      if (this.narrow) panel.setAttribute('role', 'tabpanel');
      else panel.removeAttribute('role');
    });
  }
}
