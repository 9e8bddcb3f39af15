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
  readonly load: () => Promise<{ readonly mount: Mount }>;
}

/** The page at the site's root. */
export const home: Page = {
  file: 'index.html',
  title: 'Message Inspector',
  name: 'Inspector',
  load: () => import('./inspector/page.ts'),
};

const publish: Page = {
  file: 'publish.html',
  title: 'Publish and browse',
  name: 'Publish',
  load: () => import('./publish/page.ts'),
};

const chat: Page = {
  file: 'chat.html',
  title: 'Chat',
  name: 'Chat',
  load: () => import('./chat/page.ts'),
};

const game: Page = {
  file: 'game.html',
  title: 'Game',
  name: 'Game',
  load: () => import('./game/page.ts'),
};

/** In the order of the navigation. A new page is an entry here, an HTML file, and a folder. */
export const pages: readonly Page[] = [home, publish, chat, game];

/** The page that a path names; the site may be served from any folder. */
export function pageAt(path: string): Page {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return pages.find((page) => page.file === file) ?? home;
}
