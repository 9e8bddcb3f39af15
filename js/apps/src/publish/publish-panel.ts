import { icon } from '../components/icons.ts';
import { h, uniqueId } from '../dom.ts';
import type { PageContext } from '../pages.ts';
import type { Chosen } from './chosen.ts';
import { DropZone, takeDrops } from './drop-zone.ts';
import { Job, type Order } from './job.ts';
import { PublishForm } from './publish-form.ts';
import { Published } from './published.ts';
import { Publishing } from './publishing.ts';
import { codeOf, publishingTrouble } from './trouble.ts';

interface Step {
  readonly element: HTMLElement;
  focus?(): void;
}

/** Publishing, step by step: choose, name, wait, and carry the link away. */
export class PublishPanel {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #isTaken: (name: string) => boolean;
  readonly #onPublished: () => void;
  readonly #signal: AbortSignal;
  readonly #place = h('div', { class: 'panel-scroll publish-step' });
  /** Ends what the step that is shown listens to. */
  #step = new AbortController();

  constructor(
    context: PageContext,
    isTaken: (name: string) => boolean,
    onChosen: () => void,
    onPublished: () => void,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#isTaken = isTaken;
    this.#onPublished = onPublished;
    this.#signal = signal;
    const title = uniqueId('publish-title');
    this.element = h(
      'section',
      { class: 'panel panel-publish', 'aria-labelledby': title },
      h('div', { class: 'panel-head' }, h('h2', { id: title }, 'Publish')),
      this.#place,
    );
    takeDrops(
      () => !this.#isBusy,
      (isOver) => this.element.classList.toggle('is-over', isOver),
      (chosen) => {
        onChosen();
        this.#ask(chosen);
      },
      signal,
    );
    addEventListener(
      'beforeunload',
      (event) => {
        if (this.#isBusy) event.preventDefault();
      },
      { signal },
    );
    signal.addEventListener('abort', () => this.#step.abort(), { once: true });
    const job = Job.of(context.session);
    if (job === undefined) this.#begin();
    else this.#follow(job);
  }

  get #isBusy(): boolean {
    const job = Job.of(this.#context.session);
    return job !== undefined && job.outcome === undefined;
  }

  #show(make: (signal: AbortSignal) => Step, takesFocus = true): void {
    this.#step.abort();
    this.#step = new AbortController();
    const step = make(this.#step.signal);
    this.#place.replaceChildren(step.element);
    this.#place.scrollTop = 0;
    if (takesFocus) step.focus?.();
  }

  #begin(takesFocus = false): void {
    Job.forget(this.#context.session);
    this.#show(() => {
      const { element } = new DropZone((chosen) => this.#ask(chosen));
      return { element, focus: () => element.querySelector('button')?.focus() };
    }, takesFocus);
  }

  #ask(chosen: Chosen): void {
    Job.forget(this.#context.session);
    this.#show(
      (signal) =>
        new PublishForm(
          this.#context,
          chosen,
          this.#isTaken,
          (order) => this.#start(order),
          () => this.#begin(true),
          signal,
        ),
    );
  }

  #start(order: Order): void {
    const { session, toasts } = this.#context;
    if (session.node === undefined) return;
    const job = Job.start(session, session.node, order);
    this.#follow(job, true);
    job.on('end', ({ kind }) => {
      // Whoever has gone to another page is told there.
      if (!this.#signal.aborted || kind === 'cancelled') return;
      if (kind === 'failed') toasts.show(`${order.path} could not be published`, 'warning');
      else toasts.show(`${order.path} is published`);
    });
  }

  /** Shows a job that runs, or has ended while another page was shown. */
  #follow(job: Job, takesFocus = false): void {
    if (job.outcome !== undefined) {
      this.#end(job, false);
      return;
    }
    this.#show((signal) => {
      let isNamed = false;
      job.on('progress', () => {
        // From then on it is among one's own.
        if (!isNamed && job.progress.phase === 'copying') this.#onPublished();
        isNamed ||= job.progress.phase === 'copying';
      }, signal);
      return new Publishing(this.#context, job, signal);
    }, takesFocus);
    job.on('end', () => this.#end(job, this.#place.contains(document.activeElement)), this.#signal);
  }

  #end(job: Job, takesFocus: boolean): void {
    const { outcome, order } = job;
    const { announcer } = this.#context;
    switch (outcome?.kind) {
      case undefined:
        break;
      case 'cancelled':
        announcer.say('Cancelled');
        this.#ask(order.chosen);
        break;
      case 'failed':
        announcer.say(publishingTrouble(outcome.error).title);
        this.#fail(order, outcome.error, takesFocus);
        break;
      case 'published':
      case 'few-copies':
        announcer.say(`Published: ${order.path}`);
        this.#onPublished();
        this.#show(
          (signal) => new Published(this.#context, outcome, order.copies, () => this.#begin(true), signal),
          takesFocus,
        );
        break;
    }
  }

  #fail(order: Order, error: unknown, takesFocus: boolean): void {
    const { title, advice } = publishingTrouble(error);
    const heading = h('h3', { tabindex: -1 }, title);
    const again = (text: string, changed: Partial<Order>, isFirst: boolean): HTMLElement =>
      h(
        'button',
        {
          type: 'button',
          class: isFirst ? 'button button-primary' : 'button',
          onclick: () => this.#start({ ...order, ...changed }),
        },
        text,
      );
    const element = h(
      'div',
      { class: 'trouble' },
      h('span', { class: 'trouble-mark' }, icon('warning')),
      heading,
      h('p', {}, advice),
      h(
        'div',
        { class: 'order-actions' },
        again('Try again', {}, true),
        codeOf(error) === 'unavailable' ? again('Begin a new list', { anew: true }, false) : undefined,
        h('button', { type: 'button', class: 'button', onclick: () => this.#ask(order.chosen) }, 'Back'),
      ),
    );
    this.#show(() => ({ element, focus: () => heading.focus() }), takesFocus);
  }
}
