import '../publish/entries.css';
import '../rooms/rooms.css';
import './chat.css';
import './talk.css';
import { Tabs } from '../components/tabs.ts';
import { h } from '../dom.ts';
import { errorText } from '../format.ts';
import type { Mount } from '../pages.ts';
import { askedRoom, roomLink } from '../rooms/room-name.ts';
import { Chat } from './chat.ts';
import { ConversationPanel } from './conversation-panel.ts';
import { PeoplePanel } from './people-panel.ts';
import { RoomConversation } from './room.ts';
import { RoomsPanel } from './rooms-panel.ts';

const ROOMS = 0;
const CONVERSATION = 1;
const PEOPLE = 2;

/** Chat (section 5.2.4 of the report): rooms, what is said in them, and who is there. */
export const mount: Mount = (host, context, signal) => {
  const chat = Chat.of(context.session);
  const plainTitle = document.title;

  /** Enters the room of the address, and takes a password out of what is shown there. */
  const follow = (): void => {
    const asked = askedRoom(location.href);
    if (asked === undefined) return;
    try {
      chat.enter(asked);
    } catch (error) {
      context.toasts.show(errorText(error), 'warning');
    }
  };
  /** The address leads to what is shown, for reloading and copying. */
  const showAddress = (): void => {
    const { current } = chat;
    const address = new URL(location.href);
    address.searchParams.delete('room');
    address.searchParams.delete('locked');
    address.hash = '';
    const { name, isLocked } = current instanceof RoomConversation ? current.asked : { name: undefined, isLocked: false };
    const shown = name === undefined ? address.href : roomLink(address.href, { name, isLocked, password: undefined });
    if (shown !== location.href) history.replaceState(history.state, '', shown);
  };
  const showTitle = (): void => {
    const { unread, current } = chat;
    const name = current === undefined ? plainTitle : `${current.title} · ${plainTitle}`;
    document.title = unread === 0 ? name : `(${unread}) ${name}`;
    tabs.count(ROOMS, unread);
  };

  const open = (): void => {
    tabs.select(CONVERSATION);
    panel.focus();
  };
  const rooms = new RoomsPanel(context, chat, open, signal);
  const panel = new ConversationPanel(context, chat, signal);
  const people = new PeoplePanel(context, chat, open, (count) => tabs.count(PEOPLE, count), signal);
  const tabs = new Tabs(
    [
      ['Rooms', rooms.element],
      ['Chat', panel.element],
      ['People', people.element],
    ],
    signal,
  );
  tabs.select(CONVERSATION);
  people.begin();

  chat.on('list', showTitle, signal);
  chat.on('current', () => {
    showTitle();
    showAddress();
  }, signal);
  const followAndShow = (): void => {
    follow();
    showAddress();
  };
  addEventListener('popstate', () => {
    // The router may have gone to another page just now.
    if (!signal.aborted) followAndShow();
  }, { signal });
  host.append(
    h(
      'div',
      { class: 'chat' },
      h('h1', { class: 'visually-hidden' }, 'Chat'),
      rooms.element,
      panel.element,
      people.element,
      tabs.element,
    ),
  );
  followAndShow();
  showTitle();
};
