/** The worker that keeps contents: carries out what storage.ts asks for, in that order. */
import { Files } from './files.js';
import type { Call, Result } from './messages.js';
import { privateFolder } from './private-folder.js';

declare const self: DedicatedWorkerGlobalScope;

let files: Promise<Files> | undefined;

self.onmessage = async ({ data: calls }: MessageEvent<Call[]>) => {
  const results = await Promise.all(calls.map(carryOut));
  const read = results.flatMap(({ value }) => (value instanceof Uint8Array ? [value.buffer] : []));
  self.postMessage(results, read);
};

async function carryOut({ id, method, values }: Call): Promise<Result> {
  try {
    if (method === 'open') {
      files = privateFolder(values[0] as string).then((place) => new Files(place));
      await files;
      return { id };
    }
    const target = (await files!) as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
    return { id, value: await target[method]!(...values) };
  } catch (error) {
    return { id, error: String(error) };
  }
}
