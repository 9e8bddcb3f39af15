import { Emitter } from '../emitter.ts';
import { errorText } from '../format.ts';
import type { Network, PublishProgress } from '../network.ts';
import { shownAs } from '../publish/media-types.ts';
import { formatName } from '../publish/name.ts';
import { sanitisePath } from '../publish/path.ts';
import { codeOf, isAborted, publishingTrouble } from '../publish/trouble.ts';
import { newId } from '../rooms/text.ts';
import type { SharedFile } from './wire.ts';

/** Peers that are asked to keep a copy, so that the file outlives this tab. */
const COPIES = 2;
/** Bytes of a picture that is opened to see how large it is. */
const MOST_MEASURED = 64_000_000;

interface SharingEvents {
  progress: undefined;
  /** Sent, or given up. */
  end: undefined;
}

/** A file on its way into a conversation: published first, then said. */
export class Sharing extends Emitter<SharingEvents> {
  readonly file: File;
  readonly #node: Network;
  readonly #say: (file: SharedFile) => Promise<void>;
  #abort = new AbortController();
  #progress: PublishProgress | undefined;
  #trouble: string | undefined;
  #isSaid = false;
  #isRunning = false;
  #isGivenUp = false;

  constructor(node: Network, file: File, say: (file: SharedFile) => Promise<void>) {
    super();
    this.#node = node;
    this.file = file;
    this.#say = say;
  }

  get progress(): PublishProgress | undefined {
    return this.#progress;
  }

  /** Why it was not sent; undefined while it is on its way. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Publishes it under a path of its own; once more, if that has failed. */
  async start(): Promise<void> {
    if (this.#isRunning || this.#isGivenUp) return;
    this.#isRunning = true;
    await this.#run();
    this.#isRunning = false;
  }

  /** Gives it up. */
  cancel(): void {
    this.#isGivenUp = true;
    this.#abort.abort();
    if (!this.#isRunning) this.emit('end', undefined);
  }

  async #run(): Promise<void> {
    this.#abort = new AbortController();
    this.#trouble = undefined;
    this.emit('progress', undefined);
    try {
      await this.#publish(this.#abort.signal);
    } catch (error) {
      if (!isAborted(error) && !this.#isSaid) {
        this.#trouble = codeOf(error) === undefined ? errorText(error) : publishingTrouble(error).advice;
        this.emit('progress', undefined);
        return;
      }
    }
    this.emit('end', undefined);
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const { file } = this;
    const name = sanitisePath(file.name.replace(/[/\\]/g, ' ')) || 'file';
    const segments = ['chat', newId().slice(0, 8), name];
    const sides = await sidesOf(file);
    signal.throwIfAborted();
    let saying: Promise<void> | undefined;
    // As soon as it has its name, others can fetch it; copies take longer.
    const say = (): Promise<void> => {
      saying ??= this.#say({
        uri: formatName({ uid: this.#node.id, segments }),
        name,
        type: file.type,
        bytes: file.size,
        ...sides,
      }).then(() => {
        this.#isSaid = true;
      });
      return saying;
    };
    try {
      await this.#node.publish(segments.join('/'), file, {
        signal,
        replicate: Math.min(COPIES, this.#node.peers.length),
        onProgress: (progress) => {
          this.#progress = progress;
          // What it rejects with is seen below.
          if (progress.phase === 'copying') say().catch(() => undefined);
          this.emit('progress', undefined);
        },
      });
    } catch (error) {
      if (codeOf(error) !== 'no-copies') throw error;
    }
    await say();
  }
}

async function sidesOf(file: File): Promise<Pick<SharedFile, 'width' | 'height'>> {
  if (shownAs(file.type, file.name)?.kind !== 'picture' || file.size > MOST_MEASURED) return {};
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    bitmap.close();
    return { width, height };
  } catch {
    return {};
  }
}
