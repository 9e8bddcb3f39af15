import { BoplishError } from './error.js';
import type { SendOptions } from './protocol.js';
import type { Runner } from './runner.js';

/** An invitation for one newcomer: people carry its text there, and the answer back. */
export interface Invitation {
  /** For `connect({ invitation })` or `acceptInvitation()` at the newcomer; it expires after 10 minutes. */
  readonly text: string;
  /** A link to this page that ends with the text; undefined where pages have no address. */
  readonly url: string | undefined;
  /** Takes the newcomer's answer. Resolves to the newcomer's id when there is a link. */
  complete(answer: string, options?: SendOptions): Promise<string>;
}

/** An invitation that was accepted. */
export interface AcceptedInvitation {
  /** Who invited. */
  readonly peer: string;
  /** To be brought back there, for `complete()`. */
  readonly answer: string;
  /** Resolves when there is a link: when the answer was brought back. */
  connected(options?: SendOptions): Promise<void>;
}

/** How long the core may take to gather candidates, to open a link and to let an answer wait, with time to spare, in ms. */
const GATHERING = 10_000;
const LINKING = 30_000;
export const WAITING = 660_000;

/**
 * Makes an invitation.
 *
 * @internal
 */
export async function invite(runner: Runner, signal: AbortSignal | undefined): Promise<Invitation> {
  const text = (await runner.settle((peer) => peer.invite(), 'invite()', signal)) as string;
  return {
    text,
    url: invitationUrl(text, globalThis.location?.href),
    complete: async (answer, { signal } = {}) => {
      const peer = runner.call((core) => core.completeInvitation(String(answer)));
      runner.answers.delete(peer);
      await linked(runner, peer, 'complete()', LINKING, signal);
      return peer;
    },
  };
}

/**
 * Accepts an invitation.
 *
 * @internal
 */
export async function accept(runner: Runner, text: string, signal: AbortSignal | undefined): Promise<AcceptedInvitation> {
  const peer = runner.call((core) => core.acceptInvitation(String(text)));
  runner.answers.delete(peer);
  const late = () => new BoplishError('timed-out', 'the browser has not described its connection');
  await runner.until(() => runner.answers.has(peer), 'acceptInvitation()', GATHERING, late, signal);
  const answer = runner.answers.get(peer);
  if (!answer) throw failed(peer);
  return {
    peer,
    answer,
    connected: ({ signal } = {}) => linked(runner, peer, 'connected()', WAITING, signal),
  };
}

/** A link to a page, with an invitation in the place of what stands behind its `#`. */
export function invitationUrl(text: string, page: string | undefined): string | undefined {
  return page && `${page.split('#')[0]}#invitation=${text}`;
}

/**
 * Waits for a link to the other end of an invitation; `instead` is as good.
 *
 * @internal
 */
export function linked(
  runner: Runner,
  peer: string,
  what: string,
  timeout: number,
  signal: AbortSignal | undefined,
  instead?: () => boolean,
): Promise<void> {
  const holds = () => {
    if (instead?.() || runner.read((core) => core.connectedPeers(), []).includes(peer)) return true;
    if (runner.answers.get(peer) === '') throw failed(peer);
    return false;
  };
  return runner.until(holds, what, timeout, () => failed(peer), signal);
}

function failed(peer: string): BoplishError {
  return new BoplishError('unreachable', `no link to peer ${peer} has come of the invitation`);
}
