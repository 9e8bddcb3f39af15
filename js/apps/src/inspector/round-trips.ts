/** Recent round-trip times of one peer, newest last. */
export class RoundTrips {
  /** How many are kept. */
  static readonly CAPACITY = 20;
  readonly #values: number[] = [];

  add(milliseconds: number): void {
    this.#values.push(milliseconds);
    if (this.#values.length > RoundTrips.CAPACITY) this.#values.shift();
  }

  get values(): readonly number[] {
    return this.#values;
  }
}
