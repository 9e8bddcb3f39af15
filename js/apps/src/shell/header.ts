import { StateBadge } from '../components/badge.ts';
import { icon } from '../components/icons.ts';
import { IdChip } from '../components/id-chip.ts';
import { themeSwitch } from '../components/theme-switch.ts';
import { h, s, setText } from '../dom.ts';
import { counted } from '../format.ts';
import type { Monitored } from '../network.ts';
import { address, home, pages, type Page, type PageContext } from '../pages.ts';

/** Messages that the mean number of hops is of. */
const RECENT = 64;

/** The bar over every page: where one is, who one is, and how the network does. */
export class Header {
  readonly element: HTMLElement;
  readonly #links = new Map<Page, HTMLAnchorElement>();

  constructor({ session, toasts }: PageContext) {
    for (const page of pages) {
      this.#links.set(page, h('a', { href: address(page), 'data-page': true }, page.name));
    }
    const badge = new StateBadge();
    const server = h(
      'span',
      {
        class: 'badge',
        'data-state': 'server-gone',
        title: 'The bootstrap server is gone. The network goes on without it.',
      },
      icon('warning'),
      h('span', {}, 'Server gone'),
    );
    const peers = h('span', { class: 'header-peers' });
    const mean = h('span');
    const hops = h(
      'span',
      { class: 'header-hops', title: 'Links that the last messages to this tab have come over, on average', hidden: true },
      mean,
      h('span', { class: 'visually-hidden' }, ' per message, on average'),
    );
    const count = h('div', { class: 'header-count' }, peers, hops);
    const chip = new IdChip(toasts);
    this.element = h(
      'header',
      { class: 'header' },
      h(
        'a',
        { class: 'brand', href: address(home), 'data-page': true, 'aria-label': 'BOPlish' },
        mark(),
        h('span', { class: 'brand-name' }, 'BOPlish'),
      ),
      h('nav', { class: 'nav', 'aria-label': 'Pages' }, ...this.#links.values()),
      h('div', { class: 'header-status' }, badge.element, server, count),
      chip.element,
      themeSwitch(),
    );
    const show = (): void => {
      badge.show(session.state);
      server.hidden = session.server !== 'closed';
      chip.show(session.id);
      count.hidden = session.node === undefined;
      setText(peers, counted(session.peers.length, 'peer'));
    };
    const recent = new RecentHops();
    session.on('change', show);
    session.on('peers', show);
    session.on('message', (message) => {
      const links = recent.add(message);
      if (links === undefined) return;
      hops.hidden = false;
      setText(mean, `${links.toFixed(1)} hops`);
    });
    show();
  }

  show(current: Page): void {
    for (const [page, link] of this.#links) {
      if (page !== current) {
        link.removeAttribute('aria-current');
        continue;
      }
      link.setAttribute('aria-current', 'page');
      // On narrow screens the navigation scrolls.
      link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }
}

/** How many links messages come over. */
class RecentHops {
  readonly #last: number[] = [];

  /** The mean of the last incoming messages; undefined where this is none of them. */
  add({ direction, hops }: Monitored): number | undefined {
    if (direction !== 'incoming' || hops === undefined || hops === 0) return undefined;
    this.#last.push(hops);
    if (this.#last.length > RECENT) this.#last.shift();
    return this.#last.reduce((sum, each) => sum + each, 0) / this.#last.length;
  }
}

function mark(): SVGSVGElement {
  return s(
    'svg',
    { class: 'mark', viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    s('circle', { class: 'mark-line', cx: 16, cy: 16, r: 11 }),
    s('path', { class: 'mark-line', d: 'M8.2 8.2Q16 16 25.6 21.2M8.2 8.2Q14 16 11.3 26' }),
    s('circle', { class: 'mark-far', cx: 25.6, cy: 21.2, r: 3 }),
    s('circle', { class: 'mark-far', cx: 11.3, cy: 26, r: 3 }),
    s('circle', { class: 'mark-own', cx: 8.2, cy: 8.2, r: 4.5 }),
  );
}
