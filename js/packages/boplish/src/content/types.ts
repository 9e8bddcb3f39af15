import type { SendOptions } from '../protocol.js';

/** What a page does with contents. */
export interface ContentOptions {
  /**
   * Whether others get what is here, what was fetched too, and may ask this peer to hold copies; true
   * by default.
   */
  serve?: boolean | undefined;
  /**
   * How many bytes of what was fetched are kept, and how many are held for others who ask for that;
   * each 1 GiB by default.
   */
  room?: number | undefined;
}

/** What can be published: bytes, or a folder. */
export type Source =
  | Blob
  | Uint8Array
  | string
  | ReadableStream<Uint8Array>
  /** Of an `<input type="file">`, with `multiple` or `webkitdirectory`, or of a drop: a folder. */
  | Iterable<File>
  /** Of a file or directory picker. */
  | FileSystemHandle
  /** Of a drop: `DataTransferItem.webkitGetAsEntry()`. */
  | FileSystemEntry;

/** How far publishing has come. */
export interface PublishProgress {
  /**
   * `reading`: files are read, hashed, and kept here; `naming`: the name is written; `copying`:
   * other peers fetch copies.
   */
  readonly phase: 'reading' | 'naming' | 'copying';
  /** The path of the file that is being read. */
  readonly file: string | undefined;
  /** Bytes that were read. */
  readonly done: number;
  /** All bytes, if that is known: a stream does not say how long it is. */
  readonly total: number | undefined;
  /** The peers that have taken a copy. */
  readonly holders: readonly string[];
}

/** How to publish. */
export interface PublishOptions extends SendOptions {
  onProgress?: ((progress: PublishProgress) => void) | undefined;
  /**
   * How many other peers shall hold a copy before `publish()` resolves, so that this one may leave; 0
   * by default. If fewer take one, `publish()` rejects with `no-copies`; the name stays.
   */
  replicate?: number | undefined;
  /** The media type; by default that of the `Blob`, or what the path's ending says. */
  type?: string | undefined;
  /**
   * Begin a new list of what this peer has published, with nothing else in it: where nobody who has
   * the old one can be reached any more (`unavailable`).
   */
  anew?: boolean | undefined;
}

/** How far a fetch has come. */
export interface FetchProgress {
  /** Bytes of the whole content that are here. */
  readonly done: number;
  /** Bytes of the whole content. */
  readonly total: number;
  /** How many peers it comes from. */
  readonly sources: number;
}

/** How to fetch. */
export interface FetchOptions extends SendOptions {
  /** The bytes from `start` up to, without, `end`; to the end by default. */
  range?: { readonly start?: number | undefined; readonly end?: number | undefined } | undefined;
  onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** Where a name leads. */
export interface Resolved {
  readonly kind: 'file' | 'folder';
  /** The BLAKE3 hash of the content, a dot, and its length in bytes; of a folder, that of its list. */
  readonly content: string;
  /** Bytes; of a folder, of all files in it. */
  readonly bytes: number;
  /** A file's media type; empty if nobody said, and of a folder. It comes from a stranger. */
  readonly type: string;
  /** Whose name it is. */
  readonly publisher: string;
  /** The version of all that the publisher has: as the parameter `v` it names what is there now for ever. */
  readonly version: string;
}

/** What is in a folder. */
export interface FolderEntry extends Pick<Resolved, 'kind' | 'content' | 'bytes' | 'type'> {
  readonly name: string;
  /** Its own name in the network. */
  readonly uri: string;
}

/** Names, and what they lead to. */
export interface Names {
  /** Finds out where a name leads. */
  resolve(uri: string, options?: SendOptions): Promise<Resolved>;
  /** What is in a folder, by name. `bop:<peer id>:content/` is all that a peer has published. */
  list(uri: string, options?: SendOptions): Promise<FolderEntry[]>;
  /**
   * Takes something out of the own name. Copies that others hold stay until nobody wants them. Resolves
   * when others hold the new list of what is left, so that this page may close, or when nobody has taken it
   * within 15 s.
   */
  unpublish(path: string, options?: SendOptions): Promise<void>;
  /** The peers that say that they have a name's content; 32 at most. */
  holders(uri: string, options?: SendOptions): Promise<string[]>;
}
