/**
 * What a peer stores for the network, kept in IndexedDB over a reload: one database for each origin,
 * in it the records of each identity. Without IndexedDB, as in private windows, they live as long as
 * the page.
 */

const DATABASE = 'boplish-records';
const STORE = 'records';
/** When a record was kept, in ms since 1970. */
const KEPT = 'kept';
/** No record lives longer, in ms: whatever was kept before has been left behind by its identity. */
export const LONGEST_LIFE = 30 * 24 * 60 * 60 * 1000;

interface Kept {
  readonly record: Uint8Array;
  readonly kept: number;
}

/** Keeps the records of one identity. */
export class Records {
  readonly #id: string;
  readonly #database: Promise<IDBDatabase | undefined>;
  /** By key, what is to be written next; undefined: deleted. */
  #waiting = new Map<string, Uint8Array | undefined>();
  #isWriting = false;

  /** Calls `restore` with each record that the identity has, soon. */
  constructor(id: string, restore: (record: Uint8Array) => void) {
    this.#id = id;
    this.#database = open(id, restore).catch(() => undefined);
  }

  /** Keeps a record, or forgets what has its key. */
  keep(key: string, record: Uint8Array | undefined): void {
    this.#waiting.set(key, record);
    if (!this.#isWriting) void this.#write();
  }

  /** Writes what has come meanwhile, in one transaction, until there is nothing more. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    const database = await this.#database;
    while (database && this.#waiting.size > 0) {
      const batch = this.#waiting;
      this.#waiting = new Map();
      // What can't be written, since the disk is full, is kept by other peers.
      await writeAll(database, this.#id, batch).catch(() => {});
    }
    this.#waiting.clear();
    this.#isWriting = false;
  }
}

async function open(id: string, restore: (record: Uint8Array) => void): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE).createIndex(KEPT, KEPT);
  const database = await settled(opening);
  // A later version of this package may want to change it.
  database.onversionchange = () => database.close();
  const transaction = database.transaction(STORE, 'readwrite');
  const store = transaction.objectStore(STORE);
  const old = store.index(KEPT).openKeyCursor(IDBKeyRange.upperBound(Date.now() - LONGEST_LIFE));
  old.onsuccess = () => {
    if (!old.result) return;
    store.delete(old.result.primaryKey);
    old.result.continue();
  };
  // An array stands behind all texts.
  const all: Kept[] = await settled(store.getAll(IDBKeyRange.bound([id], [id, []])));
  for (const { record } of all) restore(record);
  return database;
}

function writeAll(database: IDBDatabase, id: string, batch: Map<string, Uint8Array | undefined>): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    const store = transaction.objectStore(STORE);
    for (const [key, record] of batch) {
      if (record) store.put({ record, kept: Date.now() } satisfies Kept, [id, key]);
      else store.delete([id, key]);
    }
  });
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
