import { Emitter } from '../emitter.ts';
import { shortId } from '../format.ts';
import type { Session } from '../session.ts';
import { userName } from './user-name.ts';

const KEY = 'boplish-name';
const users = new WeakMap<Session, User>();

/** The visitor's name in rooms, kept over visits: the first digits of their id until they choose one. */
export class User extends Emitter<{ change: undefined }> {
  readonly #session: Session;
  #chosen: string | undefined;

  private constructor(session: Session) {
    super();
    this.#session = session;
    this.#chosen = stored();
    let { id } = session;
    session.on('change', () => {
      if (session.id === id) return;
      id = session.id;
      this.emit('change', undefined);
    });
  }

  static of(session: Session): User {
    const user = users.get(session) ?? new User(session);
    users.set(session, user);
    return user;
  }

  get name(): string {
    return this.#chosen ?? shortId(this.#session.id ?? '');
  }

  get chosen(): string | undefined {
    return this.#chosen;
  }

  /** Takes another name; none is the id's digits again. */
  rename(text: string): void {
    const name = userName(text);
    if (name === this.#chosen) return;
    this.#chosen = name;
    try {
      if (name === undefined) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, name);
    } catch {
      // Blocked storage only costs the memory of it.
    }
    this.emit('change', undefined);
  }
}

function stored(): string | undefined {
  try {
    return userName(localStorage.getItem(KEY));
  } catch {
    return undefined;
  }
}
