import { bootstrapUrl } from './bootstrap.js';
import type { ContentOptions } from './content/types.js';
import { aborted, BoplishError } from './error.js';
import { ephemeral, fromSecret, type Identity, persistent } from './identity.js';
import { load } from './module.js';
import { BoplishNode } from './node.js';

/** How to join a network. */
export interface ConnectOptions {
  /**
   * The bootstrap server: `HOST[:PORT]`, `ws://…` or `wss://…`. Default: the page's own host.
   * `null`: none. Then the node is there at once, to invite others or to be invited.
   */
  bootstrap?: string | null | undefined;
  /**
   * An invitation to join by, or a link that ends with one: what `invite()` of a node gave. If
   * there is a bootstrap server as well, whoever lets this peer in first does.
   */
  invitation?: string | undefined;
  /** Called with the answer to the invitation, which people carry to whoever invited. */
  onAnswer?: ((answer: string) => void) | undefined;
  /**
   * Who to be. `persistent` (default) keeps the id over reloads and visits, one for each tab that
   * is open at a time; `ephemeral` is new each time; 32 secret bytes are an identity that the
   * application keeps, which must not be used twice at the same time.
   */
  identity?: 'persistent' | 'ephemeral' | Uint8Array | undefined;
  /** STUN and TURN servers, or a function that is asked for each connection anew. */
  iceServers?: RTCIceServer[] | (() => Promise<RTCIceServer[]>) | undefined;
  /**
   * `relay`: links go over TURN servers only, so that others don't learn this peer's addresses.
   * `all` (default): on the shortest way.
   */
  iceTransportPolicy?: RTCIceTransportPolicy | undefined;
  /**
   * What the bootstrap server's operator has given to this peer, if it lets in only some; or a
   * function that is asked each time the server is connected to, since a token ends.
   */
  token?: string | (() => Promise<string> | string) | undefined;
  /** What is published and fetched: whether others get it from here, and how much is kept. */
  content?: ContentOptions | undefined;
  /** Ends the attempt to connect. */
  signal?: AbortSignal | undefined;
  /**
   * How long to try to reach the bootstrap server or a peer, in ms; 30,000 by default. An
   * invitation's answer has 10 minutes, whatever this is.
   */
  timeout?: number | undefined;
}

const CONNECT_TIMEOUT = 30_000;

/**
 * Joins a network. Resolves as soon as this peer is online, or knows that it is alone; rejects
 * with a {@link BoplishError} when that fails (`unreachable`), is aborted (`aborted`), or can't
 * work here (`unsupported`, `bad-option`).
 */
export async function connect(options: ConnectOptions = {}): Promise<BoplishNode> {
  const { signal, iceServers, iceTransportPolicy, timeout = CONNECT_TIMEOUT } = options;
  if (!(timeout > 0)) throw new BoplishError('bad-option', `timeout is ${timeout}; give milliseconds above 0`);
  if (iceServers !== undefined && typeof iceServers !== 'function' && !Array.isArray(iceServers)) {
    throw new BoplishError('bad-option', 'iceServers is neither an array nor a function');
  }
  if (iceTransportPolicy !== undefined && iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
    throw new BoplishError('bad-option', `iceTransportPolicy is ${iceTransportPolicy}; give 'all' or 'relay'`);
  }
  if (typeof WebAssembly === 'undefined') throw new BoplishError('unsupported', 'there is no WebAssembly here');
  if (typeof RTCPeerConnection === 'undefined') {
    throw new BoplishError('unsupported', 'there is no WebRTC here: connect() works in pages of browsers');
  }
  const { invitation, onAnswer } = options;
  if ((invitation === undefined) !== (onAnswer === undefined)) {
    throw new BoplishError('bad-option', 'invitation and onAnswer go together');
  }
  const url = options.bootstrap === null ? '' : bootstrapUrl(options.bootstrap, globalThis.location);
  if (signal?.aborted) throw aborted(signal, 'connect()');

  const identity = await identify(options.identity ?? 'persistent');
  let node: BoplishNode;
  try {
    const Peer = await load();
    if (signal?.aborted) throw aborted(signal, 'connect()');
    node = new BoplishNode(Peer, {
      url,
      secret: identity.secret,
      isKept: identity.isKept,
      iceServers,
      iceTransportPolicy,
      token: options.token,
      content: options.content,
      onClosed: () => identity.release(),
    });
  } catch (error) {
    identity.release();
    throw error;
  }
  try {
    await node.open(url, timeout, signal, invitation && onAnswer ? { invitation, onAnswer } : undefined);
    return node;
  } catch (error) {
    await node.close();
    throw error;
  }
}

async function identify(identity: 'persistent' | 'ephemeral' | Uint8Array): Promise<Identity> {
  if (identity instanceof Uint8Array) return fromSecret(identity);
  if (identity === 'ephemeral') return ephemeral();
  if (identity === 'persistent') return persistent();
  throw new BoplishError(
    'bad-option',
    `identity is ${JSON.stringify(identity)}; give 'persistent', 'ephemeral' or 32 bytes`,
  );
}
