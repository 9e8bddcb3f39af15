import type { RawTarget } from '../../wasm/boplish_web.js';
import { BoplishError } from '../error.js';
import type { SendOptions } from '../protocol.js';
import type { Runner } from '../runner.js';
import { promised } from './promised.js';
import { unpublish } from './publish.js';
import type { FolderEntry, Names, Resolved } from './types.js';

/** The parts of a path. */
export function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** Where a name leads. */
export async function resolve(runner: Runner, uri: string, signal?: AbortSignal): Promise<Resolved> {
  // What is here already need not come again.
  await runner.contents.loaded;
  const raw = await promised(runner, (peer) => peer.resolve(uri), 'resolve()', signal);
  const [isFolder, content, bytes, type, publisher, version] = raw as [...RawTarget, string, string];
  return { kind: isFolder ? 'folder' : 'file', content, bytes, type, publisher, version };
}

/** What is in a folder of a publisher. */
export async function folder(
  runner: Runner,
  content: string,
  publisher: string,
  signal?: AbortSignal,
): Promise<[...RawTarget, string][]> {
  return promised(runner, (peer) => peer.folder(content, publisher), 'list()', signal);
}

/** Calls `found` with a folder's own content, and with those of all that is below it. */
export async function all(
  runner: Runner,
  content: string,
  publisher: string,
  found: (content: string) => void,
): Promise<void> {
  found(content);
  for (const [isFolder, below] of await folder(runner, content, publisher)) {
    if (isFolder) await all(runner, below, publisher, found);
    else found(below);
  }
}

/** The names of a node. */
export class NodeNames implements Names {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  resolve(uri: string, { signal }: SendOptions = {}): Promise<Resolved> {
    return resolve(this.#runner, uri, signal);
  }

  async list(uri: string, { signal }: SendOptions = {}): Promise<FolderEntry[]> {
    const { kind, content, publisher } = await this.resolve(uri, { signal });
    if (kind !== 'folder') throw new BoplishError('not-found', `${uri} is a file, not a folder`);
    const [path, query] = uri.split('?') as [string, string | undefined];
    const before = path.endsWith('/') || path.split(':').length < 3 ? path : `${path}/`;
    const entries = await folder(this.#runner, content, publisher, signal);
    return entries.map(([isFolder, content, bytes, type, name]) => ({
      name,
      kind: isFolder ? 'folder' : 'file',
      content,
      bytes,
      type,
      uri: `${before}${encodeURIComponent(name)}${isFolder ? '/' : ''}${query === undefined ? '' : `?${query}`}`,
    }));
  }

  unpublish(path: string, { signal }: SendOptions = {}): Promise<void> {
    return unpublish(this.#runner, path, signal);
  }

  async holders(uri: string, { signal }: SendOptions = {}): Promise<string[]> {
    const { content } = await this.resolve(uri, { signal });
    return promised(this.#runner, (peer) => peer.holders(content), 'holders()', signal);
  }
}
