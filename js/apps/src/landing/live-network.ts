import { icon } from '../components/icons.ts';
import { type Child, h, setText } from '../dom.ts';
import { counted } from '../format.ts';
import { address, type Page, type PageContext } from '../pages.ts';
import { Explorer } from '../topology/explorer.ts';
import type { Graph } from '../topology/graph.ts';
import { NetworkCanvas } from '../topology/network-canvas.ts';

/** Often enough to see others come and go, and nobody is bothered: one short message to each. */
const ASK_EVERY_S = 10;
/** A picture for a glance; the Topology Viewer goes further. */
const BOUNDS = { depth: 2, peers: 40 };

/** The network as it is right now, around the own peer. */
export function liveNetwork(context: PageContext, viewer: Page, signal: AbortSignal): HTMLElement {
  const { session } = context;
  const explorer = new Explorer(session, BOUNDS, signal);
  const drawing = new NetworkCanvas(signal, { isInteractive: false });
  const count = h('p', { class: 'live-count' });
  const note = h('p', { class: 'live-note', role: 'status' });
  const actions = h('div', { class: 'live-actions' });

  let shown = '';
  const show = (): void => {
    const { graph } = explorer;
    drawing.show(graph);
    const words = countWords(graph);
    drawing.label(session.id === undefined ? 'No network yet' : `The network right now: ${words}`);
    setText(count, words);
    const kind = noteKind(context);
    if (kind === shown) return;
    shown = kind;
    setText(note, notes[kind]);
    note.dataset['kind'] = kind;
    actions.replaceChildren(...actionsFor(kind, context, viewer));
  };
  explorer.on('graph', show, signal);
  session.on('change', show, signal);
  session.on('message', (monitored) => drawing.pulse(monitored), signal);

  show();
  explorer.askWhenLinked(false, signal);
  explorer.startInterval(ASK_EVERY_S);

  return h(
    'figure',
    { class: 'live' },
    h('div', { class: 'live-stage' }, drawing.element),
    h('figcaption', { class: 'live-caption' }, h('div', { class: 'live-words' }, count, note), actions),
  );
}

type Note = 'connecting' | 'failed' | 'alone' | 'online' | 'server-gone' | 'degraded' | 'offline';

const notes: Readonly<Record<Note, string>> = {
  connecting: 'Joining the network…',
  failed: 'Not connected: neither the server nor a peer was reached.',
  alone: 'Open this page in a second tab or on another device, and the two form a network.',
  online: 'That is the network of this page, live. Each dot is a browser or a native peer.',
  'server-gone': 'The server is gone, and the network goes on without it: all these links are direct.',
  degraded: 'All links are disturbed, or only the server carries messages.',
  offline: 'All links are gone; trying to get back.',
};

function noteKind({ session }: PageContext): Note {
  const { state, server } = session;
  // A server that is gone makes no network an offline one.
  return state === 'online' && server === 'closed' ? 'server-gone' : state;
}

function countWords({ own, peers, links }: Graph): string {
  if (own === undefined) return '';
  const others = peers.length - 1;
  if (others === 0) return 'You are the first one here';
  return `You and ${counted(others, 'peer')}, ${counted(links.length, 'link')}`;
}

function actionsFor(kind: Note, { session, invitations }: PageContext, viewer: Page): readonly Exclude<Child, undefined>[] {
  switch (kind) {
    case 'connecting':
      return [];
    case 'failed':
      return [h('button', { type: 'button', class: 'button', onclick: () => void session.join() }, 'Try again')];
    case 'alone':
      return [
        h('a', { class: 'button', href: location.href, target: '_blank', rel: 'noopener' }, 'Open a tab', icon('external')),
        h('button', { type: 'button', class: 'button', onclick: () => void invitations.invite() }, icon('add'), 'Invite'),
      ];
    case 'online':
    case 'server-gone':
    case 'degraded':
    case 'offline':
      return [
        h('a', { class: 'button', href: address(viewer), 'data-page': true }, 'Look closer', icon('right')),
        h('button', { type: 'button', class: 'button', onclick: () => void invitations.invite() }, icon('add'), 'Invite'),
      ];
  }
}
