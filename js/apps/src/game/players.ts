import { copyText } from '../components/clipboard.ts';
import type { Toasts } from '../components/toast.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted, shortId } from '../format.ts';
import { face } from '../rooms/face.ts';
import type { Play, Player } from './play.ts';

/** Rows drawn at most; the head counts all. */
const MOST_ROWS = 100;

/** Who is playing, in their colours. */
export function playersCard(play: Play, toasts: Toasts, signal: AbortSignal): HTMLElement {
  const title = uniqueId('players-title');
  const count = h('span', { class: 'panel-count' });
  const list = h('ul', { class: 'people', role: 'list' });
  const more = h('p', { class: 'panel-note' });
  const rows = new Map<string, { readonly element: HTMLElement; show(player: Player): void }>();

  const show = (): void => {
    const players = play.players.slice(0, MOST_ROWS);
    const ids = new Set(players.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    players.forEach((player, index) => {
      const row = rows.get(player.id) ?? playerRow(player, play, toasts);
      rows.set(player.id, row);
      row.show(player);
      const there = list.children[index];
      if (there !== row.element) list.insertBefore(row.element, there ?? null);
    });
    setText(count, play.size === 0 ? '' : play.size.toLocaleString('en'));
    const hidden = Math.max(0, play.size - players.length);
    more.hidden = hidden === 0;
    setText(more, `and about ${counted(hidden, 'other')}`);
  };
  play.on('players', show, signal);
  play.on('board', show, signal);
  show();
  return h(
    'section',
    { class: 'panel panel-players', 'aria-labelledby': title },
    h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Players'), count),
    h('div', { class: 'panel-scroll' }, list, more),
  );
}

function playerRow({ id, isOwn }: Player, play: Play, toasts: Toasts): { readonly element: HTMLElement; show(player: Player): void } {
  const mark = h('span', { class: 'person-face' });
  const name = h('span', { class: 'person-name', dir: 'auto' });
  const place = h('span', { class: 'person-place' });
  const copy = h(
    'button',
    { type: 'button', class: 'id-button', title: id, onclick: () => void copyText(id, `Id ${shortId(id)}`, toasts) },
    shortId(id),
  );
  let shown = '';
  return {
    element: h(
      'li',
      { class: 'person', 'data-peer': id },
      mark,
      h('span', { class: 'person-words' }, name, copy),
      place,
      isOwn ? h('span', { class: 'you' }, 'you') : undefined,
    ),
    show: (player) => {
      if (player.name !== shown) {
        shown = player.name;
        mark.replaceChildren(face(id, player.name));
        setText(name, player.name);
        copy.ariaLabel = `Copy the id of ${player.name}: ${shortId(id)}`;
      }
      const dot = play.board?.dots.get(id);
      setText(place, dot === undefined ? '' : placeWords(dot));
      place.title = dot === undefined ? '' : `Column ${dot.x + 1}, row ${dot.y + 1}`;
    },
  };
}

/** A field as players name it: the column, then the row, from the upper left. */
function placeWords({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${x + 1} : ${y + 1}`;
}
