import { icon } from '../components/icons.ts';
import { ProgressBar } from '../components/progress-bar.ts';
import { h, setText } from '../dom.ts';
import { byteCount } from '../format.ts';
import { kindIcon } from '../publish/kinds.ts';
import type { Sharing } from './sharing.ts';

const phases = { reading: 'Reading', naming: 'Publishing', copying: 'Giving copies to other peers' } as const;

/** A file on its way, as it will stand in the log: how far it has come, or why it did not. */
export function sharingView(sharing: Sharing): HTMLElement {
  const { file } = sharing;
  const bar = new ProgressBar(`Sending ${file.name}`);
  const facts = h('span', { class: 'shared-facts' });
  const trouble = h('p', { class: 'hint is-trouble', role: 'status' });
  const again = h(
    'button',
    { type: 'button', class: 'button button-small', onclick: () => void sharing.start() },
    'Try again',
  );
  const cancel = h(
    'button',
    {
      type: 'button',
      class: 'button button-quiet button-small button-icon',
      'aria-label': `Do not send ${file.name}`,
      title: 'Do not send it',
      onclick: () => sharing.cancel(),
    },
    icon('close'),
  );
  const show = (): void => {
    const { progress } = sharing;
    const isFailed = sharing.trouble !== undefined;
    const share = progress?.phase !== 'reading' || progress.total === undefined ? undefined : progress.done / Math.max(1, progress.total);
    bar.element.hidden = isFailed;
    bar.show(share);
    setText(facts, isFailed ? 'Not sent' : `${progress === undefined ? 'Waiting' : phases[progress.phase]} · ${byteCount(file.size)}`);
    setText(trouble, sharing.trouble ?? '');
    trouble.hidden = !isFailed;
    again.hidden = !isFailed;
  };
  sharing.on('progress', show);
  show();
  return h(
    'div',
    { class: 'talk talk-own talk-first' },
    h(
      'div',
      { class: 'talk-body talk-file sharing' },
      h(
        'div',
        { class: 'shared-file' },
        kindIcon({ kind: 'file', name: file.name, type: file.type }),
        h('span', { class: 'shared-words' }, h('span', { class: 'shared-name', dir: 'auto' }, file.name), facts),
        again,
        cancel,
      ),
      bar.element,
      trouble,
    ),
  );
}
