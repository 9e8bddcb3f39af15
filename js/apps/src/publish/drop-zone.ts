import { icon } from '../components/icons.ts';
import { h } from '../dom.ts';
import { chosenByDrop, chosenFiles, type Chosen } from './chosen.ts';

/** Where files and folders are dropped, or chosen by buttons. */
export class DropZone {
  readonly element: HTMLElement;

  constructor(onChosen: (chosen: Chosen) => void) {
    this.element = h(
      'div',
      { class: 'drop' },
      h('span', { class: 'drop-mark' }, icon('upload')),
      h('p', { class: 'drop-title' }, 'Drop files or a folder here'),
      h(
        'div',
        { class: 'drop-buttons' },
        chooser('Choose files', { multiple: true }, onChosen),
        // Phones have no folders to choose.
        'webkitdirectory' in HTMLInputElement.prototype
          ? chooser('Choose a folder', { webkitdirectory: true }, onChosen)
          : undefined,
      ),
      h(
        'p',
        { class: 'hint' },
        'What you publish is served from this tab, and by everybody who keeps a copy. There is no content server.',
      ),
    );
  }
}

function chooser(text: string, how: Readonly<Record<string, true>>, onChosen: (chosen: Chosen) => void): HTMLElement {
  const input = h('input', {
    type: 'file',
    hidden: true,
    ...how,
    onchange: () => {
      const chosen = chosenFiles([...(input.files ?? [])]);
      // Choosing the same once more is a change, too.
      input.value = '';
      if (chosen !== undefined) onChosen(chosen);
    },
  });
  return h(
    'span',
    {},
    h('button', { type: 'button', class: 'button', onclick: () => input.click() }, text),
    input,
  );
}

/**
 * Takes drops anywhere in the window while `isOpen`; `mark` shows where they go. Without this, a
 * drop beside the zone would open the file in place of the page, which would leave the network.
 */
export function takeDrops(
  isOpen: () => boolean,
  mark: (isOver: boolean) => void,
  onChosen: (chosen: Chosen) => void,
  signal: AbortSignal,
): void {
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  // Entering a child comes before leaving its parent.
  let depth = 0;
  const listen = (type: 'dragenter' | 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void): void => {
    addEventListener(
      type,
      (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        listener(event);
      },
      { signal },
    );
  };
  listen('dragenter', () => {
    depth += 1;
    mark(isOpen());
  });
  listen('dragleave', () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) mark(false);
  });
  listen('dragover', (event) => {
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = isOpen() ? 'copy' : 'none';
  });
  listen('drop', (event) => {
    depth = 0;
    mark(false);
    const chosen = event.dataTransfer === null || !isOpen() ? undefined : chosenByDrop(event.dataTransfer);
    if (chosen !== undefined) onChosen(chosen);
  });
}
