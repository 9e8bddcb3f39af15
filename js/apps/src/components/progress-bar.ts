import { h } from '../dom.ts';

/** A bar that fills, or, while nobody knows how far, runs. */
export class ProgressBar {
  readonly #fill = h('div', { class: 'bar-fill' });
  readonly element: HTMLElement;

  constructor(label: string) {
    this.element = h(
      'div',
      { class: 'bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100 },
      this.#fill,
    );
    this.show(undefined);
  }

  /** From 0 to 1; undefined if it is not known. */
  show(share: number | undefined, words?: string): void {
    const { element } = this;
    element.classList.toggle('bar-runs', share === undefined);
    this.#fill.style.width = share === undefined ? '' : `${Math.min(100, share * 100)}%`;
    if (share === undefined) element.removeAttribute('aria-valuenow');
    else element.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    if (words === undefined) element.removeAttribute('aria-valuetext');
    else element.setAttribute('aria-valuetext', words);
  }
}
