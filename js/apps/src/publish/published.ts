import { carry } from '../components/carry.ts';
import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h } from '../dom.ts';
import { counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { Holders } from './holders.ts';
import type { Outcome } from './job.ts';
import { formatName, linkTo, type Name } from './name.ts';

/** What was published: where it is found, and who has it. */
export class Published {
  readonly element: HTMLElement;
  readonly #title = h('h3', { class: 'published-title', tabindex: -1 }, 'Published');

  constructor(
    context: PageContext,
    outcome: Extract<Outcome, { kind: 'published' | 'few-copies' }>,
    copies: number,
    onNext: () => void,
    signal: AbortSignal,
  ) {
    const { name } = outcome;
    const isSafe = outcome.kind === 'published' && copies > 0;
    const place = h('div', { class: 'published-link' });
    // Where a code can't be drawn, there is still the name below.
    carry(pageLink(name), 'Link', context.toasts).then(
      (shown) => place.replaceChildren(shown),
      () => undefined,
    );
    this.element = h(
      'div',
      { class: 'published' },
      h(
        'div',
        { class: 'published-head' },
        h('span', { class: isSafe ? 'published-mark' : 'published-mark is-warning' }, icon(isSafe ? 'check' : 'warning')),
        h('div', {}, this.#title, h('p', { class: 'published-advice' }, advice(outcome, copies))),
      ),
      place,
      h(
        'div',
        { class: 'published-name' },
        h('code', { class: 'bop-name' }, formatName(name)),
        h(
          'button',
          {
            type: 'button',
            class: 'button button-quiet button-small button-icon',
            'aria-label': 'Copy the name',
            title: 'Copy the name',
            onclick: () => void copyText(formatName(name), 'Name', context.toasts),
          },
          icon('copy'),
        ),
      ),
      new Holders(context, name, signal).element,
      h(
        'div',
        { class: 'order-actions' },
        h('button', { type: 'button', class: 'button button-primary', onclick: onNext }, 'Publish something else'),
        h('a', { class: 'button', href: `#${formatName(name)}` }, 'Look at it'),
      ),
    );
  }

  focus(): void {
    this.#title.focus();
  }
}

/** A link to this page that shows what has the name. */
export function pageLink(name: Name): string {
  return linkTo(name, location.href);
}

function advice(outcome: Extract<Outcome, { kind: 'published' | 'few-copies' }>, copies: number): string {
  const { length } = outcome.holders;
  if (outcome.kind === 'published') {
    if (copies === 0) return 'Keep this tab open: nobody else was asked to keep a copy.';
    return `${counted(length, 'peer has', 'peers have')} a copy. You may close this tab.`;
  }
  const some = length === 0 ? 'no peer has a copy yet' : `${counted(length, 'peer has', 'peers have')} a copy, of ${copies} wanted`;
  if (outcome.isStopped) return `Copying was stopped: ${some}. Keep this tab open for others to fetch it.`;
  return `It has its name, but ${some}. Keep this tab open for others to fetch it.`;
}
