import { composeHere, composeSaid, parseHere, parseSaid, type SharedFile } from '../chat/wire.ts';
import { Board, type Direction } from '../game/board.ts';
import * as game from '../game/wire.ts';
import { newId } from '../rooms/text.ts';
import { FAKE_PUBLISHER } from './fake-content.ts';
import type { FakeRoom } from './fake-rooms.ts';

/** Members that talk and play, for looking at the pages. */

const people = [
  ['Mika', '2f4c'],
  ['Ada', '71d0'],
  ['Jonas', 'b83e'],
  ['a rather long name that needs space', 'e5a9'],
] as const;

const idOf = (digits: string): string => digits.repeat(10);

function post(name: string, at: number, text: string): unknown {
  return composeSaid({ id: newId(), name, at, content: { text } });
}

function file(name: string, at: number, shared: SharedFile): unknown {
  return composeSaid({ id: newId(), name, at, content: { file: shared } });
}

/** A few words from before, a few now, and an answer to whatever is said. */
export function fakeTalk(room: FakeRoom): void {
  const [mika, ada, jonas, long] = people.map(([name, digits]) => ({ name, id: idOf(digits) }));
  if (mika === undefined || ada === undefined || jonas === undefined || long === undefined) return;
  const now = Date.now();
  const before = now - 26 * 3_600_000;
  const picture = `bop:${FAKE_PUBLISHER}:content/album/3%20Valley.jpg`;
  const told: readonly (readonly [{ readonly name: string; readonly id: string }, unknown])[] = [
    [ada, post('Ada', before, 'Good morning. Is anybody else up?')],
    [mika, post('Mika', before + 70_000, 'I am.\nThe train leaves at 7:40, from platform 2.')],
    [mika, post('Mika', before + 90_000, 'Timetable: https://example.org/timetable?from=Hamburg&to=Kiel (the second one).')],
    [jonas, post('Jonas', now - 3_000_000, 'The pictures are published: bop:' + `${FAKE_PUBLISHER}:content/album`)],
    [jonas, file('Jonas', now - 2_990_000, { uri: picture, name: 'Valley.jpg', type: 'image/jpeg', bytes: 90_000, width: 1200, height: 800 })],
    [ada, file('Ada', now - 1_200_000, { uri: `bop:${FAKE_PUBLISHER}:content/album/backup.tar.gz`, name: 'backup.tar.gz', type: 'application/gzip', bytes: 4_300_000 })],
    [ada, file('Ada', now - 1_190_000, { uri: `bop:${FAKE_PUBLISHER}:content/album/lost.jpg`, name: 'lost.jpg', type: 'image/jpeg', bytes: 80_000, width: 720, height: 800 })],
    [long, post(long.name, now - 600_000, 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(3))],
    [mika, post('Mika', now - 500_000, Array.from({ length: 30 }, (_, line) => `${line + 1}. something to bring`).join('\n'))],
    [jonas, { t: 'say', id: 'x', text: 42 }],
    [jonas, '<img src=x onerror=alert(1)>'],
    [ada, post('Ada', now - 200_000, '<b>not bold</b> שלום 👋')],
  ];
  for (const { id, name } of [mika, ada, jonas, long]) {
    room.later(100, () =>
      room.enter({
        id,
        hear: (_, payload) => {
          const said = parseSaid(payload);
          if (id !== ada.id || said === undefined || !('text' in said.content)) return;
          const { text } = said.content;
          room.later(1200, () => room.post(ada.id, post('Ada', Date.now(), text.endsWith('?') ? 'Yes.' : 'I see.')));
        },
        hearDirect: (from, payload) => {
          if (parseHere(payload)?.asks === true) room.whisper(id, composeHere({ name, at: Date.now(), asks: false }));
          if (parseSaid(payload) !== undefined) {
            room.later(900, () => room.whisper(id, post(name, Date.now(), `Between you (${from.slice(0, 4)}) and me: thanks.`)));
          }
        },
      }),
    );
  }
  // The same ones at each visit, as from a real history.
  const again = (payload: unknown, index: number): unknown =>
    typeof payload === 'object' ? { ...payload, id: `fake-${index}` } : payload;
  room.later(60, () => told.forEach(([{ id }, payload], index) => room.post(id, again(payload, index), true)));
  room.later(4000, () => room.post(mika.id, post('Mika', Date.now(), 'Hello to whoever has just come.')));
}

/** Players that move their dots, and now and then the circle. */
export function fakePlay(room: FakeRoom): void {
  const directions: readonly Direction[] = ['up', 'down', 'left', 'right'];
  people.forEach(([name, digits], index) => {
    const id = idOf(digits);
    const board = new Board(id, Date.now());
    const seat = {
      id,
      hear: (from: string, payload: unknown) => {
        const circle = game.parseCircle(payload, from);
        if (circle !== undefined) board.hearCircle(circle);
      },
      hearDirect: (_: string, payload: unknown) => {
        if (game.parseHere(payload)?.asks !== true) return;
        const { ownDot: dot, circle } = board;
        room.whisper(id, game.composeHere({ dot, name, circle: circle.clock === 0 ? undefined : circle, asks: false }));
      },
    };
    const step = (): void => {
      const direction = directions[Math.floor(Math.random() * 4)] ?? 'up';
      if (Math.random() < 0.25) {
        const circle = board.moveCircle(direction);
        if (circle !== undefined) room.post(id, game.composeCircle(circle));
      } else {
        const dot = board.moveDot(direction, Date.now());
        if (dot !== undefined) room.post(id, game.composeDot({ dot, name }));
      }
      room.later(500 + Math.random() * 900, step);
    };
    room.later(150 * index, () => room.enter(seat));
    room.later(1000, step);
    // One goes, and comes back.
    if (index === 3) {
      room.later(12_000, () => room.exit(seat));
      room.later(18_000, () => room.enter(seat));
    }
  });
}
