import './publish.css';
import './outcome.css';
import './browse.css';
import './entries.css';
import './file.css';
import { Tabs } from '../components/tabs.ts';
import { h } from '../dom.ts';
import type { Mount } from '../pages.ts';
import { BrowsePanel } from './browse-panel.ts';
import { formatName, nameIn, type Name } from './name.ts';
import { Own } from './own.ts';
import { PublishPanel } from './publish-panel.ts';

const PUBLISH = 0;
const OWN = 1;
const BROWSE = 2;

/** Publishes files and folders, and browses what others have published. */
export const mount: Mount = (host, context, signal) => {
  const title = document.title;

  const go = (name: Name): void => {
    history.pushState(null, '', `#${formatName(name)}`);
    follow();
  };
  /** Shows what the address names; a jump within the page (the skip link) names nothing. */
  const follow = (): void => {
    const { hash } = location;
    const name = nameIn(hash.slice(1));
    if (name === undefined && hash !== '') return;
    browse.open(name);
    if (name !== undefined) tabs.select(BROWSE);
    document.title = name === undefined ? title : `${name.segments.at(-1) ?? name.uid.slice(0, 8)} · ${title}`;
  };

  const own = new Own(context, (count) => tabs.count(OWN, count), signal);
  const publish = new PublishPanel(
    context,
    (name) => own.has(name),
    () => tabs.select(PUBLISH),
    () => void own.refresh(),
    signal,
  );
  const browse = new BrowsePanel(context, go, signal);
  const tabs = new Tabs(
    [
      ['Publish', publish.element],
      ['Yours', own.element],
      ['Browse', browse.element],
    ],
    signal,
  );

  addEventListener('popstate', follow, { signal });
  host.append(
    h(
      'div',
      { class: 'publish' },
      h('h1', { class: 'visually-hidden' }, 'Publish and browse'),
      publish.element,
      own.element,
      browse.element,
      tabs.element,
    ),
  );
  follow();
};
