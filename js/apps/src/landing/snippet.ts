import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import type { Toasts } from '../components/toast.ts';
import { h } from '../dom.ts';

/** Two lines that make any page a part of this server's network; they work as they stand. */
function twoLines(): readonly [string, string] {
  const { protocol, host, href } = location;
  // A bare host would mean an unencrypted connection on pages that are files.
  const server = protocol === 'https:' ? `wss://${host}` : host;
  const hello = "client.getConnectedPeers().forEach((peer) => client.send(peer, 'greeting', 'hello'))";
  return [
    `<script src="${new URL('boplish.min.js', href).href}"></script>`,
    `<script>const client = new BOPlishClient('${server}', () => ${hello});</script>`,
  ];
}

/** The two lines of code, to be copied. */
export function snippet(toasts: Toasts): HTMLElement {
  const lines = twoLines();
  return h(
    'div',
    { class: 'snippet' },
    h(
      'pre',
      { class: 'snippet-code', tabindex: 0, 'aria-label': 'The two lines' },
      ...lines.map((line) => h('code', {}, `${line}\n`)),
    ),
    h(
      'div',
      { class: 'snippet-foot' },
      h(
        'p',
        { class: 'hint' },
        'They work as they stand: any page with them joins this network, and says hello to the first peer that it is linked with. With a bundler: ',
        h('code', {}, 'npm install boplish'),
        ', with types and promises.',
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button',
          onclick: () => void copyText(lines.join('\n'), 'Two lines', toasts),
        },
        icon('copy'),
        'Copy',
      ),
    ),
  );
}
