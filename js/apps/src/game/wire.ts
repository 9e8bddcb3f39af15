import { field } from '../rooms/text.ts';
import { userName } from '../rooms/user-name.ts';
import { SIZE, type Circle, type Dot, type Place } from './board.ts';

/** What players say to each other: docs/protocol.md, "The demo site's groups". */

/** The group of a room. */
export function groupOf(room: string): string {
  return `game/${room}`;
}

/** A player's dot, and name. */
export interface Told {
  readonly dot: Dot;
  readonly name: string | undefined;
}

/** What a player tells a newcomer, and the other way round. */
export interface Here extends Told {
  /** If it was moved. */
  readonly circle: Circle | undefined;
  /** Wants to be told the same. */
  readonly asks: boolean;
}

/** The circle as its sender has moved it. */
export function parseCircle(payload: unknown, from: string): Circle | undefined {
  return field(payload, 't') === 'circle' ? circleIn(payload, from) : undefined;
}

export function parseDot(payload: unknown): Told | undefined {
  return field(payload, 't') === 'dot' ? toldIn(payload, payload) : undefined;
}

export function parseHere(payload: unknown): Here | undefined {
  if (field(payload, 't') !== 'here') return undefined;
  const told = toldIn(payload, field(payload, 'dot'));
  if (told === undefined) return undefined;
  const circle = field(payload, 'circle');
  const by = field(circle, 'by');
  const isId = typeof by === 'string' && /^[0-9a-f]{40}$/.test(by);
  return { ...told, circle: isId ? circleIn(circle, by) : undefined, asks: field(payload, 'asks') === true };
}

export function composeCircle({ x, y, clock }: Circle): unknown {
  return { t: 'circle', x, y, clock };
}

export function composeDot({ dot: { x, y, count }, name }: Told): unknown {
  return { t: 'dot', x, y, count, name };
}

export function composeHere({ dot: { x, y, count }, name, circle, asks }: Here): unknown {
  return {
    t: 'here',
    name,
    dot: { x, y, count },
    ...(circle === undefined ? {} : { circle }),
    ...(asks ? { asks } : {}),
  };
}

function circleIn(value: unknown, by: string): Circle | undefined {
  const place = placeIn(value);
  const clock = field(value, 'clock');
  return place !== undefined && isCount(clock) && clock > 0 ? { ...place, clock, by } : undefined;
}

function toldIn(payload: unknown, value: unknown): Told | undefined {
  const place = placeIn(value);
  const count = field(value, 'count');
  if (place === undefined || !isCount(count)) return undefined;
  return { dot: { ...place, count }, name: userName(field(payload, 'name')) };
}

function placeIn(value: unknown): Place | undefined {
  const x = field(value, 'x');
  const y = field(value, 'y');
  return isCount(x) && isCount(y) && x < SIZE && y < SIZE ? { x, y } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
