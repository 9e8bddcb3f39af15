// What the service worker makes of what pages say, and of pages that say nothing any more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { script } from '../scripts/workers.mjs';

const source = await script('src/service-worker.ts');

/** A service worker with one page, which answers by `fetched(port)`; gives what requests. */
function running(fetched) {
  const listeners = {};
  const pages = new Map();
  const page = {
    id: 'page',
    postMessage({ boplish }, [port]) {
      if (boplish === 'who') port.postMessage({ boplish: 'here' });
      else fetched(port);
    },
  };
  pages.set(page.id, page);
  const self = {
    addEventListener: (type, listener) => (listeners[type] = listener),
    location: new URL('https://site.example/worker.js'),
    registration: { scope: 'https://site.example/' },
    clients: { matchAll: async () => [...pages.values()], get: async (id) => pages.get(id) },
  };
  const soon = (tell, pause) => setInterval(tell, pause / 200);
  new Function('self', 'setInterval', source)(self, soon);
  const request = (path) => {
    let answer;
    const request = new Request(`https://site.example/bop/${path}`);
    listeners.fetch({ request, clientId: 'page', respondWith: (given) => (answer = given) });
    return answer;
  };
  return { request, leave: () => pages.clear() };
}

const within = (promise) => {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('it hangs')), 2_000)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

test('a page that is closed before it has answered leaves a 504, and one that has more time takes it', async () => {
  const { request, leave } = running(() => {});
  const answer = request('a');
  setTimeout(leave, 50);
  const response = await within(answer);
  assert.equal(response.status, 504);
  assert.match(await response.text(), /was closed/);

  const slow = running((port) => {
    setTimeout(() => {
      port.postMessage({ status: 200, headers: [], text: 'hello', streams: false });
      port.close();
    }, 100);
  });
  assert.equal(await (await within(slow.request('a'))).text(), 'hello');
});

test('a page that is closed while its bytes come ends them with an error', async () => {
  let parts = 0;
  const { request, leave } = running((port) => {
    port.onmessage = () => {
      parts += 1;
      if (parts === 1) port.postMessage({ bytes: Uint8Array.of(1, 2) });
      else leave();
    };
    port.postMessage({ status: 200, headers: [], text: undefined, streams: true });
  });
  const reader = (await within(request('a'))).body.getReader();
  assert.deepEqual((await within(reader.read())).value, Uint8Array.of(1, 2));
  await assert.rejects(within(reader.read()), /was closed/);
});

test('what has not changed has no body', async () => {
  const { request } = running((port) => {
    port.postMessage({ status: 304, headers: [['etag', '"a"']], text: '', streams: false });
    port.close();
  });
  const response = await within(request('a'));
  assert.deepEqual([response.status, response.body, response.headers.get('etag')], [304, null, '"a"']);
});
