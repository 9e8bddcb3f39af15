import { peerChips } from '../components/peer-chips.ts';
import { ProgressBar } from '../components/progress-bar.ts';
import { h, setText } from '../dom.ts';
import { byteCount, counted } from '../format.ts';
import type { PageContext } from '../pages.ts';
import type { Job } from './job.ts';

const phases = { reading: 'Reading', naming: 'Writing the name', copying: 'Copying to other peers' } as const;

/** How far publishing has come. */
export class Publishing {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #job: Job;
  readonly #bar = new ProgressBar('Publishing');
  readonly #phase = h('h3', { class: 'publishing-phase', tabindex: -1 });
  readonly #bytes = h('span', { class: 'publishing-bytes' });
  readonly #file = h('p', { class: 'publishing-file' });
  readonly #holders = h('div', {});
  readonly #stop: HTMLButtonElement;
  #said = '';
  #shownHolders = -1;

  constructor(context: PageContext, job: Job, signal: AbortSignal) {
    this.#context = context;
    this.#job = job;
    this.#stop = h('button', { type: 'button', class: 'button', onclick: () => job.cancel() });
    this.element = h(
      'div',
      { class: 'publishing' },
      h('p', { class: 'publishing-what' }, job.order.path),
      h('div', { class: 'publishing-head' }, this.#phase, this.#bytes),
      this.#bar.element,
      this.#file,
      this.#holders,
      this.#stop,
    );
    job.on('progress', () => this.#show(), signal);
    this.#show();
  }

  focus(): void {
    this.#phase.focus();
  }

  #show(): void {
    const { progress, order, part } = this.#job;
    const { phase, file, done, total, holders } = progress;
    const parts = order.chosen.parts.length;
    const which = parts > 1 ? ` (${Math.max(1, part)} of ${parts})` : '';
    setText(this.#phase, `${phases[phase]}${which} …`);
    switch (phase) {
      case 'reading': {
        const words = total === undefined ? byteCount(done) : `${byteCount(done)} of ${byteCount(total)}`;
        setText(this.#bytes, words);
        this.#bar.show(total === undefined ? undefined : total === 0 ? 1 : done / total, words);
        break;
      }
      case 'naming':
        setText(this.#bytes, total === undefined ? '' : byteCount(total));
        this.#bar.show(undefined);
        break;
      case 'copying': {
        const words = `${holders.length} of ${counted(order.copies, 'copy', 'copies')}`;
        setText(this.#bytes, words);
        this.#bar.show(order.copies === 0 ? 1 : holders.length / order.copies, words);
        break;
      }
    }
    setText(this.#stop, phase === 'copying' ? 'Stop copying' : 'Cancel');
    this.#file.hidden = phase !== 'reading';
    setText(this.#file, file ?? '');
    this.#file.title = file ?? '';
    this.#showHolders(holders);
    if (this.#said !== phase) {
      this.#said = phase;
      this.#context.announcer.say(phases[phase]);
    }
  }

  #showHolders(holders: readonly string[]): void {
    if (this.#shownHolders === holders.length) return;
    this.#shownHolders = holders.length;
    this.#holders.replaceChildren(
      ...(holders.length === 0 ? [] : [peerChips(holders, this.#context.session.id, 'Peers that have a copy')]),
    );
  }
}
