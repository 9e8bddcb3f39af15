import { icon } from '../components/icons.ts';
import { h, setText } from '../dom.ts';
import { errorText } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { download } from './media.ts';
import type { Name } from './name.ts';
import { isAborted } from './trouble.ts';

/** A button that downloads a file, and while it does, cancels that. */
export function downloadButton(
  { session, toasts }: PageContext,
  name: Name,
  bytes: number,
  isLarge: boolean,
  signal: AbortSignal,
): HTMLElement {
  const fileName = name.segments.at(-1) ?? 'file';
  const words = h('span', {});
  let running: AbortController | undefined;

  const show = (share?: number): void => {
    const isRunning = running !== undefined;
    button.classList.toggle('is-running', isRunning);
    button.ariaLabel = `${isRunning ? 'Cancel the download of' : 'Download'} ${fileName}`;
    button.title = isRunning ? 'Cancel' : 'Download';
    const percent = share === undefined ? '' : `${Math.round(share * 100)} %`;
    setText(words, isRunning ? percent : isLarge ? 'Download' : '');
    words.hidden = words.textContent === '';
  };
  const run = async (): Promise<void> => {
    if (running !== undefined) {
      running.abort();
      return;
    }
    if (session.node === undefined) return;
    const abort = new AbortController();
    running = abort;
    signal.addEventListener('abort', () => abort.abort(), { once: true });
    show();
    try {
      await download(session.node, name, fileName, bytes, {
        signal: abort.signal,
        onProgress: ({ done, total }) => {
          if (running === abort) show(total === 0 ? 1 : done / total);
        },
      });
    } catch (error) {
      if (!isAborted(error)) toasts.show(`${fileName} was not downloaded: ${errorText(error)}`, 'warning');
    }
    running = undefined;
    show();
  };
  const button = h(
    'button',
    {
      type: 'button',
      class: isLarge ? 'button' : 'button button-quiet button-small button-icon button-download',
      onclick: () => void run(),
    },
    icon('download'),
    words,
  );
  show();
  return button;
}
