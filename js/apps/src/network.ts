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
  /** The neighbour whose link it came over, or goes over next, where there is one and it is known. */
  readonly via?: string | undefined;
  /** The peers that have sent it on, the sender first; empty if that was not noted. */
  readonly passed?: readonly string[] | undefined;
}

/** A peer has said whom it is linked to, and who is beside it on the ring, the nearest first. */
export interface Topology {
  readonly from: string;
  readonly peers: readonly string[];
  readonly successors: readonly string[];
  readonly predecessors: readonly string[];
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

export interface JoinOptions {
  /** Whoever has another one is in another group. */
  readonly password?: string;
  /** How many posts from before joining are wanted, at most 64. */
  readonly history?: number;
  readonly signal?: AbortSignal;
}

/** What a member has said to the others, or to this peer alone. */
export interface GroupPost {
  readonly from: string;
  readonly payload: unknown;
  /** Said before this peer joined. */
  readonly isHistory: boolean;
}

/**
 * A group that anybody joins by its name; events: `message` and `direct` (with the properties of
 * GroupPost), `members`. One's own posts don't come back.
 */
export interface Room extends EventTarget {
  readonly name: string;
  /** Others: all if there are fewer than 32, else some. */
  readonly members: readonly string[];
  /** How many members there are with this peer; in a large group, about. */
  readonly size: number;
  /** A JSON value or bytes, up to 48,000 of them, for all others. */
  publish(payload: unknown): void;
  /** For one member alone: `direct` there. */
  send(member: string, payload: unknown): Promise<void>;
  leave(): void;
}

/** An invitation for one newcomer. */
export interface Invitation {
  readonly text: string;
  /** A link to this page with the text behind its `#`. */
  readonly url: string | undefined;
  /** Takes the answer; resolves to the newcomer's id when there is a link. */
  complete(answer: string): Promise<string>;
}

/** An invitation of another peer, and the answer that it waits for. */
export interface AcceptedInvitation {
  readonly peer: string;
  readonly answer: string;
  connected(): Promise<void>;
}

/** How to get into a network. */
export interface Way {
  /** Without the page's own server. */
  readonly withoutServer?: boolean;
  /** By an invitation, whose answer goes back to whoever invited. */
  readonly invitation?: { readonly text: string; onAnswer(answer: string): void };
}

/** What can be published: bytes, or a folder. */
export type Source = Blob | Iterable<File> | FileSystemEntry;

/** How far publishing has come. */
export interface PublishProgress {
  readonly phase: 'reading' | 'naming' | 'copying';
  /** The path of the file that is being read. */
  readonly file: string | undefined;
  /** Bytes. */
  readonly done: number;
  readonly total: number | undefined;
  /** The peers that have taken a copy. */
  readonly holders: readonly string[];
}

export interface PublishOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PublishProgress) => void;
  /** How many other peers shall have a copy before publishing is done; else `no-copies`. */
  readonly replicate?: number;
  /** Begin a new list of what this peer has published. */
  readonly anew?: boolean;
}

/** How far a fetch has come. */
export interface FetchProgress {
  /** Bytes. */
  readonly done: number;
  readonly total: number;
  /** How many peers it comes from. */
  readonly sources: number;
}

export interface FetchOptions {
  readonly signal?: AbortSignal;
  readonly range?: { readonly start?: number; readonly end?: number };
  readonly onProgress?: (progress: FetchProgress) => void;
}

/** Where a name leads. */
export interface Resolved {
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
  /** A file's media type, or nothing; it comes from a stranger. */
  readonly type: string;
  readonly publisher: string;
}

/** What is in a folder. */
export interface FolderEntry extends Pick<Resolved, 'kind' | 'bytes' | 'type'> {
  readonly name: string;
}

interface Waiting {
  readonly signal?: AbortSignal;
}

/** Names, and what they lead to. */
export interface Names {
  resolve(uri: string, options?: Waiting): Promise<Resolved>;
  list(uri: string, options?: Waiting): Promise<FolderEntry[]>;
  unpublish(path: string, options?: Waiting): Promise<void>;
  /** The peers that say that they have it. */
  holders(uri: string, options?: Waiting): Promise<string[]>;
}

/**
 * A peer; events: `state`, `server`, `peerconnect`, `peerdisconnect`, `monitor` (with the
 * properties of Monitored), `topology` (with those of Topology), `error` (with `error`).
 */
export interface Network extends EventTarget {
  readonly id: string;
  readonly state: NodeState;
  readonly server: ServerState;
  readonly peers: readonly string[];
  readonly group: Group;
  readonly names: Names;
  /** The round-trip time in milliseconds. */
  ping(peer: string): Promise<number>;
  /** Asks a peer for its neighbours; the event `topology` has the answer. */
  topology(peer: string): Promise<unknown>;
  /** The same name and password give the same room, while it is not left. */
  join(name: string, options?: JoinOptions): Promise<Room>;
  invite(): Promise<Invitation>;
  acceptInvitation(invitation: string): Promise<AcceptedInvitation>;
  /** The name that it has now. */
  publish(path: string, source: Source, options?: PublishOptions): Promise<string>;
  fetch(uri: string, options?: FetchOptions): Promise<Response>;
  /** Serves `bop/<uid>/content/<path>`, beside the script, to this page's elements. */
  registerServiceWorker(script: string): Promise<unknown>;
  close(): unknown;
}
