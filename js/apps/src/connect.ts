import type { Network, Way } from './network.ts';

/** How long to look for the server before the visitor is told, in ms. */
const TIMEOUT_MS = 15_000;

/** Joins the network through the page's own host, by an invitation, or whoever is quicker. */
export async function joinNetwork(signal: AbortSignal, way: Way): Promise<Network> {
  if (import.meta.env.DEV) {
    const scenario = new URLSearchParams(location.search).get('fake');
    if (scenario !== null) {
      const { joinFake } = await import('./dev/fake.ts');
      return joinFake(scenario, way);
    }
  }
  const { connect } = await import('boplish');
  const node = await connect({
    signal,
    timeout: TIMEOUT_MS,
    bootstrap: way.withoutServer === true ? null : undefined,
    invitation: way.invitation?.text,
    onAnswer: way.invitation?.onAnswer,
  });
  return node;
}
