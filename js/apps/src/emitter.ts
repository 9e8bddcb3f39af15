/** Typed events inside the site; an aborted signal stops the listening. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  on<Name extends keyof Events>(
    name: Name,
    listener: (detail: Events[Name]) => void,
    signal?: AbortSignal,
  ): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
  }

  protected emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      (listener as (detail: Events[Name]) => void)(detail);
    }
  }
}
