/** Where the lines of a graph run. */

/** The least of 1, 2, 5, 10, 20, 50, … that is not below a value; at least 1. */
export function ceiling(value: number): number {
  let power = 1;
  for (;;) {
    for (const step of [1, 2, 5]) if (step * power >= value) return step * power;
    power *= 10;
  }
}

export interface Area {
  readonly width: number;
  readonly height: number;
}

/**
 * The points of a polyline: the last value at the right edge, `capacity` values over the whole
 * width, `top` at the upper edge.
 */
export function linePoints(values: readonly number[], capacity: number, top: number, { width, height }: Area): string {
  const shown = values.slice(-capacity);
  const step = width / Math.max(1, capacity - 1);
  const start = width - (shown.length - 1) * step;
  return shown
    .map((value, index) => {
      const share = Math.min(1, Math.max(0, value / top));
      return `${(start + index * step).toFixed(1)},${(height - share * height).toFixed(1)}`;
    })
    .join(' ');
}

/** A line in words, for those who do not see it. */
export function lineText(name: string, values: readonly number[], show: (value: number) => string): string {
  const last = values.at(-1);
  if (last === undefined) return `${name}: nothing yet`;
  return `${name}: ${show(last)} now, at most ${show(Math.max(...values))} in the last 5 min`;
}
