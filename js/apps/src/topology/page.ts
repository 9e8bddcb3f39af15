import './topology.css';
import { icon, type IconName } from '../components/icons.ts';
import { Tabs } from '../components/tabs.ts';
import { h, setText } from '../dom.ts';
import { shortId } from '../format.ts';
import type { Mount } from '../pages.ts';
import { controls } from './controls.ts';
import { Details } from './details.ts';
import { Explorer } from './explorer.ts';
import type { Graph } from './graph.ts';
import { Legend } from './legend.ts';
import { NetworkCanvas } from './network-canvas.ts';
import { PeersTable } from './peers-table.ts';
import { emptyWords, graphWords } from './words.ts';

const PEER = 1;
const TABLE = 2;
const ZOOM = 1.4;

/** The Topology Viewer (section 5.2.2 of the report): who is linked to whom, as topo-protocol tells. */
export const mount: Mount = (host, context, signal) => {
  const { session } = context;
  const explorer = new Explorer(session, { depth: 2, peers: 100 }, signal);
  const drawing = new NetworkCanvas(signal);
  const legend = new Legend();
  const status = h('p', { class: 'topology-status' });
  const more = h('button', { type: 'button', class: 'button button-small topology-more only-narrow', hidden: true });

  /** Shows a peer everywhere; one that nobody has asked yet is asked, and the graph grows. */
  const choose = (id: string | undefined): void => {
    drawing.select(id);
    table.mark(id);
    details.show(id);
    more.hidden = id === undefined;
    if (id === undefined) return;
    setText(more, `Details of ${shortId(id)}`);
    if (explorer.told(id) === undefined) void explorer.ask(id);
  };
  const chooseAndShow = (id: string): void => {
    choose(id);
    if (!tabs.narrow) return;
    tabs.select(PEER);
    details.focus();
  };
  more.addEventListener('click', () => {
    tabs.select(PEER);
    details.focus();
  });

  const details = new Details(context, explorer, choose, signal);
  const table = new PeersTable(chooseAndShow, signal);
  const reset = (): void => {
    choose(undefined);
    explorer.reset();
    drawing.fit();
  };
  const graph = h(
    'section',
    { class: 'panel panel-graph', 'aria-label': 'Graph' },
    controls(context, explorer, { reset, useLayout: (name) => drawing.useLayout(name) }, signal),
    h('div', { class: 'topology-stage' }, drawing.element, zoomButtons(drawing), more),
    h('div', { class: 'topology-foot' }, status, legend.element),
  );
  const tabs = new Tabs(
    [
      ['Graph', graph],
      ['Peer', details.element],
      ['Peers', table.element],
    ],
    signal,
  );

  const show = (known: Graph): void => {
    const empty = emptyWords(known, session.state);
    const words = empty ?? graphWords(known);
    drawing.show(known);
    drawing.label(`Graph of the network: ${words}. The table of peers tells the same.`);
    table.show(known, empty);
    legend.show(known.isRing);
    tabs.count(TABLE, known.peers.length);
    setText(status, explorer.isAsking && empty === undefined ? `${words}, asking…` : words);
  };
  explorer.on('graph', show, signal);
  explorer.on('activity', () => show(explorer.graph), signal);
  session.on('change', () => show(explorer.graph), signal);
  session.on('message', (monitored) => drawing.pulse(monitored), signal);
  drawing.on('select', choose, signal);

  host.append(
    h(
      'div',
      { class: 'topology' },
      h('h1', { class: 'visually-hidden' }, 'Topology Viewer'),
      graph,
      details.element,
      table.element,
      tabs.element,
    ),
  );
  show(explorer.graph);
  // The first picture comes by itself.
  explorer.askWhenLinked(true, signal);
};

function zoomButtons(drawing: NetworkCanvas): HTMLElement {
  const button = (name: IconName, words: string, onclick: () => void): HTMLElement =>
    h(
      'button',
      { type: 'button', class: 'button button-small button-icon', 'aria-label': words, title: words, onclick },
      icon(name),
    );
  return h(
    'div',
    { class: 'topology-zoom', role: 'group', 'aria-label': 'View' },
    button('add', 'Zoom in (+)', () => drawing.zoom(ZOOM)),
    button('minus', 'Zoom out (-)', () => drawing.zoom(1 / ZOOM)),
    button('fit', 'Show all (0)', () => drawing.fit()),
  );
}
