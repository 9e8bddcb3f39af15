import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type Simulation,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from 'd3-force';
import { turnOf } from '../ring.ts';
import type { Graph, GraphLink, GraphPeer } from './graph.ts';
import type { Box, Point } from './viewport.ts';

export type LayoutName = 'force' | 'ring';

/** A peer with its place, which moves. */
export interface Node extends SimulationNodeDatum {
  readonly id: string;
  peer: GraphPeer;
  x: number;
  y: number;
  /** When it came into the drawing, in ms of `performance.now()`. */
  readonly since: number;
}

export interface Link extends SimulationLinkDatum<Node> {
  readonly source: Node;
  readonly target: Node;
  readonly kind: GraphLink['kind'];
}

/** How far a peer goes towards its place on the ring in one step. */
const RING_STEP = 0.16;
/** Between neighbours on the ring, on average, in units of the plane. */
const RING_SPACING = 16;
const SMALLEST_RING = 170;
/** A bound for the work of one step, which sees only so far. */
const FAR = 700;

/** Towards the middle; stronger where no link holds a peer. */
function gravity(share: number): (node: Node) => number {
  return ({ peer }) => (peer.linked.length === 0 ? 0.14 : 0.045) * share;
}

/** Gives every peer of a graph a place: by forces between them, or by its id on a circle. */
export class Layout {
  readonly nodes: Node[] = [];
  links: readonly Link[] = [];
  readonly #byId = new Map<string, Node>();
  readonly #simulation: Simulation<Node, Link>;
  readonly #springs = forceLink<Node, Link>().distance(({ kind }) => (kind === 'long' ? 95 : 70));
  #name: LayoutName = 'force';
  #isRingSettled = true;
  #held: Node | undefined;

  constructor() {
    this.#simulation = forceSimulation<Node, Link>([])
      .stop()
      .force('springs', this.#springs)
      .force('charge', forceManyBody<Node>().strength(-190).distanceMax(FAR))
      .force('apart', forceCollide<Node>(15))
      .force('x', forceX<Node>().strength(gravity(1)))
      .force('y', forceY<Node>().strength(gravity(1)))
      .velocityDecay(0.45);
  }

  get name(): LayoutName {
    return this.#name;
  }

  get radius(): number {
    return Math.max(SMALLEST_RING, (this.nodes.length * RING_SPACING) / (2 * Math.PI));
  }

  get isSettled(): boolean {
    return this.#name === 'ring' ? this.#isRingSettled : this.#simulation.alpha() < 0.005;
  }

  node(id: string): Node | undefined {
    return this.#byId.get(id);
  }

  use(name: LayoutName): void {
    if (this.#name === name) return;
    this.#name = name;
    this.#wake(0.9);
  }

  /** Lets forces fill a canvas of this width by height. */
  shape(width: number, height: number): void {
    const share = Math.sqrt(Math.min(Math.max(width / height, 0.5), 2));
    this.#simulation.force('x', forceX<Node>().strength(gravity(1 / share)));
    this.#simulation.force('y', forceY<Node>().strength(gravity(share)));
    this.#wake(0.2);
  }

  /** Takes another graph; who is there already stays where it is. */
  show(graph: Graph, now: number): void {
    const before = this.nodes.length;
    const linksBefore = this.links.length;
    for (const [id] of this.#byId) if (!graph.byId.has(id)) this.#byId.delete(id);
    let hasNew = false;
    for (const peer of graph.peers) {
      const known = this.#byId.get(peer.id);
      if (known !== undefined) {
        known.peer = peer;
        continue;
      }
      hasNew = true;
      this.#byId.set(peer.id, { id: peer.id, peer, since: now, ...this.#birthplace(peer) });
    }
    this.nodes.splice(0, this.nodes.length, ...this.#byId.values());
    const links: Link[] = [];
    for (const { a, b, kind } of graph.links) {
      const source = this.#byId.get(a);
      const target = this.#byId.get(b);
      if (source !== undefined && target !== undefined) links.push({ source, target, kind });
    }
    this.links = links;
    this.#simulation.nodes(this.nodes);
    this.#springs.links(links);
    if (hasNew || this.nodes.length !== before) this.#wake(0.6);
    else if (links.length !== linksBefore) this.#wake(0.25);
  }

  /** One step; nothing if all stand where they should. */
  step(): void {
    if (this.isSettled) return;
    if (this.#name === 'force') {
      this.#simulation.tick();
      return;
    }
    this.#isRingSettled = true;
    for (const node of this.nodes) {
      const place = this.#ringPlace(node.id);
      const x = place.x - node.x;
      const y = place.y - node.y;
      const isThere = Math.abs(x) + Math.abs(y) < 0.3;
      node.x = isThere ? place.x : node.x + x * RING_STEP;
      node.y = isThere ? place.y : node.y + y * RING_STEP;
      if (!isThere) this.#isRingSettled = false;
    }
  }

  /** A peer is dragged to a place; undefined lets it go. Only forces let peers be moved. */
  hold(node: Node | undefined, place?: Point): void {
    if (this.#held !== undefined && this.#held !== node) {
      this.#held.fx = null;
      this.#held.fy = null;
    }
    this.#held = node;
    if (node === undefined || place === undefined || this.#name === 'ring') return;
    node.fx = place.x;
    node.fy = place.y;
    this.#wake(0.3);
  }

  /** What the places take up. */
  get box(): Box {
    if (this.#name === 'ring') {
      const { radius } = this;
      return { left: -radius, top: -radius, right: radius, bottom: radius };
    }
    const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const { x, y } of this.nodes) {
      box.left = Math.min(box.left, x);
      box.top = Math.min(box.top, y);
      box.right = Math.max(box.right, x);
      box.bottom = Math.max(box.bottom, y);
    }
    return this.nodes.length === 0 ? { left: -1, top: -1, right: 1, bottom: 1 } : box;
  }

  #wake(alpha: number): void {
    this.#isRingSettled = false;
    if (this.#name === 'force') this.#simulation.alpha(Math.max(this.#simulation.alpha(), alpha));
  }

  /** Beside whoever is known of its neighbours, in the direction of its place on the ring. */
  #birthplace({ id, linked }: GraphPeer): Point {
    const angle = turnOf(id) * 2 * Math.PI;
    if (this.#name === 'ring') return this.#ringPlace(id);
    const near = linked.map((other) => this.#byId.get(other)).find((node) => node !== undefined);
    const { x, y } = near ?? { x: 0, y: 0 };
    const away = near === undefined ? 12 : 30;
    return { x: x + away * Math.sin(angle), y: y - away * Math.cos(angle) };
  }

  #ringPlace(id: string): Point {
    const angle = turnOf(id) * 2 * Math.PI;
    return { x: this.radius * Math.sin(angle), y: -this.radius * Math.cos(angle) };
  }
}
