import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { ephemeral, fromSecret, ofThisTab, persistent } from './built.mjs';

/** A storage, as much of one as is used. */
class Storage {
  constructor(entries = []) {
    Object.assign(this, Object.fromEntries(entries));
  }
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key, value) {
    this[key] = String(value);
  }
  removeItem(key) {
    delete this[key];
  }
}

let pages;

/** A tab's page: what it does runs with its storage. */
class Page {
  constructor(session = new Storage()) {
    this.session = session;
    this.listeners = [];
    pages.push(this);
  }
  run(action) {
    globalThis.sessionStorage = this.session;
    globalThis.addEventListener = (kind, listener) => this.listeners.push([kind, listener]);
    globalThis.removeEventListener = (kind, listener) => {
      this.listeners = this.listeners.filter(([k, l]) => k !== kind || l !== listener);
    };
    return action();
  }
  take() {
    const identity = this.run(ofThisTab);
    return Buffer.from(identity.secret).toString('hex');
  }
  /** The tab leaves the page; gives its next page. */
  leave() {
    this.run(() => {
      for (const [kind, listener] of this.listeners) if (kind === 'pagehide') listener({ persisted: false });
    });
    return new Page(this.session);
  }
  /** The tab is duplicated; gives the duplicate's page. */
  duplicate() {
    return new Page(new Storage(Object.entries(this.session)));
  }
}

beforeEach(() => {
  pages = [];
  globalThis.localStorage = new Storage();
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000 });
});

afterEach(() => {
  mock.timers.reset();
  for (const name of ['localStorage', 'sessionStorage', 'addEventListener', 'removeEventListener']) delete globalThis[name];
});

test('a reload keeps the identity', () => {
  const page = new Page();
  const secret = page.take();
  assert.equal(page.leave().take(), secret);
});

test('a page with several peers keeps them in order', () => {
  const page = new Page();
  const secrets = [page.take(), page.take(), page.take()];
  assert.equal(new Set(secrets).size, 3);
  const next = page.leave();
  assert.deepEqual([next.take(), next.take(), next.take()], secrets);
});

test('two tabs have two identities', () => {
  assert.notEqual(new Page().take(), new Page().take());
});

test('the duplicate of a living tab has another identity, and both keep theirs', () => {
  const page = new Page();
  const secret = page.take();
  const duplicate = page.duplicate();
  const other = duplicate.take();
  assert.notEqual(other, secret);
  assert.equal(duplicate.leave().take(), other);
  assert.equal(page.leave().take(), secret);
});

test('of two copies of a tab that has left the page, only the first back has its identity', () => {
  const page = new Page();
  const secret = page.take();
  const elsewhere = page.leave();
  const duplicate = elsewhere.duplicate();
  assert.equal(elsewhere.take(), secret);
  mock.timers.tick(300_000);
  assert.notEqual(duplicate.take(), secret);
});

test('a claim of a tab that crashed does not last', () => {
  const page = new Page();
  const secret = page.take();
  const elsewhere = page.leave();
  const duplicate = elsewhere.duplicate();
  assert.equal(duplicate.take(), secret);
  // The duplicate crashes: nothing renews its claim.
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: 2_000_000 });
  assert.equal(elsewhere.take(), secret);
});

test('no storage holds the secret of a living page', () => {
  const page = new Page();
  const secret = page.take();
  const all = JSON.stringify([Object.entries(page.session), Object.entries(globalThis.localStorage)]);
  assert.ok(!all.includes(secret));
});

test('a released identity is there for the next peer of the page', () => {
  const page = new Page();
  const first = page.run(ofThisTab);
  page.run(() => first.release());
  assert.equal(page.take(), Buffer.from(first.secret).toString('hex'));
});

test('blocked or spoilt storage gives an identity all the same', () => {
  const blocked = new Proxy({}, { get() { throw new Error('blocked'); }, ownKeys() { throw new Error('blocked'); } });
  globalThis.localStorage = blocked;
  assert.equal(new Page(blocked).take().length, 64);
  const spoilt = new Page(new Storage([['boplish:kept', '{"no":"list"']]));
  assert.equal(spoilt.take().length, 64);
});

test('without locks and databases the modern API falls back to the identity of the tab', async () => {
  const page = new Page();
  const identity = await page.run(persistent);
  assert.equal(identity.secret.length, 32);
  page.leave().run(() => {});
  identity.release();
});

test('a secret of another length is refused', () => {
  assert.throws(() => fromSecret(new Uint8Array(31)), { code: 'bad-option', message: /31 bytes/ });
  assert.equal(ephemeral().secret.length, 32);
});
