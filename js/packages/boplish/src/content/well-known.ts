/** Readable names: who a domain says that somebody is. */

/** How long an answer is used, in ms. */
const FRESH = 60 * 60 * 1000;
/** How long to wait for one, in ms. */
const TIMEOUT = 15_000;
/** Characters of an answer at most. */
const MAX_LENGTH = 1024 * 1024;

interface Known {
  readonly names: Promise<Record<string, unknown>>;
  readonly until: number;
}

const known = new Map<string, Known>();

/**
 * The peer that `https://<domain>/.well-known/boplish.json` says a name is of. That file must be
 * readable for pages of other origins (`Access-Control-Allow-Origin: *`).
 */
export async function wellKnown(name: string, domain: string): Promise<string> {
  let entry = known.get(domain);
  if (!entry || entry.until < Date.now()) {
    entry = { names: ask(domain), until: Date.now() + FRESH };
    known.set(domain, entry);
    entry.names.catch(() => known.delete(domain));
  }
  const names = await entry.names;
  // As native peers read it: the first, in the order of their letters, that differs in case at most.
  const key = Object.keys(names).sort().find((key) => lower(key) === lower(name));
  const peer = key === undefined ? undefined : names[key];
  if (typeof peer !== 'string') throw new Error(`${domain} knows nobody of that name`);
  return peer;
}

/** Names are ASCII: no other letter stands for one of theirs. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

async function ask(domain: string): Promise<Record<string, unknown>> {
  const url = `https://${domain}/.well-known/boplish.json`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), credentials: 'omit', redirect: 'error' }).catch(
    (cause) => {
      throw new Error(`${url} can't be read from this page`, { cause });
    },
  );
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  const text = await response.text();
  if (text.length > MAX_LENGTH) throw new Error(`${url} is too long`);
  let names: unknown;
  try {
    ({ names } = JSON.parse(text));
  } catch {
    throw new Error(`${url} is not JSON`);
  }
  if (typeof names !== 'object' || names === null) throw new Error(`${url} has no "names"`);
  return names as Record<string, unknown>;
}
