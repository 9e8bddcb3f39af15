import { h, s, setText } from '../dom.ts';
import type { SessionState } from '../session.ts';

interface Look {
  readonly text: string;
  readonly title: string;
  /** What is drawn: the shape tells the states apart where colours don't. */
  readonly shape: string;
}

const looks: Readonly<Record<SessionState, Look>> = {
  connecting: {
    text: 'Connecting',
    title: 'Joining the network',
    shape: 'M8 2.5A5.5 5.5 0 112.5 8',
  },
  failed: {
    text: 'Not connected',
    title: 'Joining the network failed',
    shape: 'M4 4l8 8M12 4l-8 8',
  },
  alone: {
    text: 'Alone',
    title: 'Nobody else is here yet',
    shape: 'M8 3a5 5 0 100 10A5 5 0 008 3z',
  },
  online: {
    text: 'Online',
    title: 'Connected to other peers',
    shape: 'M3 8.5l3.5 3.5L13 4.5',
  },
  degraded: {
    text: 'Degraded',
    title: 'All links are disturbed, or only the server carries messages',
    shape: 'M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1',
  },
  offline: {
    text: 'Offline',
    title: 'All links are gone; trying to get back',
    shape: 'M3 8h10',
  },
};

/** The words for a state, for a badge or for a screen reader. */
export function stateText(state: SessionState): string {
  return looks[state].text;
}

/** The network's state: a shape, a colour and a word. */
export class StateBadge {
  readonly #shape = s('path', {});
  readonly #text = h('span', {});
  readonly element = h(
    'span',
    { class: 'badge' },
    s('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, this.#shape),
    this.#text,
  );

  show(state: SessionState): void {
    const look = looks[state];
    this.element.dataset['state'] = state;
    this.element.title = look.title;
    this.#shape.setAttribute('d', look.shape);
    setText(this.#text, look.text);
  }
}
