import { BoplishError } from './error.js';

/** What is needed of `window.location`. */
export interface PageLocation {
  readonly protocol: string;
  readonly host: string;
}

const FORMS = "give 'HOST', 'HOST:PORT', 'ws://…' or 'wss://…'";

/**
 * The WebSocket address of a bootstrap server, without a slash at its end, from what people
 * write: nothing (the page's own host), `HOST[:PORT]`, or a `ws:`, `wss:`, `http:` or `https:`
 * URL. A bare host takes `wss:` on pages that came over `https:`.
 */
export function bootstrapUrl(text: string | null | undefined, page: PageLocation | undefined): string {
  const secure = page?.protocol === 'https:';
  let host = (text ?? '').trim();
  if (host === '') {
    host = page?.host ?? '';
    if (host === '') {
      throw new BoplishError(
        'bad-option',
        `this page has no host that could be the bootstrap server; ${FORMS}`,
      );
    }
  }
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(host) ? host : `${secure ? 'wss' : 'ws'}://${host}`;
  const fail = (why: string): never => {
    throw new BoplishError('bad-option', `the bootstrap server '${text}' ${why}; ${FORMS}`);
  };
  let url: URL;
  try {
    url = new URL(whole.replace(/^http/i, 'ws'));
  } catch {
    return fail('is no address');
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') fail(`has the scheme ${url.protocol}`);
  if (url.username !== '' || url.password !== '') fail('has a user name or password in it');
  if (url.search !== '' || url.hash !== '') fail("has a '?' or '#' in it");
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
