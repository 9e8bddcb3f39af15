import { icon } from '../components/icons.ts';
import { h } from '../dom.ts';
import { address, home, pages } from '../pages.ts';

/** Every other page of the site as a card. */
export function pageCards(): HTMLElement {
  return h(
    'ul',
    { class: 'cards', role: 'list' },
    ...pages
      .filter((page) => page !== home)
      .map((page) =>
        h(
          'li',
          {},
          h(
            'a',
            { class: 'card', href: address(page), 'data-page': true },
            h('span', { class: 'card-title' }, page.title, icon('right')),
            h('span', { class: 'card-text' }, page.description),
          ),
        ),
      ),
  );
}
