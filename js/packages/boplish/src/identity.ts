/**
 * Who this tab is. An identity is a secret of 32 random bytes; no two tabs may use one at the
 * same time, since the bootstrap server lets the later close the earlier and they would fight.
 */
import { BoplishError } from './error.js';

/** An identity in use. */
export interface Identity {
  readonly secret: Uint8Array;
  /** Whether there will be another page with it. */
  readonly isKept: boolean;
  /** Lets others use it. */
  release(): void;
}

/** Bytes of a secret. */
const SECRET_BYTES = 32;
/** Identities kept for one origin; tabs beyond that are ephemeral. */
const SLOTS = 32;
/** How long a reloaded tab waits for its former self to let go, in ms. */
const RELOAD_WAIT = 1000;
const DATABASE = 'boplish';
const STORE = 'identities';

/** A new identity that nobody keeps. */
export function ephemeral(): Identity {
  return { secret: crypto.getRandomValues(new Uint8Array(SECRET_BYTES)), isKept: false, release() {} };
}

/** The identity of a secret that the application keeps itself. */
export function fromSecret(secret: Uint8Array): Identity {
  if (secret.length !== SECRET_BYTES) {
    throw new BoplishError(
      'bad-option',
      `identity has ${secret.length} bytes; a secret has ${SECRET_BYTES}`,
    );
  }
  return { secret: secret.slice(), isKept: true, release() {} };
}

/**
 * The kept identity of this tab, in IndexedDB. Tabs share the origin's numbered slots; a Web
 * Lock on a slot, which the browser itself ends with the page, makes sure that only one tab has
 * it. The tab remembers its slot in `sessionStorage` and asks for that one first, so that two
 * tabs that reload keep their own. A duplicated tab has a copy of that memory, but not the lock.
 */
export async function persistent(): Promise<Identity> {
  // Outside secure contexts there are no locks.
  const locks = globalThis.navigator?.locks;
  if (!locks || !globalThis.indexedDB) return ofThisTab();
  const former = Number(recall('sessionStorage', SLOT_KEY) ?? Number.NaN);
  try {
    if (former >= 0 && former < SLOTS) {
      const identity = await inSlot(locks, former, AbortSignal.timeout(RELOAD_WAIT));
      if (identity) return identity;
    }
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const identity = await inSlot(locks, slot);
      if (identity) return identity;
    }
  } catch {
    // Storage is blocked, full, or broken: private windows, third-party frames.
  }
  return ephemeral();
}

const SLOT_KEY = 'boplish:slot';

/** The identity in a slot, unless another tab has it; with a signal, waits for that one. */
async function inSlot(locks: LockManager, slot: number, wait?: AbortSignal): Promise<Identity | undefined> {
  const release = await new Promise<(() => void) | undefined>((resolve) => {
    const options: LockOptions = wait ? { signal: wait } : { ifAvailable: true };
    locks
      .request(`boplish:identity:${slot}`, options, (lock) => {
        if (!lock) return resolve(undefined);
        // The lock is held until this promise is resolved, or the page ends.
        return new Promise<void>((letGo) => resolve(letGo));
      })
      .catch(() => resolve(undefined));
  });
  if (!release) return undefined;
  try {
    const secret = await secretInSlot(slot);
    remember('sessionStorage', SLOT_KEY, String(slot));
    return { secret, isKept: true, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function secretInSlot(slot: number): Promise<Uint8Array> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    const store = database.transaction(STORE, 'readwrite').objectStore(STORE);
    const kept: unknown = await settled(store.get(slot));
    if (kept instanceof Uint8Array && kept.length === SECRET_BYTES) return kept;
    const { secret } = ephemeral();
    await settled(store.put(secret, slot));
    return secret;
  } finally {
    database.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What a tab leaves behind for its next page: the secret, and the last claim on it. */
interface Kept {
  readonly secret: string;
  readonly claim: string;
}

const KEPT_KEY = 'boplish:kept';
const CLAIM_KEY = 'boplish:claim:';
/** A claim that was not renewed for this long is void, in ms. Timers of hidden tabs tick once a minute. */
const CLAIM_EXPIRES = 150_000;
const CLAIM_RENEWED = 20_000;

/**
 * The kept identity of this tab, at once: for the report's API, whose `id` must be there right
 * after construction, so that it can ask neither locks nor databases.
 *
 * While a page uses an identity, no storage holds its secret: the page takes it out of
 * `sessionStorage`, which belongs to one tab, and puts it back on `pagehide`. So a reload finds
 * it, and the duplicate of a living tab, which gets a copy of `sessionStorage`, finds nothing. A
 * tab can also be duplicated after its page was left, and then both copies can go back to it; so
 * whoever takes an identity puts a claim with a new random number into `localStorage`, and one
 * that is claimed under another number than was kept with it is not taken. What is lost: a tab
 * that crashes, or that the browser discards, comes back with a new id.
 */
export function ofThisTab(): Identity {
  const [former, ...others] = kept();
  keep(others);
  const isOurs = former && isUnclaimed(former);
  const secret = (isOurs && fromHex(former.secret)) || ephemeral().secret;
  const own: Kept = {
    secret: toHex(secret),
    // Two numbers: which identity, without a hint at its secret, and who has it.
    claim: `${isOurs ? identityOf(former) : token()}/${token()}`,
  };
  const claimKey = CLAIM_KEY + identityOf(own);
  sweepClaims();

  const renew = () => remember('localStorage', claimKey, `${own.claim} ${Date.now()}`);
  const timer = setInterval(renew, CLAIM_RENEWED);
  renew();
  const withoutOwn = () => kept().filter((each) => each.claim !== own.claim);
  const leave = () => {
    keep([...withoutOwn(), own]);
    forget('localStorage', claimKey);
  };
  // A page that comes back out of the back-forward cache still has its identity.
  const resume = () => {
    keep(withoutOwn());
    renew();
  };
  globalThis.addEventListener?.('pagehide', leave);
  globalThis.addEventListener?.('pageshow', resume);
  return {
    secret,
    // A tab's own, and soon nobody's: what it stores would never be forgotten.
    isKept: false,
    release() {
      clearInterval(timer);
      globalThis.removeEventListener?.('pagehide', leave);
      globalThis.removeEventListener?.('pageshow', resume);
      leave();
    },
  };
}

/** What the tab's former pages have left. */
function kept(): Kept[] {
  try {
    return (JSON.parse(recall('sessionStorage', KEPT_KEY) ?? '[]') as Kept[]).slice(0, SLOTS);
  } catch {
    return [];
  }
}

function keep(all: Kept[]): void {
  if (all.length > 0) remember('sessionStorage', KEPT_KEY, JSON.stringify(all));
  else forget('sessionStorage', KEPT_KEY);
}

function identityOf(one: Kept): string {
  return one.claim.split('/')[0] ?? '';
}

/** Whether nobody else has taken the identity since this tab left it. */
function isUnclaimed(former: Kept): boolean {
  const text = recall('localStorage', CLAIM_KEY + identityOf(former));
  return text === null || isVoid(text) || text.split(' ')[0] === former.claim;
}

function isVoid(claim: string): boolean {
  return !(Date.now() - Number(claim.split(' ')[1]) < CLAIM_EXPIRES);
}

/** Removes the claims of tabs that crashed. */
function sweepClaims(): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(CLAIM_KEY) && isVoid(localStorage[key])) localStorage.removeItem(key);
    }
  } catch {
    // Blocked.
  }
}

function token(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(8)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array | undefined {
  const bytes = (text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  return bytes.length === SECRET_BYTES ? Uint8Array.from(bytes) : undefined;
}

type StorageName = 'sessionStorage' | 'localStorage';

/** Reads from a storage; blocked storage is empty. */
function recall(storage: StorageName, key: string): string | null {
  try {
    return globalThis[storage].getItem(key);
  } catch {
    return null;
  }
}

/** Writes to a storage; a blocked one forgets, and the identity ends with the page. */
function remember(storage: StorageName, key: string, value: string): void {
  try {
    globalThis[storage].setItem(key, value);
  } catch {
    // Blocked.
  }
}

function forget(storage: StorageName, key: string): void {
  try {
    globalThis[storage].removeItem(key);
  } catch {
    // Blocked.
  }
}
