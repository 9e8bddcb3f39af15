import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/dialogs.css';
import './styles/tabs.css';
import './styles/shell.css';
import { Announcer } from './components/announcer.ts';
import { stateText } from './components/badge.ts';
import { Toasts } from './components/toast.ts';
import { h } from './dom.ts';
import { counted, errorText } from './format.ts';
import { Invitations } from './invitation/invitations.ts';
import type { PageContext } from './pages.ts';
import { Router } from './router.ts';
import { Session } from './session.ts';
import { failureBanner } from './shell/failure.ts';
import { Header } from './shell/header.ts';

const session = new Session();
const toasts = new Toasts();
const announcer = new Announcer();
const invitations = new Invitations(session, toasts, announcer);
const context: PageContext = { session, toasts, announcer, invitations };
const header = new Header(context);
const main = h('main', { id: 'main', tabindex: -1 });

document.body.append(
  h('a', { class: 'skip-link', href: '#main' }, 'Skip to content'),
  header.element,
  failureBanner(session, () => void invitations.inviteWithoutServer()),
  main,
  invitations.element,
  toasts.element,
  announcer.element,
);
announceChanges(context);
new Router(main, context, (page) => header.show(page)).start();

addEventListener('pagehide', (event) => {
  // A page that is only put aside (back-forward cache) may come back with its node.
  if (!event.persisted) session.leave();
});
void invitations.start();

/** Says aloud what changes rarely and matters: the state, and the server's coming and going. */
function announceChanges({ session, toasts, announcer }: PageContext): void {
  let state = session.state;
  let server = session.server;
  session.on('trouble', (error) => toasts.show(errorText(error), 'warning'));
  session.on('change', () => {
    if (session.state !== state) {
      state = session.state;
      if (state !== 'failed') {
        announcer.say(`${stateText(state)}, ${counted(session.peers.length, 'peer')}`);
      }
    }
    if (session.server !== server) {
      const before = server;
      server = session.server;
      if (server === 'closed' && before !== undefined) {
        toasts.show('The server is gone. The network goes on without it.', 'warning');
      } else if (server === 'open' && before === 'closed') {
        toasts.show('The server is back');
      }
    }
  });
}
