import '../rooms/rooms.css';
import './game.css';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import type { Mount, PageContext } from '../pages.ts';
import { hueOf } from '../rooms/face.ts';
import { nameForm } from '../rooms/name-form.ts';
import { askedRoom, LOBBY, LONGEST_ROOM, roomLink, roomName } from '../rooms/room-name.ts';
import { ShareDialog } from '../rooms/share-dialog.ts';
import { BoardView } from './board-view.ts';
import { Controls } from './controls.ts';
import { Play } from './play.ts';
import { playersCard } from './players.ts';

/** How long the circle must lie still until it is said where it is, in ms. */
const STILL_MS = 300;

/** The game (section 5.2.3 of the report): all who are in a room move one circle. */
export const mount: Mount = (host, context, signal) => {
  const plainTitle = document.title;
  let shown: AbortController | undefined;
  let current: string | undefined;

  const enter = (room: string): void => {
    if (room === current) return;
    current = room;
    shown?.abort();
    shown = new AbortController();
    document.title = `${room} · ${plainTitle}`;
    host.replaceChildren(page(context, room, open, shown.signal));
  };
  const open = (room: string): void => {
    history.pushState(null, '', linkOf(room));
    enter(room);
  };
  const follow = (): void => enter(askedRoom(location.href)?.name ?? LOBBY);
  addEventListener('popstate', () => {
    // The router may have gone to another page just now.
    if (!signal.aborted) follow();
  }, { signal });
  signal.addEventListener('abort', () => shown?.abort(), { once: true });
  follow();
};

function linkOf(name: string): string {
  return roomLink(location.href, { name, password: undefined, isLocked: false });
}

function page(context: PageContext, room: string, open: (room: string) => void, signal: AbortSignal): HTMLElement {
  const { session, toasts } = context;
  const play = new Play(room, session, signal);
  const title = uniqueId('board-title');
  const hint = h(
    'p',
    { class: 'hint board-hint', id: uniqueId('board-hint') },
    'Swipes, taps and arrow keys move what is chosen. ',
    h('span', { class: 'board-keys' }, ...['W', 'A', 'S', 'D'].map((key) => h('kbd', {}, key)), ' always move your dot.'),
  );
  const controls = new Controls((direction) => play.move(controls.piece, direction), signal);
  const board = new BoardView(play, () => controls.piece, () => session.id, hint.id, signal);
  const dialog = new ShareDialog(toasts);
  const share = (): void => dialog.open({ name: room, password: undefined, isLocked: false });
  const element = h(
    'div',
    { class: 'game' },
    h('h1', { class: 'visually-hidden' }, 'Game'),
    h(
      'section',
      { class: 'panel panel-board', 'aria-labelledby': title },
      h(
        'div',
        { class: 'panel-head' },
        h('h2', { id: title, dir: 'auto' }, h('span', { class: 'visually-hidden' }, 'The game in '), room),
        h(
          'div',
          { class: 'panel-actions' },
          h('button', { type: 'button', class: 'button button-small', onclick: share }, icon('link'), 'Share'),
        ),
      ),
      h('div', { class: 'board-place' }, board.element),
      whereabouts(play, () => session.id, signal),
      standing(play, share, signal),
    ),
    h(
      'div',
      { class: 'game-side' },
      h(
        'section',
        { class: 'panel panel-controls', 'aria-label': 'Controls' },
        controls.element,
        hint,
        nameForm(context, signal),
        roomForm(room, open),
      ),
      playersCard(play, toasts, signal),
      rule(),
    ),
    dialog.element,
  );
  const showColour = (): void => element.style.setProperty('--hue', String(hueOf(session.id ?? '')));
  session.on('change', showColour, signal);
  showColour();
  return element;
}

/** Says where the circle is, for those who don't see it, when it lies still. */
function whereabouts(play: Play, own: () => string | undefined, signal: AbortSignal): HTMLElement {
  const words = h('p', { class: 'whereabouts', role: 'status', 'aria-live': 'polite' });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (): void => {
    timer = undefined;
    const { board } = play;
    if (board === undefined) return;
    const { x, y, by } = board.circle;
    const who = by === '' ? '' : `, moved by ${by === own() ? 'you' : play.nameOf(by)}`;
    setText(words, `The circle is in column ${x + 1}, row ${y + 1}${who}.`);
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(say, STILL_MS);
  };
  play.on('board', later, signal);
  play.on('players', later, signal);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  say();
  return words;
}

function standing(play: Play, share: () => void, signal: AbortSignal): HTMLElement {
  const element = h('div', { class: 'standing', role: 'status' });
  let shown: string | undefined;
  const show = (): void => {
    const { words, isTrouble, remedy } = play.standing;
    if (words === shown) return;
    shown = words;
    element.hidden = words === '';
    element.classList.toggle('is-trouble', isTrouble);
    const button = (text: string, onclick: () => void): HTMLElement =>
      h('button', { type: 'button', class: 'button button-small', onclick }, text);
    element.replaceChildren(...(isTrouble ? [icon('warning')] : []), h('p', {}, words));
    if (remedy === 'again') element.append(button('Try again', () => void play.join()));
    if (remedy === 'share') element.append(button('Bring others here', share));
  };
  play.on('standing', show, signal);
  show();
  return element;
}

function roomForm(room: string, open: (room: string) => void): HTMLElement {
  const field = h('input', {
    class: 'field',
    id: uniqueId('game-room'),
    name: 'room',
    maxlength: LONGEST_ROOM,
    autocomplete: 'off',
    spellcheck: 'false',
    value: room,
    onfocus: () => field.select(),
  });
  return h(
    'form',
    {
      class: 'name-form',
      onsubmit: (event: Event) => {
        event.preventDefault();
        const name = roomName(field.value);
        if (name === undefined) field.value = room;
        else open(name);
      },
    },
    h('label', { for: field.id }, 'Room'),
    h('div', { class: 'form-row' }, field, h('button', { type: 'submit', class: 'button' }, 'Go there')),
  );
}

function rule(): HTMLElement {
  return h(
    'details',
    { class: 'panel rule' },
    h('summary', {}, 'What if two move it at once?'),
    h(
      'div',
      { class: 'rule-text' },
      h(
        'p',
        {},
        'Nobody is the referee. Every move of the circle has a number, one more than the greatest that its player has seen. The greatest number counts; of two moves with the same number, the one by the greater peer id does. Everybody decides by this alone, so all end up with the circle in the same place, in whatever order the moves have come.',
      ),
      h('p', {}, 'Whoever comes later is told the circle’s place and number by those who are here. A dot is moved by its own player only.'),
    ),
  );
}
