import type { Peer } from '../../wasm/boplish_web.js';
import { aborted, fromCore } from '../error.js';
import type { Runner } from '../runner.js';

/** Gives a command that returns a promise, and waits for that until the node is closed. */
export function promised<T = any>(
  runner: Runner,
  command: (peer: Peer) => Promise<T>,
  what: string,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) throw aborted(signal, what);
    const abort = () => reject(aborted(signal!, what));
    signal?.addEventListener('abort', abort);
    const forget = runner.onEnd(reject);
    runner
      .call(command)
      .then(resolve, (thrown) => reject(fromCore(thrown)))
      .finally(() => {
        signal?.removeEventListener('abort', abort);
        forget();
      });
  });
}
