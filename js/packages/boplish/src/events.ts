/** An `EventTarget` whose events are known by name and type. */
export interface TypedEventTarget<Events extends { [Name in keyof Events]: Event }> extends EventTarget {
  addEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: ((event: Events[Name]) => void) | { handleEvent(event: Events[Name]): void } | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: ((event: Events[Name]) => void) | { handleEvent(event: Events[Name]): void } | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

/** The class to extend for {@link TypedEventTarget}: a plain `EventTarget` under another type. */
export function typedEventTarget<Events extends { [Name in keyof Events]: Event }>(): new () => TypedEventTarget<Events> {
  return EventTarget as unknown as new () => TypedEventTarget<Events>;
}

/** Dispatches an event with these properties. */
export function emit(target: EventTarget, type: string, properties: object): void {
  const event = new Event(type);
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(event, name, { value, enumerable: true });
  }
  target.dispatchEvent(event);
}
