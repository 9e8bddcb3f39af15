import type { Announcer } from './components/announcer.ts';
import type { Toasts } from './components/toast.ts';
import type { Invitations } from './invitation/invitations.ts';
import type { Session } from './session.ts';

/** What every page gets. */
export interface PageContext {
  readonly session: Session;
  readonly toasts: Toasts;
  readonly announcer: Announcer;
  readonly invitations: Invitations;
}

/** Builds the page into `host`; everything it listens to ends with `signal`. */
export type Mount = (host: HTMLElement, context: PageContext, signal: AbortSignal) => void;

export interface Page {
  /** The file at the site's root, which vite.config.ts lists too. */
  readonly file: string;
  readonly title: string;
  /** The title's short form, for the navigation. */
  readonly name: string;
  /** One line for its card on the landing page. */
  readonly description: string;
  readonly load: () => Promise<{ readonly mount: Mount }>;
}

/** The page at the site's root. */
export const home: Page = {
  file: 'index.html',
  title: 'Peer-to-peer for web pages',
  name: 'Home',
  description: 'What BOPlish is, and the network as it is right now.',
  load: () => import('./landing/page.ts'),
};

const inspector: Page = {
  file: 'inspector.html',
  title: 'Message Inspector',
  name: 'Inspector',
  description: 'Every message that this tab sends, gets or passes on, with all that is in it.',
  load: () => import('./inspector/page.ts'),
};

/** The landing page's drawing leads to it. */
export const topology: Page = {
  file: 'topology.html',
  title: 'Topology Viewer',
  name: 'Topology',
  description: 'Who is linked to whom: the network as a graph, or on its ring of ids.',
  load: () => import('./topology/page.ts'),
};

const publish: Page = {
  file: 'publish.html',
  title: 'Publish and browse',
  name: 'Publish',
  description: 'Share files and folders from this tab, and look at what others share.',
  load: () => import('./publish/page.ts'),
};

const chat: Page = {
  file: 'chat.html',
  title: 'Chat',
  name: 'Chat',
  description: 'Rooms by name, with what was said before, pictures and files, and a password if you like.',
  load: () => import('./chat/page.ts'),
};

const game: Page = {
  file: 'game.html',
  title: 'Game',
  name: 'Game',
  description: 'One circle that everybody moves, and a dot of your own.',
  load: () => import('./game/page.ts'),
};

/** In the order of the navigation. A new page is an entry here, an HTML file, and a folder. */
export const pages: readonly Page[] = [home, inspector, topology, game, chat, publish];

/** The page that a path names; the site may be served from any folder. */
export function pageAt(path: string): Page {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return pages.find((page) => page.file === file) ?? home;
}

/** Where a link to the page leads; a fake node stays one across pages. */
export function address(page: Page): string {
  const path = page === home ? './' : `./${page.file}`;
  return import.meta.env.DEV ? path + location.search : path;
}
