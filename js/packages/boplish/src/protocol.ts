import { emit, typedEventTarget } from './events.js';
import { decode, encode, type RawPayload } from './payload.js';
import type { Runner } from './runner.js';

/** Options of everything that waits for another peer. */
export interface SendOptions {
  /** Ends the waiting; what was sent may still arrive. */
  signal?: AbortSignal | undefined;
}

/** Options of a request. */
export interface RequestOptions extends SendOptions {
  /** How long to wait for the reply, in ms; 15,000 by default. */
  timeout?: number | undefined;
}

/** A message of the protocol has come. */
export interface ProtocolMessageEvent<T> extends Event {
  /** The id of the peer that sent it; verified. */
  readonly from: string;
  /** What it says. It comes from a stranger: check its shape. */
  readonly payload: T;
  /** The links it came over; 1 is straight from the sender. */
  readonly hops: number;
}

/** A request of the protocol has come. */
export interface ProtocolRequestEvent<T> extends ProtocolMessageEvent<T> {
  /** Answers it, once. */
  respond(payload: unknown): void;
}

/** The events of a {@link Protocol}. */
export interface ProtocolEvents<T> {
  message: ProtocolMessageEvent<T>;
  request: ProtocolRequestEvent<T>;
}

const REQUEST_TIMEOUT = 15_000;

/** An application protocol: what peers that know its name say to each other. */
export class Protocol<T = unknown> extends typedEventTarget<ProtocolEvents<any>>() {
  declare addEventListener: import('./events.js').TypedEventTarget<ProtocolEvents<T>>['addEventListener'];
  declare removeEventListener: import('./events.js').TypedEventTarget<ProtocolEvents<T>>['removeEventListener'];
  /** Its name, the report's `type`. */
  readonly name: string;
  readonly #runner: Runner;
  readonly #forget: () => void;

  /** @internal */
  constructor(name: string, runner: Runner, forget: () => void) {
    super();
    this.name = name;
    this.#runner = runner;
    this.#forget = forget;
  }

  /** Sends a message; resolves when it has arrived, rejects when, as far as is known, it has not. */
  async send(to: string, payload: T | Uint8Array, options: SendOptions = {}): Promise<void> {
    const raw = encode(payload);
    await this.#runner.settle((peer) => peer.send(to, this.name, raw), 'send()', options.signal);
  }

  /** Sends a request; resolves to the reply. */
  async request<R = unknown>(to: string, payload: T | Uint8Array, options: RequestOptions = {}): Promise<R> {
    const raw = encode(payload);
    const timeout = options.timeout ?? REQUEST_TIMEOUT;
    const reply = await this.#runner.settle(
      (peer) => peer.request(to, this.name, raw, timeout),
      'request()',
      options.signal,
    );
    return decode(reply as RawPayload) as R;
  }

  /** Takes no more messages; `node.protocol(name)` gives a new one. */
  close(): void {
    this.#forget();
  }

  /** @internal */
  receive(from: string, payload: unknown, hops: number, request: bigint | undefined): void {
    if (request === undefined) {
      emit(this, 'message', { from, payload, hops });
      return;
    }
    const respond = (reply: unknown) => {
      const raw = encode(reply);
      this.#runner.call((peer) => peer.reply(from, request, raw));
    };
    emit(this, 'request', { from, payload, hops, respond });
  }
}
