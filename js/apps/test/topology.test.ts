import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_PEERS } from '../src/topology/graph.ts';
import { Knowledge } from '../src/topology/knowledge.ts';

const id = (first: string): string => first.padEnd(40, '0');
const [own, a, b, c, d] = ['1', '3', '5', '7', '9'].map(id) as [string, string, string, string, string];

function knowing(links: readonly string[]): Knowledge {
  const knowledge = new Knowledge();
  knowledge.setOwn(own, links);
  return knowledge;
}

const answer = (from: string, peers: readonly string[], successors: readonly string[] = [], predecessors: readonly string[] = []) => ({
  from,
  peers,
  successors,
  predecessors,
});

const linksOf = (knowledge: Knowledge): string[] =>
  knowledge
    .graph()
    .links.map((link) => `${link.a[0] ?? ''}-${link.b[0] ?? ''}`)
    .sort();

test('before any answer there are the own links', () => {
  const knowledge = knowing([a, b]);
  assert.deepEqual(linksOf(knowledge), ['1-3', '1-5']);
  assert.deepEqual(
    knowledge.graph().peers.map(({ state, distance }) => [state, distance]),
    [
      ['own', 0],
      ['unasked', 1],
      ['unasked', 1],
    ],
  );
});

test('an answer adds the links of its sender, each once, and none to itself', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, b, b, a, c]), 1);
  assert.deepEqual(linksOf(knowledge), ['1-3', '3-5', '3-7']);
  assert.equal(knowledge.graph().byId.get(c)?.distance, 2);
  assert.equal(knowledge.graph().byId.get(a)?.state, 'answered');
});

test('of two ends that differ, the one that spoke last is believed', () => {
  const knowledge = knowing([a, b]);
  knowledge.learn(answer(a, [own, b]), 1);
  knowledge.learn(answer(b, [own]), 2);
  assert.deepEqual(linksOf(knowledge), ['1-3', '1-5']);
  knowledge.learn(answer(a, [own, b]), 3);
  assert.deepEqual(linksOf(knowledge), ['1-3', '1-5', '3-5']);
});

test('nobody can tell of a link with this peer that is not there', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, b]), 1);
  knowledge.learn(answer(b, [a, own]), 2);
  assert.deepEqual(linksOf(knowledge), ['1-3', '3-5']);
});

test('who is told of by nobody any more is gone', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, b]), 1);
  knowledge.learn(answer(b, [a, c]), 2);
  knowledge.learn(answer(a, [own]), 3);
  assert.deepEqual([...knowledge.graph().byId.keys()], [own, a]);
  assert.equal(knowledge.told(b), undefined);
});

test('a silent peer’s former answer counts no more', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, b]), 1);
  knowledge.noteSilence(a);
  assert.deepEqual(linksOf(knowledge), ['1-3']);
  assert.equal(knowledge.graph().byId.get(a)?.state, 'silent');
});

test('links with the next on the ring, with others near on it, and across are told apart', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, b, c, d], [b, c], [own]), 1);
  const { links, isRing } = knowledge.graph();
  assert.equal(isRing, true);
  const kinds = Object.fromEntries(links.map((link) => [`${link.a[0] ?? ''}-${link.b[0] ?? ''}`, link.kind]));
  assert.deepEqual(kinds, { '1-3': 'next', '3-5': 'next', '3-7': 'near', '3-9': 'long' });
});

test('the own neighbours on the ring are those who say that they are, the nearest first', () => {
  const knowledge = knowing([a, b, d]);
  knowledge.learn(answer(b, [own], [], [a, own]), 1);
  knowledge.learn(answer(a, [own], [b], [own, d]), 2);
  knowledge.learn(answer(d, [own], [own], []), 3);
  const self = knowledge.graph().byId.get(own);
  assert.deepEqual(self?.successors, [a, b]);
  assert.deepEqual(self?.predecessors, [d]);
});

test('what is no id is not taken', () => {
  const knowledge = knowing([a]);
  knowledge.learn(answer(a, [own, '', 'b', '<b>', b.toUpperCase().replace('5', 'G')]), 1);
  knowledge.learn(answer('nobody', [b]), 2);
  assert.deepEqual([...knowledge.graph().byId.keys()], [own, a]);
});

test('however many peers are told of, the graph is bounded', () => {
  const knowledge = knowing([a]);
  const crowd = Array.from({ length: 1500 }, (_, index) => (index + 16 ** 3).toString(16).padEnd(40, 'f'));
  knowledge.learn(answer(a, [own, ...crowd]), 1);
  knowledge.learn(answer(crowd[0] ?? '', [a, ...crowd]), 2);
  const { peers, isCut } = knowledge.graph();
  assert.equal(peers.length, MOST_PEERS);
  assert.equal(isCut, true);
});
