/**
 * The files of contents: one for each, whose bytes the core lays out. They are in the origin's private
 * file system, whose fast handles only workers have (private-folder.ts), or in memory.
 */

/**
 * Why a content is here: `own`, it was published here; `kept`, others rely on it; `cached`, it was
 * fetched and may go when there is no room.
 */
export type Kind = 'own' | 'kept' | 'cached';

/** A content's file. */
export interface StoredFile {
  readonly content: string;
  readonly kind: Kind;
  /** Bytes of the file. */
  readonly size: number;
  /** When it was written last, in ms since 1970. */
  readonly written: number;
}

/** An open file: the part of `FileSystemSyncAccessHandle` that is used. */
export interface Handle {
  read(bytes: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** Where files are. */
export interface Place {
  open(kind: Kind, name: string): Promise<Handle>;
  /** Of files that are not open. */
  move(from: Kind, name: string, to: Kind, newName: string): Promise<void>;
  remove(kind: Kind, name: string): Promise<void>;
  list(kind: Kind): Promise<{ name: string; size: number; written: number }[]>;
}

export const KINDS: readonly Kind[] = ['own', 'kept', 'cached'];
/** Files that are kept open. */
const MAX_OPEN = 48;
/** What is being written before its content is known begins so. */
export const NEW = 'new-';

/** Does one thing after the other. All names are contents, as the core writes them. */
export class Files {
  readonly #place: Place;
  readonly #kinds = new Map<string, Kind>();
  /** The least recently used first. */
  readonly #open = new Map<string, Handle>();
  readonly #new = new Map<number, { handle: Handle; size: number }>();
  #last: Promise<unknown> = Promise.resolve();
  #next = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  /** What there is. What was not finished when it was left is removed. */
  load(): Promise<StoredFile[]> {
    return this.#after(async () => {
      const all: StoredFile[] = [];
      for (const kind of KINDS) {
        for (const { name, size, written } of await this.#place.list(kind)) {
          if (name.startsWith(NEW)) {
            await this.#place.remove(kind, name);
            continue;
          }
          this.#kinds.set(name, kind);
          all.push({ content: name, kind, size, written });
        }
      }
      return all;
    });
  }

  /** Reads; what lies behind the end is not there. */
  read(content: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#after(async () => {
      const handle = await this.#handle(content);
      const bytes = new Uint8Array(length);
      const read = handle.read(bytes, { at: offset });
      return read < length ? bytes.slice(0, read) : bytes;
    });
  }

  /** Writes; a file that is not there is made, as `cached`. */
  write(content: string, offset: number, bytes: Uint8Array): Promise<void> {
    return this.#after(async () => {
      if (!this.#kinds.has(content)) this.#kinds.set(content, 'cached');
      writeAll(await this.#handle(content), bytes, offset);
    });
  }

  /** Sets a bit, counted from the lowest of the byte at the offset. */
  mark(content: string, offset: number, bit: number): Promise<void> {
    return this.#after(async () => {
      const handle = await this.#handle(content);
      const at = offset + Math.floor(bit / 8);
      const byte = new Uint8Array(1);
      handle.read(byte, { at });
      byte[0]! |= 1 << (bit % 8);
      writeAll(handle, byte, at);
    });
  }

  /** Begins a file whose content is not known yet. */
  begin(): Promise<number> {
    return this.#after(async () => {
      this.#next += 1;
      this.#new.set(this.#next, { handle: await this.#place.open('own', NEW + this.#next), size: 0 });
      return this.#next;
    });
  }

  /** Writes at the end of a file that was begun. */
  append(file: number, bytes: Uint8Array): Promise<void> {
    return this.#after(async () => {
      const begun = this.#new.get(file);
      if (!begun) throw new Error('the file was given up');
      writeAll(begun.handle, bytes, begun.size);
      begun.size += bytes.length;
    });
  }

  /** Says which content it is. */
  finish(file: number, content: string): Promise<void> {
    return this.#after(async () => {
      const begun = this.#new.get(file);
      if (!begun) throw new Error('the file was given up');
      this.#new.delete(file);
      begun.handle.flush();
      begun.handle.close();
      // It may be here already, and whole or not.
      await this.#remove(content);
      await this.#place.move('own', NEW + file, 'own', content);
      this.#kinds.set(content, 'own');
    });
  }

  /** Gives up a file that was begun. */
  giveUp(file: number): Promise<void> {
    return this.#after(async () => {
      this.#new.get(file)?.handle.close();
      if (this.#new.delete(file)) await this.#place.remove('own', NEW + file);
    });
  }

  /** Says anew why a content is here. */
  move(content: string, kind: Kind): Promise<void> {
    return this.#after(async () => {
      const from = this.#kinds.get(content);
      if (from === undefined || from === kind) return;
      this.#close(content);
      await this.#place.move(from, content, kind, content);
      this.#kinds.set(content, kind);
    });
  }

  remove(content: string): Promise<void> {
    return this.#after(() => this.#remove(content));
  }

  /** Lets go of every file. */
  close(): Promise<void> {
    return this.#after(async () => {
      for (const content of [...this.#open.keys()]) this.#close(content);
      for (const { handle } of this.#new.values()) handle.close();
      this.#new.clear();
    });
  }

  async #remove(content: string): Promise<void> {
    const kind = this.#kinds.get(content);
    if (kind === undefined) return;
    this.#close(content);
    this.#kinds.delete(content);
    await this.#place.remove(kind, content);
  }

  async #handle(content: string): Promise<Handle> {
    let handle = this.#open.get(content);
    this.#open.delete(content);
    if (!handle) {
      const kind = this.#kinds.get(content);
      if (kind === undefined) throw new Error(`${content} is not here`);
      for (const oldest of this.#open.keys()) {
        if (this.#open.size < MAX_OPEN) break;
        this.#close(oldest);
      }
      handle = await this.#place.open(kind, content);
    }
    this.#open.set(content, handle);
    return handle;
  }

  #close(content: string): void {
    const handle = this.#open.get(content);
    this.#open.delete(content);
    handle?.flush();
    handle?.close();
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

function writeAll(handle: Handle, bytes: Uint8Array, at: number): void {
  // A disk that is full takes a part, or throws.
  if (handle.write(bytes, { at }) < bytes.length) throw new Error('the disk is full');
}

/** Bytes that memory holds at most. */
const MEMORY = 256 * 1024 * 1024;
/** Bytes that a file in memory grows by. */
const STEP = 1024 * 1024;

/** The same in memory, bounded: where a page has no private file system. */
export function memory(limit: number = MEMORY): Place {
  const files = new Map<string, MemoryFile>();
  const used = () => [...files.values()].reduce((sum, file) => sum + file.capacity, 0);
  const key = (kind: Kind, name: string) => `${kind}/${name}`;
  return {
    async open(kind, name) {
      let file = files.get(key(kind, name));
      if (!file) {
        file = new MemoryFile((more) => used() + more <= limit);
        files.set(key(kind, name), file);
      }
      return file;
    },
    async move(from, name, to, newName) {
      const file = files.get(key(from, name));
      files.delete(key(from, name));
      if (file) files.set(key(to, newName), file);
    },
    async remove(kind, name) {
      files.delete(key(kind, name));
    },
    async list(kind) {
      const of = [...files].filter(([path]) => path.startsWith(`${kind}/`));
      return of.map(([path, file]) => ({ name: path.slice(kind.length + 1), size: file.getSize(), written: file.written }));
    },
  };
}

class MemoryFile implements Handle {
  readonly #parts: (Uint8Array | undefined)[] = [];
  readonly #mayGrow: (bytes: number) => boolean;
  #size = 0;
  written = Date.now();

  constructor(mayGrow: (bytes: number) => boolean) {
    this.#mayGrow = mayGrow;
  }

  get capacity(): number {
    return this.#parts.reduce((sum, part) => sum + (part ? STEP : 0), 0);
  }

  read(bytes: Uint8Array, { at }: { at: number }): number {
    const length = Math.max(0, Math.min(bytes.length, this.#size - at));
    this.#each(at, length, (part, from, start, count) => {
      const source = this.#parts[part];
      if (source) bytes.set(source.subarray(start, start + count), from);
      else bytes.fill(0, from, from + count);
    });
    return length;
  }

  write(bytes: Uint8Array, { at }: { at: number }): number {
    this.#each(at, bytes.length, (part, from, start, count) => {
      let into = this.#parts[part];
      if (!into) {
        if (!this.#mayGrow(STEP)) throw new Error('there is no more memory for contents');
        into = new Uint8Array(STEP);
        this.#parts[part] = into;
      }
      into.set(bytes.subarray(from, from + count), start);
    });
    this.#size = Math.max(this.#size, at + bytes.length);
    this.written = Date.now();
    return bytes.length;
  }

  getSize(): number {
    return this.#size;
  }

  flush(): void {}

  close(): void {}

  #each(at: number, length: number, act: (part: number, from: number, start: number, count: number) => void): void {
    for (let from = 0; from < length; ) {
      const start = (at + from) % STEP;
      const count = Math.min(STEP - start, length - from);
      act(Math.floor((at + from) / STEP), from, start, count);
      from += count;
    }
  }
}
