/** The API of the research report (sections 4.1.1 and 4.1.2), unchanged. */
import { bootstrapUrl } from './bootstrap.js';
import { BoplishError } from './error.js';
import { ofThisTab } from './identity.js';
import { loadSync } from './module.js';
import { decode, encode, type RawPayload } from './payload.js';
import { guarded, Runner, report } from './runner.js';

/** A message, as the report has it. */
export interface Message {
  type: string;
  from: string;
  to: string;
  payload: unknown;
}

/** Called with what a message says and the id of the peer that sent it. */
export type MessageHandler = (payload: any, from: string) => void;

/** Attempts to reach the bootstrap server before `errorCallback` is called. */
const ATTEMPTS = 2;
/** How long the server may take to let this peer in, in ms. */
const SERVER_TIMEOUT = 30_000;

/** A peer of the network. */
export class BOPlishClient {
  /** The own id: 40 hex digits, there right after construction. */
  readonly id: string;
  readonly #runner: Runner;
  readonly #handlers = new Map<string, MessageHandler>();
  #monitor: ((message: Message) => void) | undefined;

  /**
   * @param bootstrapHostname the bootstrap server: `HOST[:PORT]`, `ws://…` or `wss://…`; when
   * missing or empty, the page's own host.
   * @param successCallback called once, when at least one other peer is connected.
   * @param errorCallback called once, when the bootstrap server can't be reached. Then the client
   * is closed; make another to try again.
   */
  constructor(
    bootstrapHostname?: string | null,
    successCallback?: (() => void) | null,
    errorCallback?: ((error: Error) => void) | null,
  ) {
    if (bootstrapHostname != null && typeof bootstrapHostname !== 'string') {
      throw new TypeError(`BOPlishClient: bootstrapHostname is ${typeof bootstrapHostname}, not a string`);
    }
    checkFunction(successCallback, 'BOPlishClient: successCallback');
    checkFunction(errorCallback, 'BOPlishClient: errorCallback');
    const url = orTypeError('BOPlishClient', () => bootstrapUrl(bootstrapHostname, globalThis.location));

    let attempts = 0;
    let isDecided = false;
    const decide = () => {
      clearTimeout(timer);
      const isFirst = !isDecided;
      isDecided = true;
      return isFirst;
    };
    const fail = (why: string) => {
      if (!decide()) return;
      this.close();
      const error = new Error(`the bootstrap server ${url} can't be reached: ${why}`);
      if (errorCallback) guarded(() => errorCallback(error));
      else report(error);
    };
    const timer = setTimeout(() => fail(`no welcome in ${SERVER_TIMEOUT} ms`), SERVER_TIMEOUT);

    const PeerClass = loadSync();
    const identity = ofThisTab();
    try {
      this.#runner = new Runner(
        PeerClass,
        { url, secret: identity.secret, onClosed: () => (clearTimeout(timer), identity.release()) },
        {
          server: (open) => open && clearTimeout(timer),
          unreachable: (reason) => {
            attempts += 1;
            if (attempts >= ATTEMPTS) fail(reason);
          },
          serverError: (message) => report(new Error(`the bootstrap server: ${message}`)),
          failed: (error) => (errorCallback && decide() ? errorCallback(error) : report(error)),
          connected: () => {
            if (decide() && successCallback) guarded(successCallback);
          },
          message: (from, protocol, payload) => this.#handlers.get(protocol)?.(decode(payload), from),
          monitor: (_direction, type, from, to = '', payload) =>
            this.#monitor?.({ type, from, to, payload: decode(payload) }),
        },
      );
    } catch (error) {
      clearTimeout(timer);
      identity.release();
      throw error;
    }
    this.id = this.#runner.id;
    this.#runner.call((peer) => peer.open());
  }

  /** Sends a payload to a peer, for whoever handles that protocol there. */
  send(to: string, protocol: string, payload: unknown): void {
    if (typeof to !== 'string') throw new TypeError(`send: to is ${typeof to}, not a peer's id`);
    checkProtocol(protocol, 'send');
    orTypeError('send', () => {
      const raw = encode(payload);
      // The core sends nothing to itself; the report's router calls the handler (section 4.1.4).
      if (to.toLowerCase() === this.id) queueMicrotask(() => this.#loop(to, protocol, raw));
      else this.#runner.call((peer) => peer.send(to, protocol, raw));
    });
  }

  /** Registers the handler of a protocol; the last one registered counts. */
  setOnMessageHandler(protocol: string, handler: MessageHandler): void {
    checkProtocol(protocol, 'setOnMessageHandler');
    if (typeof handler !== 'function') {
      throw new TypeError(`setOnMessageHandler: the handler is ${typeof handler}, not a function`);
    }
    orTypeError('setOnMessageHandler', () => this.#runner.call((peer) => peer.takeProtocol(protocol)));
    this.#handlers.set(protocol, handler);
  }

  /** Shows every message that this peer receives, sends or forwards to `callback`; null ends it. */
  setMonitorCallback(callback: ((message: Message) => void) | null | undefined): void {
    checkFunction(callback, 'setMonitorCallback: the callback');
    this.#monitor = callback ?? undefined;
    this.#runner.read((peer) => peer.setMonitoring(this.#monitor !== undefined), undefined);
  }

  /** The ids of the peers that this one is connected to. */
  getConnectedPeers(): string[] {
    return this.#runner.read((peer) => peer.connectedPeers(), []);
  }

  #loop(to: string, type: string, raw: RawPayload): void {
    this.#monitor?.({ type, from: this.id, to, payload: decode(raw) });
    this.#handlers.get(type)?.(decode(raw), this.id);
  }

  /** Leaves the network. Not in the report, whose clients leave with their pages. */
  close(): void {
    this.#runner.close();
  }
}

function checkFunction(value: unknown, name: string): void {
  if (value != null && typeof value !== 'function') {
    throw new TypeError(`${name} is ${typeof value}, not a function`);
  }
}

function checkProtocol(protocol: unknown, caller: string): void {
  if (typeof protocol !== 'string') throw new TypeError(`${caller}: protocol is ${typeof protocol}, not a string`);
}

const ARGUMENT_ERRORS: readonly string[] = ['bad-option', 'bad-payload', 'bad-peer-id', 'bad-protocol', 'too-large'];

/** Makes errors about arguments `TypeError`s. */
function orTypeError<T>(caller: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof BoplishError && ARGUMENT_ERRORS.includes(error.code)) {
      throw new TypeError(`${caller}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
