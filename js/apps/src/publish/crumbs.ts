import { dial } from '../components/dial.ts';
import { h } from '../dom.ts';
import { shortId } from '../format.ts';
import { formatName, type Name } from './name.ts';

/** The way from the publisher to what is shown, each step a link. */
export function crumbs(name: Name, own: string | undefined): HTMLElement {
  const { uid, segments } = name;
  const isPeer = !uid.includes('@');
  const mine = uid === own;
  const publisher = h(
    'span',
    { class: 'crumb-publisher', title: uid },
    isPeer ? dial(uid, mine) : undefined,
    h('code', { class: mine ? 'id id-own' : 'id' }, isPeer ? shortId(uid) : uid),
    mine ? h('span', { class: 'you' }, 'you') : undefined,
  );
  const steps = [publisher, ...segments.map((segment) => h('span', { class: 'crumb-text' }, segment))];
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Way to what is shown' },
    h(
      'ol',
      { role: 'list' },
      ...steps.map((content, index) => {
        const isLast = index === segments.length;
        const href = `#${formatName({ ...name, segments: segments.slice(0, index) })}`;
        return h(
          'li',
          { class: 'crumb' },
          isLast ? h('span', { 'aria-current': 'page', tabindex: -1 }, content) : h('a', { href }, content),
        );
      }),
    ),
  );
}
