import './inspector.css';
import './messages.css';
import './content.css';
import { Tabs } from '../components/tabs.ts';
import { h } from '../dom.ts';
import type { Mount } from '../pages.ts';
import { Content } from './content.ts';
import type { Entry } from './log.ts';
import { Messages } from './messages.ts';
import { Peers } from './peers.ts';

const PEERS = 0;
const MESSAGES = 1;
const CONTENT = 2;

/** The Message Inspector (section 5.2.1 of the report): peers, messages, content. */
export const mount: Mount = (host, context, signal) => {
  const { session, announcer } = context;

  const open = (entry: Entry): void => {
    content.show(entry);
    messages.list.mark(entry);
    if (tabs.narrow) {
      tabs.select(CONTENT);
      content.focus();
    } else {
      announcer.say(`Content shown: ${entry.message.type}`);
    }
  };
  const back = (): void => {
    tabs.select(MESSAGES);
    messages.list.focus();
  };

  const peers = new Peers(context, signal);
  const messages = new Messages(context, open, signal);
  const content = new Content(context, {
    back,
    only: (kind, value) => {
      const { filter } = messages;
      if (!filter[kind].includes(value)) messages.filterBy({ ...filter, [kind]: [...filter[kind], value] });
      if (tabs.narrow) back();
    },
  });
  const tabs = new Tabs(
    [
      ['Peers', peers.element],
      ['Messages', messages.element],
      ['Content', content.element],
    ],
    signal,
  );

  const showCounts = (): void => tabs.count(PEERS, session.peers.length);
  session.on('peers', showCounts, signal);
  showCounts();

  host.append(
    h(
      'div',
      { class: 'inspector' },
      h('h1', { class: 'visually-hidden' }, 'Message Inspector'),
      peers.element,
      messages.element,
      content.element,
      tabs.element,
    ),
  );
};
