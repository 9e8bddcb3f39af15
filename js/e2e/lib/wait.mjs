/** Longer than anything takes that works, in ms. */
export const PATIENCE = 60_000;

const STEP = 50;

/** Resolves to what `condition` gives as soon as it is truthy; what it gave last is in the error. */
export async function until(what, condition, timeout = PATIENCE) {
  const end = performance.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) {
      throw new Error(`not within ${timeout} ms: ${what} (last: ${JSON.stringify(value)})`);
    }
    await pause(STEP);
  }
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
