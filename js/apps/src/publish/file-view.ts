import { icon, type IconName } from '../components/icons.ts';
import { ProgressBar } from '../components/progress-bar.ts';
import { h, setText } from '../dom.ts';
import { byteCount, counted, errorText } from '../format.ts';
import type { FetchProgress, FolderEntry, Network, Resolved } from '../network.ts';
import type { PageContext } from '../pages.ts';
import { downloadButton } from './download-button.ts';
import { kindIcon, kindWord } from './kinds.ts';
import { mediaAddress, type Waiting } from './media.ts';
import { shownAs, type Shown } from './media-types.ts';
import { childOf, formatName, parentOf, type Name } from './name.ts';
import { textView } from './text-view.ts';
import { browsingTrouble, codeOf, isAborted } from './trouble.ts';

/** A file: shown in place where that is safe, and always to download. */
export function fileView(
  context: PageContext,
  node: Network,
  name: Name,
  file: Resolved,
  /** The pictures of the same folder, if they are known. */
  pictures: readonly FolderEntry[],
  signal: AbortSignal,
): HTMLElement {
  const fileName = name.segments.at(-1) ?? '';
  const item = { ...file, name: fileName };
  const shown = shownAs(file.type, fileName);
  const place = h('div', { class: 'file-place' });
  const load = (): void => void show(node, name, file, shown, place, load, signal);
  load();
  return h(
    'div',
    { class: 'file' },
    h(
      'div',
      { class: 'file-head' },
      kindIcon(item),
      h(
        'p',
        { class: 'file-facts' },
        h('span', {}, kindWord(item)),
        h('span', {}, byteCount(file.bytes)),
        file.type === '' ? undefined : h('span', { class: 'file-type', title: 'Says the publisher' }, file.type),
      ),
      shown?.kind === 'picture' ? steps(name, pictures) : undefined,
      downloadButton(context, name, file.bytes, true, signal),
    ),
    place,
  );
}

async function show(
  node: Network,
  name: Name,
  file: Resolved,
  shown: Shown | undefined,
  place: HTMLElement,
  again: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (shown === undefined) {
    place.replaceChildren(note('file', 'This kind of file is not shown here. Download it to look at it.'));
    return;
  }
  const { element, onProgress } = loading();
  place.replaceChildren(element);
  try {
    const waiting: Waiting = { signal, onProgress };
    const view =
      shown.kind === 'text'
        ? await textView(node, name, file.bytes, waiting)
        : media(shown, name, await mediaAddress(node, name, shown.type, file.bytes, waiting), place);
    if (!signal.aborted) place.replaceChildren(view);
  } catch (error) {
    if (isAborted(error) || signal.aborted) return;
    const { title, advice } =
      codeOf(error) === undefined ? { title: 'Not shown', advice: errorText(error) } : browsingTrouble(error);
    place.replaceChildren(
      note('warning', `${title}. ${advice}`, h('button', { type: 'button', class: 'button', onclick: again }, 'Try again')),
    );
  }
}

function media({ kind }: Shown, name: Name, address: string, place: HTMLElement): HTMLElement {
  const fileName = name.segments.at(-1) ?? '';
  const onerror = (): void =>
    place.replaceChildren(
      note('warning', 'The browser can’t show this: it is damaged, of a kind that it doesn’t know, or out of reach.'),
    );
  switch (kind) {
    case 'audio':
      return h('audio', { class: 'file-audio', controls: true, preload: 'metadata', src: address, 'aria-label': fileName, onerror });
    case 'video':
      return h('video', {
        class: 'file-video',
        controls: true,
        playsinline: true,
        preload: 'metadata',
        src: address,
        'aria-label': fileName,
        onerror,
      });
    case 'picture':
    case 'text':
      return h('img', { class: 'file-picture', src: address, alt: fileName, onerror });
  }
}

function loading(): { readonly element: HTMLElement; onProgress(progress: FetchProgress): void } {
  const bar = new ProgressBar('Loading');
  const words = h('p', { class: 'hint' }, 'Loading …');
  return {
    element: h('div', { class: 'loading' }, bar.element, words),
    onProgress: ({ done, total, sources }) => {
      const text = `${byteCount(done)} of ${byteCount(total)} from ${counted(sources, 'peer')}`;
      bar.show(total === 0 ? 1 : done / total, text);
      setText(words, text);
    },
  };
}

function note(name: IconName, text: string, ...more: readonly HTMLElement[]): HTMLElement {
  return h('div', { class: 'file-note', role: name === 'warning' ? 'alert' : undefined }, icon(name), h('p', {}, text), ...more);
}

/** Links to the pictures before and behind this one. */
function steps(name: Name, pictures: readonly FolderEntry[]): HTMLElement | undefined {
  const folder = parentOf(name);
  const index = pictures.findIndex((entry) => entry.name === name.segments.at(-1));
  if (folder === undefined || index < 0 || pictures.length < 2) return undefined;
  const step = (by: 1 | -1, words: string): HTMLElement => {
    const { name: other } = pictures[(index + by + pictures.length) % pictures.length] ?? { name: '' };
    return h(
      'a',
      {
        class: 'button button-icon',
        href: `#${formatName(childOf(folder, other))}`,
        'data-step': by,
        'aria-label': `${words} picture: ${other}`,
        title: `${words} picture`,
      },
      icon(by === 1 ? 'right' : 'left'),
    );
  };
  return h(
    'span',
    { class: 'file-steps' },
    step(-1, 'Previous'),
    h('span', { class: 'file-index' }, `${index + 1} / ${pictures.length}`),
    step(1, 'Next'),
  );
}
