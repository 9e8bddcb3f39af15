import { joinNetwork } from './connect.ts';
import { Emitter } from './emitter.ts';
import type { GroupMessage, Monitored, Network, NodeState, ServerState, Topology, Way } from './network.ts';

/** What the header shows: the node's own state, or how far joining has come. */
export type SessionState = 'connecting' | 'failed' | NodeState;

interface SessionEvents {
  /** The state, the server or the own id changed. */
  change: undefined;
  /** Somebody came or went. */
  peers: undefined;
  /** The router handled a message. */
  message: Monitored;
  /** A peer has said whom it is linked to. */
  topology: Topology;
  /** The bopcast group has other members than before. */
  members: undefined;
  /** A member sent something to the group. */
  group: GroupMessage;
  /** The node reports an error that no call of this page caused. */
  trouble: unknown;
}

/** The site's one node: it outlives every page, and a failed attempt to join can be repeated. */
export class Session extends Emitter<SessionEvents> {
  #node: Network | undefined;
  #failure: unknown;
  #attempt: AbortController | undefined;
  #answer: string | undefined;

  get node(): Network | undefined {
    return this.#node;
  }

  /** Why joining failed; undefined while it has not. */
  get failure(): unknown {
    return this.#failure;
  }

  get state(): SessionState {
    if (this.#node !== undefined) return this.#node.state;
    return this.#failure === undefined ? 'connecting' : 'failed';
  }

  /** What whoever invited this visitor waits for, while joining by an invitation. */
  get answer(): string | undefined {
    return this.#answer;
  }

  get server(): ServerState | undefined {
    return this.#node?.server;
  }

  get id(): string | undefined {
    return this.#node?.id;
  }

  get peers(): readonly string[] {
    return this.#node?.peers ?? [];
  }

  /** The other members of the group. */
  get members(): readonly string[] {
    return this.#node?.group.members ?? [];
  }

  /** Joins the network; does nothing while an attempt runs or a node is up. */
  async join(way: Omit<Way, 'invitation'> = {}, invitation?: string): Promise<void> {
    if (this.#node !== undefined || this.#attempt !== undefined) return;
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#failure = undefined;
    this.emit('change', undefined);
    try {
      const onAnswer = (answer: string): void => {
        this.#answer = answer;
        this.emit('change', undefined);
      };
      const by = invitation === undefined ? {} : { invitation: { text: invitation, onAnswer } };
      this.#adopt(await joinNetwork(attempt.signal, { ...way, ...by }));
    } catch (error) {
      this.#failure = error ?? new Error('no reason given');
    } finally {
      this.#attempt = undefined;
      this.#answer = undefined;
    }
    this.emit('change', undefined);
    this.emit('peers', undefined);
  }

  /** Gives up an attempt, and tries another way. */
  async joinInstead(way: Omit<Way, 'invitation'>): Promise<void> {
    const attempt = this.#attempt;
    if (attempt !== undefined) {
      const ended = new Promise<void>((resolve) => {
        const look = (): void => {
          if (this.#attempt !== attempt) resolve();
        };
        this.on('peers', look);
      });
      attempt.abort();
      await ended;
    }
    await this.join(way);
  }

  /** Leaves at once, so that the others need not wait for a silence. */
  leave(): void {
    this.#attempt?.abort();
    void this.#node?.close();
  }

  #adopt(node: Network): void {
    this.#node = node;
    node.addEventListener('state', () => this.emit('change', undefined));
    node.addEventListener('server', () => this.emit('change', undefined));
    node.addEventListener('peerconnect', () => this.emit('peers', undefined));
    node.addEventListener('peerdisconnect', () => this.emit('peers', undefined));
    node.addEventListener('monitor', (event) => {
      this.emit('message', event as Event & Monitored);
    });
    node.addEventListener('topology', (event) => {
      this.emit('topology', event as Event & Topology);
    });
    node.addEventListener('error', (event) => {
      this.emit('trouble', (event as Event & { readonly error: unknown }).error);
    });
    node.group.addEventListener('members', () => this.emit('members', undefined));
    node.group.addEventListener('message', (event) => {
      this.emit('group', event as Event & GroupMessage);
    });
  }
}
