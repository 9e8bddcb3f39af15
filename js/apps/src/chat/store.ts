import { KEPT, type Message } from './transcript.ts';

/** What was said, kept in this browser: IndexedDB, one entry for each message. */

const DATABASE = 'boplish-chat';
const MESSAGES = 'messages';
const BY_TIME = 'by-time';

/** Where storage is blocked, what was said is gone with the page, and nothing else is amiss. */
export class MessageStore {
  #database: Promise<IDBDatabase> | undefined;

  /** The last ones of a conversation, in order. */
  async load(room: string): Promise<Message[]> {
    try {
      const store = (await this.#open()).transaction(MESSAGES).objectStore(MESSAGES);
      const all: Message[] = await result(store.index(BY_TIME).getAll(allOf(room)));
      const old = all.splice(0, Math.max(0, all.length - KEPT));
      await this.forget(old);
      return all;
    } catch {
      return [];
    }
  }

  async keep(message: Message): Promise<void> {
    await this.#change((store) => store.put(message));
  }

  async forget(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#change((store) => {
      for (const { room, from, id } of messages) store.delete([room, from, id]);
    });
  }

  async forgetAll(room: string): Promise<void> {
    await this.#change((store) => {
      store.delete(allOf(room));
    });
  }

  async #change(change: (store: IDBObjectStore) => void): Promise<void> {
    try {
      const transaction = (await this.#open()).transaction(MESSAGES, 'readwrite');
      change(transaction.objectStore(MESSAGES));
      // Whoever leaves the page at once would abort it.
      transaction.commit();
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
      });
    } catch {
      // Full or blocked storage costs no more than what would be remembered.
    }
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        const store = request.result.createObjectStore(MESSAGES, { keyPath: ['room', 'from', 'id'] });
        store.createIndex(BY_TIME, ['room', 'at']);
      };
      request.onsuccess = () => {
        // Another tab with a newer page must not wait for this one.
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error ?? new Error('no storage'));
      request.onblocked = () => reject(new Error('storage is blocked'));
    });
    return this.#database;
  }
}

/** Every key that begins with the room: an array is greater than all numbers and texts. */
function allOf(room: string): IDBKeyRange {
  return IDBKeyRange.bound([room], [room, []]);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no answer'));
  });
}
