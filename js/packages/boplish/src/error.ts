/** What went wrong, for programs. */
export type BoplishErrorCode =
  /** An `AbortSignal` ended it. */
  | 'aborted'
  /** A bootstrap address, timeout, identity or other option can't be used. */
  | 'bad-option'
  /** A text is no invitation or answer, was changed, or is for somebody else. */
  | 'bad-invitation'
  /** A text is no name, or leads to no content. */
  | 'bad-name'
  /** A payload is neither a JSON value nor a `Uint8Array`. */
  | 'bad-payload'
  /** A text is no peer id (40 hex digits). */
  | 'bad-peer-id'
  /** A protocol's name is empty, too long, or has control characters. */
  | 'bad-protocol'
  /** The node is closed. */
  | 'closed'
  /** Another record is stored than was expected, or a newer one. */
  | 'conflict'
  /** Too much waits for this peer, or for the store, already. */
  | 'congested'
  /** As many invitations are open, or as many links there, as may be, or peers have no room for a record. */
  | 'full'
  /** The name leads to a folder. */
  | 'folder'
  /** The WebAssembly part has failed; the node is dead. */
  | 'internal'
  /** The invitation was used, or has expired. */
  | 'lapsed'
  /** There is a link to the peer of an invitation already. */
  | 'linked'
  /** What somebody has published is not as it should be. */
  | 'malformed'
  /** Fewer peers than wanted have taken a copy. */
  | 'no-copies'
  /** This peer is not in the group. */
  | 'not-joined'
  /** The request arrived, but no reply came in time. */
  | 'no-reply'
  /** There is nothing under the path of a name. */
  | 'not-found'
  /** A peer has published nothing, or has been away for too long. */
  | 'nothing-published'
  /** The bootstrap server refused something, or peers refused a record. */
  | 'refused'
  /** The protocol belongs to the library itself. */
  | 'reserved-protocol'
  /** What is published or fetched can't be kept here, or read. */
  | 'storage'
  /** No acknowledgement came in time: what was sent may have arrived, or not. */
  | 'timed-out'
  /** A peer can't send to itself. */
  | 'to-self'
  /** A payload has more bytes than a message, or a record, may have. */
  | 'too-large'
  /** Nobody who has the content can be reached. */
  | 'unavailable'
  /** The request to respond to is not, or no longer, known. */
  | 'unknown-request'
  /** No way to the peer, or to the network, is known. */
  | 'unreachable'
  /** This environment has no WebRTC, WebSocket or WebAssembly, or this script has no store and no content. */
  | 'unsupported';

/** Every error of this library; `code` is for programs, `message` for people. */
export class BoplishError extends Error {
  override readonly name = 'BoplishError';
  /** What went wrong. */
  readonly code: BoplishErrorCode;

  constructor(code: BoplishErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const ADVICE: Partial<Record<BoplishErrorCode, string>> = {
  closed: 'connect() makes a new one',
  conflict: 'get() gives it',
  congested: 'wait for earlier sends to settle, then try again',
  lapsed: 'ask for another',
  'not-joined': 'join() gives a new object',
  'no-reply': 'the peer may be slow, or answers no requests of this protocol',
  'reserved-protocol': 'choose another name',
  'timed-out': 'the peer may have left; it is safe to try again',
  'too-large': 'split it into several messages',
  unreachable: 'the peer may have left the network',
};

/** The core throws and reports `code: message`. */
export function fromCore(thrown: unknown): BoplishError {
  if (thrown instanceof BoplishError) return thrown;
  const text = typeof thrown === 'string' ? thrown : '';
  const colon = text.indexOf(': ');
  if (colon < 0) {
    return new BoplishError('internal', `boplish failed: ${String(thrown)}`, { cause: thrown });
  }
  const code = text.slice(0, colon) as BoplishErrorCode;
  const advice = ADVICE[code];
  return new BoplishError(code, text.slice(colon + 2) + (advice ? ` (${advice})` : ''));
}

/** The error for an `AbortSignal` that has ended something. */
export function aborted(signal: AbortSignal, what: string): BoplishError {
  return new BoplishError('aborted', `${what} was aborted`, { cause: signal.reason });
}
