/** What a drawing shows, in words. */
import { counted } from '../format.ts';
import type { SessionState } from '../session.ts';
import type { Graph, GraphPeer } from './graph.ts';

export function graphWords({ peers, links, isCut }: Graph): string {
  const all = `${counted(peers.length, 'peer')}, ${counted(links.length, 'link')}`;
  return isCut ? `${all}; there is more than can be shown` : all;
}

/** Why there is no graph, or nobody else in it; undefined if there is. */
export function emptyWords({ peers }: Graph, state: SessionState): string | undefined {
  if (peers.length > 1) return undefined;
  if (peers.length === 1) return state === 'alone' ? 'You are the first one here' : 'No links to other peers right now';
  return state === 'failed' ? 'Not connected to anyone' : 'Joining the network…';
}

/** How far a peer is. */
export function distanceWords({ state, distance }: GraphPeer): string {
  if (state === 'own') return 'This is you';
  if (distance === undefined) return 'No way known';
  return distance === 1 ? 'Linked with you' : `${counted(distance, 'link')} away`;
}

/** What became of asking it. */
export function stateWords({ state }: GraphPeer): string {
  switch (state) {
    case 'own':
      return 'you';
    case 'answered':
      return 'answered';
    case 'unasked':
      return 'not asked';
    case 'silent':
      return 'no answer';
  }
}
