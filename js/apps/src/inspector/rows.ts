/** Which rows of a long list are worth having in the document. */

export interface Range {
  /** The first row. */
  readonly start: number;
  /** One past the last row. */
  readonly end: number;
}

/** Rows kept beyond both edges, so that scrolling does not show gaps. */
const OVERSCAN = 8;

/** The rows that a viewport shows, and a few more; all measures in CSS pixels. */
export function visibleRows(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  count: number,
): Range {
  if (rowHeight <= 0) return { start: 0, end: 0 };
  const first = Math.floor(scrollTop / rowHeight) - OVERSCAN;
  const last = Math.ceil((scrollTop + viewport) / rowHeight) + OVERSCAN;
  return { start: clamp(first, 0, count), end: clamp(last, 0, count) };
}

/** Where a key leads in a list of `count` rows, or undefined for keys that don't move. */
export function rowAfterKey(
  key: string,
  current: number,
  count: number,
  page: number,
): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    PageDown: current + page,
    PageUp: current - page,
    Home: 0,
    End: count - 1,
  };
  const target = steps[key];
  return target === undefined || count === 0 ? undefined : clamp(target, 0, count - 1);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
