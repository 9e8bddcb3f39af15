import { dial } from '../components/dial.ts';
import { idText } from '../components/id-text.ts';
import { h } from '../dom.ts';
import { counted } from '../format.ts';
import type { Entry } from './log.ts';
import { routeOf, type Stop, whatIsOpen } from './route.ts';

const roles = { sender: 'sender', receiver: 'receiver', neighbour: 'neighbour', between: 'passed it on', own: 'you' } as const;

/** The way of a message as a line with stops. */
export function routeView(entry: Entry, own: string): HTMLElement {
  const stops = routeOf(entry, own);
  const open = whatIsOpen(entry, stops);
  return h(
    'div',
    { class: 'route', 'data-direction': entry.direction },
    h('ol', { class: 'route-stops', role: 'list' }, ...stops.map((stop) => stopView(stop, own))),
    open === undefined ? undefined : h('p', { class: 'hint' }, open),
  );
}

function stopView(stop: Stop, own: string): HTMLElement {
  switch (stop.kind) {
    case 'peer':
      return h(
        'li',
        { class: 'route-stop', 'data-stop': stop.role },
        dial(stop.id, stop.id === own),
        idText(stop.id, own),
        h('span', { class: 'route-role' }, roles[stop.role]),
      );
    case 'unknown':
      return h(
        'li',
        { class: 'route-stop route-unknown' },
        stop.peers === undefined ? 'way not known' : `${counted(stop.peers, 'peer')} not known`,
      );
    case 'server':
      return h('li', { class: 'route-stop route-server' }, 'the bootstrap server');
    case 'anyone':
      return h('li', { class: 'route-stop route-server' }, 'whoever the server chooses');
  }
}
