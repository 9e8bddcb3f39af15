/** Ids as places on a ring: the smallest id on top, growing clockwise. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

const HEX_DIGITS = 12;

/** The id's place as a part of a full turn, from 0 up to but not 1. */
export function turnOf(id: string): number {
  const digits = id.slice(0, HEX_DIGITS);
  if (/^[0-9a-f]+$/i.test(digits) && digits.length === HEX_DIGITS) {
    return Number.parseInt(digits, 16) / 16 ** HEX_DIGITS;
  }
  // Ids of other shapes (a server may admit them) are spread by FNV-1a.
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash / 2 ** 32;
}

/** Where the id lies on a circle. */
export function pointOf(id: string, centre: number, radius: number): Point {
  const angle = turnOf(id) * 2 * Math.PI;
  return {
    x: round(centre + radius * Math.sin(angle)),
    y: round(centre - radius * Math.cos(angle)),
  };
}

/** An SVG path between two ids, drawn towards the middle so that neighbours' lines can be told apart. */
export function chordPath(from: string, to: string, centre: number, radius: number): string {
  const start = pointOf(from, centre, radius);
  const end = pointOf(to, centre, radius);
  const pull = (a: number, b: number): number => round(centre + ((a + b) / 2 - centre) * 0.35);
  return `M${start.x} ${start.y}Q${pull(start.x, end.x)} ${pull(start.y, end.y)} ${end.x} ${end.y}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
