import { icon, type IconName } from '../components/icons.ts';
import { h, uniqueId } from '../dom.ts';
import type { Direction } from './board.ts';
import type { Piece } from './play.ts';

/** Who holds a button moves on after this time, and then so often, in ms. */
const HOLD_MS = 350;
const REPEAT_MS = 110;

const buttons: ReadonlyArray<readonly [Direction, IconName]> = [
  ['up', 'up'],
  ['left', 'left'],
  ['right', 'right'],
  ['down', 'down'],
];

/** What arrows, taps and swipes move, and arrows to press. */
export class Controls {
  readonly element: HTMLElement;
  #piece: Piece = 'circle';

  constructor(onMove: (direction: Direction) => void, signal: AbortSignal) {
    const name = uniqueId('piece');
    const choice = (piece: Piece, text: string): HTMLElement =>
      h(
        'label',
        { class: 'segment' },
        h('input', {
          type: 'radio',
          class: 'visually-hidden',
          name,
          value: piece,
          checked: piece === this.#piece,
          onchange: () => {
            this.#piece = piece;
          },
        }),
        h('span', { class: 'segment-face' }, h('span', { class: `piece piece-${piece}` }), text),
      );
    this.element = h(
      'div',
      { class: 'controls' },
      h(
        'fieldset',
        { class: 'segments' },
        h('legend', { class: 'visually-hidden' }, 'What you move'),
        choice('circle', 'The circle'),
        choice('dot', 'My dot'),
      ),
      h(
        'div',
        { class: 'pad', role: 'group', 'aria-label': 'Move' },
        ...buttons.map(([direction, name]) => padButton(direction, name, onMove, signal)),
      ),
    );
  }

  get piece(): Piece {
    return this.#piece;
  }
}

function padButton(direction: Direction, name: IconName, onMove: (direction: Direction) => void, signal: AbortSignal): HTMLElement {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasRepeated = false;
  const end = (): void => clearTimeout(timer);
  const repeat = (): void => {
    hasRepeated = true;
    onMove(direction);
    timer = setTimeout(repeat, REPEAT_MS);
  };
  signal.addEventListener('abort', end, { once: true });
  return h(
    'button',
    {
      type: 'button',
      class: `button pad-button pad-${direction}`,
      'aria-label': `Move ${direction}`,
      onpointerdown: () => {
        hasRepeated = false;
        end();
        timer = setTimeout(repeat, HOLD_MS);
      },
      onpointerup: end,
      onpointerleave: end,
      onpointercancel: end,
      // Holding a finger opens no menu.
      oncontextmenu: (event: Event) => event.preventDefault(),
      onclick: () => {
        if (!hasRepeated) onMove(direction);
        hasRepeated = false;
      },
    },
    icon(name),
  );
}
