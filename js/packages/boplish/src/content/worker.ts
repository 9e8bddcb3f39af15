/** The worker that keeps contents: carries out what storage.ts asks for, in that order. */
import { Files } from './files.js';
import type { Call, Result } from './messages.js';
import { privateFolder } from './private-folder.js';

declare const self: DedicatedWorkerGlobalScope;

let files: Promise<Files> | undefined;

self.onmessage = async ({ data: { id, method, values } }: MessageEvent<Call>) => {
  try {
    if (method === 'open') {
      files = privateFolder(values[0] as string).then((place) => new Files(place));
      await files;
      self.postMessage({ id } satisfies Result);
      return;
    }
    const target = (await files!) as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
    const value = await target[method]!(...values);
    self.postMessage({ id, value } satisfies Result, value instanceof Uint8Array ? [value.buffer] : []);
  } catch (error) {
    self.postMessage({ id, error: String(error) } satisfies Result);
  }
};
