/** What the server tells at `/admin/stats`. */

/** Events that are counted, with what the page calls them. */
export const EVENTS = {
  admitted: 'Admitted',
  refused: 'Refused',
  closed: 'Closed',
  joined: 'Joined',
  forwarded: 'Messages forwarded',
  forwardedBytes: 'Bytes forwarded',
  errors: 'Messages refused',
} as const;

export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES = Object.keys(EVENTS) as readonly EventName[];

type Counts = Readonly<Record<EventName, number>>;

export interface Reason {
  readonly code: number;
  readonly reason: string;
  readonly text: string;
  readonly refused: number;
  readonly closed: number;
}

/** Points, the oldest first: numbers of then, and events per second since the point before. */
export interface Graphs extends Readonly<Record<EventName, readonly number[]>> {
  /** Seconds between two points. */
  readonly every: number;
  readonly connected: readonly number[];
  readonly entryPeers: readonly number[];
}

export interface NetworkStats extends Counts {
  readonly name: string;
  readonly connected: number;
  readonly unproven: number;
  readonly entryPeers: number;
  readonly reasons: readonly Reason[];
  /** Events per second. */
  readonly rates: { readonly tenSeconds: Counts; readonly fiveMinutes: Counts };
  readonly graphs: Graphs;
}

export interface ServerStats {
  readonly version: string;
  /** Seconds. */
  readonly uptime: number;
  /** Why it takes no newcomers; null when it does. */
  readonly unready: string | null;
  readonly sockets: { readonly open: number; readonly most: number; readonly refused: number };
  readonly connections: { readonly most: number };
  /** Requests for a WebSocket that were refused by a status. */
  readonly turnedAway: number;
  /** By the class of the status, as in 4xx. */
  readonly responses: Readonly<Record<string, number>>;
  readonly networks: readonly NetworkStats[];
}

/** The token was not taken, or there is nothing to be had. */
export class Refused extends Error {}

/** Asks the server; throws `Refused` where asking again is of no use. */
export async function fetchStats(token: string, signal: AbortSignal): Promise<ServerStats> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch('./admin/stats', { headers, signal, cache: 'no-store' });
  if (!response.ok) {
    const words = refusal(response.status) ?? `The server answers with ${response.status}.`;
    throw [401, 404].includes(response.status) ? new Refused(words) : new Error(words);
  }
  return (await response.json()) as ServerStats;
}

/** What a status says to whoever brought a token; undefined where that has nothing to do with it. */
export function refusal(status: number): string | undefined {
  switch (status) {
    case 401:
      return 'This is not the server’s admin token.';
    case 404:
      return 'This server has no admin token: start it with --admin-token-file.';
    case 429:
      return 'Too many wrong tokens from here: wait for a minute.';
    default:
      return undefined;
  }
}

/** The reasons that ever were, the most frequent first. */
export function reasonsThatWere(reasons: readonly Reason[]): readonly Reason[] {
  const times = ({ refused, closed }: Reason): number => refused + closed;
  return reasons.filter((each) => times(each) > 0).sort((a, b) => times(b) - times(a) || a.code - b.code);
}

/** How long the server runs: 59 s, 3 min, 5 h 7 min, 12 d 4 h. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${Math.floor(seconds)} s`;
  if (hours < 1) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A number as short as it is precise enough: 0, 0.04, 3.1, 120, 45,000. */
export function amount(value: number): string {
  if (value === 0) return '0';
  if (value >= 10) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(value < 1 ? 1 : 2)));
}
