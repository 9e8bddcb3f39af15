import { chord } from '../components/dial.ts';
import { icon } from '../components/icons.ts';
import { idText } from '../components/id-text.ts';
import { h } from '../dom.ts';
import { clockTime, counted, directionWords, subtypeOf } from '../format.ts';
import type { Direction } from '../network.ts';
import type { Entry } from './log.ts';

/** Characters of a subtype, which a stranger may have made longer than any row. */
const SUBTYPE = 60;

/** A direction as colour, arrow and word. */
export function directionMark(direction: Direction, long = false): HTMLElement {
  const words = directionWords[direction];
  return h(
    'span',
    { class: 'direction', 'data-direction': direction, title: words.long },
    icon(direction),
    h('span', {}, long ? words.long : words.short),
  );
}

/** One message as an option of the list. */
export function messageRow(entry: Entry, own: string | undefined): HTMLElement {
  const { direction, hops } = entry;
  const { type, from, to, payload } = entry.message;
  const subtype = subtypeOf(payload)?.slice(0, SUBTYPE);
  const hopsText = hops === undefined || hops < 1 ? undefined : counted(hops, 'hop');
  const time = clockTime(new Date(entry.time));
  return h(
    'div',
    {
      class: 'message',
      role: 'option',
      id: `message-${entry.number}`,
      'data-number': entry.number,
      'data-direction': direction,
      tabindex: -1,
    },
    directionMark(direction),
    h(
      'span',
      { class: 'message-name' },
      h('span', { class: 'message-type' }, type),
      subtype === undefined ? undefined : h('span', { class: 'message-subtype' }, subtype),
    ),
    h(
      'span',
      { class: 'message-way' },
      chord(from, to),
      idText(from, own),
      h('span', { class: 'message-arrow', 'aria-hidden': 'true' }, '→'),
      h('span', { class: 'visually-hidden' }, 'to'),
      idText(to, own),
    ),
    h('span', { class: 'message-hops' }, hopsText),
    h(
      'span',
      { class: 'message-time' },
      time.slice(0, -4),
      h('span', { class: 'message-milliseconds' }, time.slice(-4)),
    ),
  );
}
