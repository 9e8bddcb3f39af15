import './landing.css';
import { h, uniqueId } from '../dom.ts';
import { type Mount, topology } from '../pages.ts';
import { pageCards } from './cards.ts';
import { liveNetwork } from './live-network.ts';
import { snippet } from './snippet.ts';
import { story } from './story.ts';

/** The site's root: what BOPlish is, the network as it is right now, and the ways to the pages. */
export const mount: Mount = (host, context, signal) => {
  const code = uniqueId('landing-code');
  const how = uniqueId('landing-how');
  const pages = uniqueId('landing-pages');
  host.append(
    h(
      'div',
      { class: 'landing' },
      h(
        'section',
        { class: 'hero' },
        h(
          'div',
          { class: 'hero-words' },
          h('h1', {}, 'A peer\u2011to\u2011peer network in your web page'),
          h(
            'p',
            { class: 'hero-lead' },
            'Visitors’ browsers find each other and talk directly, over WebRTC. A small server delivers the page and introduces each newcomer once. Then it may go away.',
          ),
        ),
        liveNetwork(context, topology, signal),
      ),
      h(
        'section',
        { class: 'landing-part', 'aria-labelledby': code },
        h('h2', { id: code }, 'Two lines of code'),
        snippet(context.toasts),
      ),
      h(
        'section',
        { class: 'landing-part', 'aria-labelledby': how },
        h('h2', { id: how }, 'How it works'),
        story(),
      ),
      h(
        'section',
        { class: 'landing-part', 'aria-labelledby': pages },
        h('h2', { id: pages }, 'Look around'),
        pageCards(),
      ),
      h(
        'footer',
        { class: 'landing-foot' },
        h('a', { href: './drop-in.html' }, 'The smallest page: one script, and pings'),
        h('a', { href: 'https://github.com/boplish/boplish', rel: 'noopener' }, 'Source code and documents'),
        h('span', {}, 'MIT or Apache-2.0'),
      ),
    ),
  );
};
