import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { groupCard } from './group.ts';
import { LiveRing } from './live-ring.ts';
import { PeerRow } from './peer-row.ts';

/** Rows drawn at most; the header counts all peers. */
const MOST_ROWS = 100;
const PING_EVERY_MS = 5000;

/** The first column: the ring, the connected peers, and the group. */
export class Peers {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #rows = new Map<string, PeerRow>();
  readonly #list = h('ul', { class: 'peers', role: 'list' });
  readonly #more = h('p', { class: 'panel-note' });
  readonly #empty = h('div', { class: 'empty-peers' });
  readonly #tools: HTMLElement;
  #emptyFor: string | undefined;

  constructor(context: PageContext, signal: AbortSignal) {
    this.#context = context;
    const title = uniqueId('peers-title');
    const { session } = context;
    this.#tools = this.#pingTools(signal);
    this.element = h(
      'section',
      { class: 'panel panel-peers', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Connected peers'), this.#tools),
      h(
        'div',
        { class: 'panel-scroll' },
        new LiveRing(context, signal).element,
        this.#empty,
        this.#list,
        this.#more,
        this.#invite(signal),
      ),
      groupCard(context, signal),
    );
    const show = (): void => this.#show();
    session.on('peers', show, signal);
    session.on('change', show, signal);
    session.on('members', show, signal);
    this.#show();
  }

  #invite(signal: AbortSignal): HTMLElement {
    const { session, invitations } = this.#context;
    const label = h('span', {});
    const button = h(
      'button',
      { type: 'button', class: 'button', onclick: () => void invitations.invite() },
      icon('add'),
      label,
    );
    const row = h('div', { class: 'invite-row' }, button);
    const show = (): void => {
      row.hidden = session.node === undefined && session.answer === undefined;
      setText(label, session.answer === undefined ? 'Invite somebody' : 'Show the answer again');
    };
    session.on('change', show, signal);
    show();
    return row;
  }

  #pingTools(signal: AbortSignal): HTMLElement {
    let timer: ReturnType<typeof setInterval> | undefined;
    const every = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        'aria-pressed': 'false',
        title: 'Ping everyone every 5 seconds',
        onclick: () => {
          if (timer === undefined) {
            timer = setInterval(() => this.#pingAll(), PING_EVERY_MS);
            this.#pingAll();
          } else {
            clearInterval(timer);
            timer = undefined;
          }
          every.setAttribute('aria-pressed', String(timer !== undefined));
        },
      },
      'Every 5 s',
    );
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    return h(
      'div',
      { class: 'panel-actions' },
      h(
        'button',
        { type: 'button', class: 'button button-small', onclick: () => this.#pingAll() },
        'Ping all',
      ),
      every,
    );
  }

  #pingAll(): void {
    for (const row of this.#rows.values()) void row.ping();
  }

  #show(): void {
    const { session } = this.#context;
    const peers = [...session.peers].sort().slice(0, MOST_ROWS);
    const members = new Set(session.members);
    for (const [peer, row] of this.#rows) {
      if (peers.includes(peer)) continue;
      row.element.remove();
      this.#rows.delete(peer);
    }
    peers.forEach((peer, index) => {
      const row = this.#rows.get(peer) ?? new PeerRow(peer, this.#context);
      this.#rows.set(peer, row);
      row.showMembership(members.has(peer));
      // Moving a row that is in place already would take the focus from it.
      const there = this.#list.children[index];
      if (there !== row.element) this.#list.insertBefore(row.element, there ?? null);
    });
    const hidden = session.peers.length - peers.length;
    this.#more.hidden = hidden === 0;
    setText(this.#more, `and ${counted(hidden, 'more peer')}`);
    this.#list.hidden = peers.length === 0;
    this.#tools.hidden = peers.length === 0;
    this.#showEmpty(peers.length === 0);
  }

  #showEmpty(isEmpty: boolean): void {
    this.#empty.hidden = !isEmpty;
    const { state } = this.#context.session;
    if (!isEmpty || this.#emptyFor === state) return;
    this.#emptyFor = state;
    switch (state) {
      case 'connecting':
        this.#empty.replaceChildren(h('p', { class: 'empty' }, 'Joining the network…'));
        break;
      case 'failed':
        this.#empty.replaceChildren(h('p', { class: 'empty' }, 'Not connected to anyone.'));
        break;
      case 'alone':
        this.#empty.replaceChildren(...this.#invitation());
        break;
      case 'online':
      case 'degraded':
      case 'offline':
        this.#empty.replaceChildren(
          h('p', { class: 'empty' }, 'No links to other peers right now. Trying to get back…'),
        );
        break;
    }
  }

  /** What the first one in a network can do about it. */
  #invitation(): readonly Node[] {
    const address = location.href;
    return [
      h('p', { class: 'empty-title' }, 'You are the first one here.'),
      h('p', {}, 'Open this page in a second tab or on another device, and the two form a network.'),
      h(
        'div',
        { class: 'invitation' },
        h(
          'a',
          { class: 'button button-primary', href: address, target: '_blank', rel: 'noopener' },
          'Open a tab',
          icon('external'),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            onclick: () => void copyText(address, 'Link', this.#context.toasts),
          },
          icon('copy'),
          'Copy link',
        ),
      ),
    ];
  }
}
