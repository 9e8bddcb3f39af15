/** What the pages need of a BOPlish node: the part of `BoplishNode` that they use, and no more. */

/** How the network sees this peer, whatever the server does. */
export type NodeState = 'alone' | 'online' | 'degraded' | 'offline';

/** The bootstrap server's connection; a closed one takes nothing away from an online peer. */
export type ServerState = 'open' | 'closed';

/** Which way a message passed this peer's router. */
export type Direction = 'incoming' | 'outgoing' | 'forwarded';

/** A message with the report's four properties. */
export interface Message {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly payload: unknown;
}

/** The router has handled a message. */
export interface Monitored {
  readonly direction: Direction;
  readonly message: Message;
  /** Links crossed so far, where known. */
  readonly hops?: number | undefined;
}

/** A member has sent something to the whole group. */
export interface GroupMessage {
  readonly from: string;
  readonly payload: unknown;
}

/** A bopcast group; events: `message` (with the properties of GroupMessage) and `members`. */
export interface Group extends EventTarget {
  /** Without the own id. */
  readonly members: readonly string[];
  register(peer: string): unknown;
  send(payload: unknown): unknown;
}

/**
 * A peer; events: `state`, `server`, `peerconnect`, `peerdisconnect`, `monitor` (with the
 * properties of Monitored), `error` (with `error`).
 */
export interface Network extends EventTarget {
  readonly id: string;
  readonly state: NodeState;
  readonly server: ServerState;
  readonly peers: readonly string[];
  readonly group: Group;
  /** The round-trip time in milliseconds. */
  ping(peer: string): Promise<number>;
  close(): unknown;
}
