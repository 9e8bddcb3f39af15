import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../src/emitter.ts';
import type { Topology } from '../src/network.ts';
import { Explorer } from '../src/topology/explorer.ts';

const id = (number: number): string => number.toString(16).padStart(40, '0');
const OWN = id(0);

/** A line of peers, each linked with the `width` before and after it; who is `silent` says nothing. */
class Line extends Emitter<{ topology: Topology; peers: undefined; change: undefined }> {
  readonly id = OWN;
  readonly asked: string[] = [];
  readonly #width: number;
  readonly #silent: ReadonlySet<string>;
  #waiting = 0;
  mostAtOnce = 0;

  constructor(width: number, silent: readonly string[] = []) {
    super();
    this.#width = width;
    this.#silent = new Set(silent);
  }

  get peers(): readonly string[] {
    return this.#around(0);
  }

  get node(): { readonly id: string; topology(peer: string): Promise<void> } {
    return {
      id: OWN,
      topology: async (peer) => {
        this.asked.push(peer);
        this.#waiting += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#waiting);
        await new Promise(setImmediate);
        this.#waiting -= 1;
        if (this.#silent.has(peer)) throw new Error('no answer');
        this.tell(peer, this.#around(Number.parseInt(peer, 16)));
      },
    };
  }

  tell(from: string, peers: readonly string[]): void {
    this.emit('topology', { from, peers, successors: [], predecessors: [] });
  }

  #around(number: number): string[] {
    const all = Array.from({ length: 2 * this.#width + 1 }, (_, step) => number - this.#width + step);
    return all.filter((other) => other >= 0 && other !== number).map(id);
  }
}

function exploring(line: Line, depth: number, peers: number) {
  const end = new AbortController();
  const explorer = new Explorer(line, { depth, peers }, end.signal);
  return { explorer, end };
}

test('a request goes to those who are linked, and no further than it may', async () => {
  const line = new Line(1);
  const { explorer, end } = exploring(line, 1, 100);
  await explorer.sendRequest();
  assert.deepEqual(line.asked, [id(1)]);
  explorer.bounds = { depth: 3, peers: 100 };
  line.asked.length = 0;
  await explorer.sendRequest();
  assert.deepEqual(line.asked, [id(1), id(2), id(3)]);
  assert.equal(explorer.graph.byId.get(id(4))?.state, 'unasked');
  end.abort();
});

test('no more peers are asked than allowed, each once, and few at one time', async () => {
  const line = new Line(20);
  const { explorer, end } = exploring(line, 99, 50);
  await explorer.sendRequest();
  assert.equal(line.asked.length, 50);
  assert.equal(new Set(line.asked).size, 50);
  assert.equal(line.mostAtOnce, 8);
  end.abort();
});

test('who does not answer holds up nobody else', async () => {
  const line = new Line(2, [id(1)]);
  const { explorer, end } = exploring(line, 2, 100);
  await explorer.sendRequest();
  assert.equal(explorer.graph.byId.get(id(1))?.state, 'silent');
  assert.equal(explorer.graph.byId.get(id(2))?.state, 'answered');
  assert.equal(explorer.isAsking, false);
  end.abort();
});

test('answers that nobody has asked for are not taken, nor those that come after a reset', async () => {
  const line = new Line(1);
  const { explorer, end } = exploring(line, 2, 100);
  line.tell(id(1), [OWN, id(7)]);
  assert.equal(explorer.graph.byId.has(id(7)), false);
  const round = explorer.sendRequest();
  explorer.reset();
  await round;
  assert.deepEqual([...explorer.graph.byId.keys()], [OWN, id(1)]);
  assert.equal(explorer.graph.byId.get(id(1))?.state, 'unasked');
  end.abort();
});
