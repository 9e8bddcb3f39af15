/** What pages say to their workers, and these to them. */
import type { Files } from './files.js';

/** The methods of `Files`, wherever they are carried out. */
export type Calls = Pick<Files, keyof Files>;

/** To the worker that keeps contents, several at once: a call of a method of `Files`; the first is `open`, with a folder. */
export interface Call {
  readonly id: number;
  readonly method: 'open' | keyof Files;
  readonly values: unknown[];
}

/** What came of it; all of those that came at once are answered at once. */
export interface Result {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** From the service worker: whether a page has a node, or something is requested. */
export interface Asked {
  readonly boplish: 'who' | 'fetch';
  readonly method: string;
  /** Behind `bop/`. */
  readonly path: string;
  /** With its `?`, if there is one. */
  readonly query: string;
  readonly range: string | undefined;
  /** The tag of what the range is wanted of. */
  readonly ifRange: string | undefined;
  /** The tag of what the browser has. */
  readonly tag: string | undefined;
}

/** To the service worker: a head first, and then, for each `pull`, bytes; none at the end. */
export type Answer =
  | { status: number; headers: [string, string][]; text: string | undefined; streams: boolean }
  | { bytes: Uint8Array | undefined }
  | { error: string };
