import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h, uniqueId } from '../dom.ts';
import { clockTime, counted, shortId, subtypeOf } from '../format.ts';
import { prettyJson } from '../json.ts';
import type { Message } from '../network.ts';
import type { PageContext } from '../pages.ts';
import type { Entry } from './log.ts';
import { directionMark } from './message-row.ts';
import { PayloadView } from './payload-view.ts';
import { routeView } from './route-view.ts';

/** Where the visitor goes from a message. */
export interface Ways {
  /** To the list again, from the keyboard (Escape) or from the button on a phone. */
  back(): void;
  /** To the messages of its protocol, or of one of its peers. */
  only(kind: 'protocols' | 'peers', value: string): void;
}

/** The third column: one message with the report's four properties, and its way. */
export class Content {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #title: HTMLElement;
  readonly #ways: Ways;
  readonly #payload = new PayloadView();
  readonly #body = h('div', { class: 'content panel-scroll', tabindex: 0 });
  readonly #actions = h('div', { class: 'panel-actions' });

  constructor(context: PageContext, ways: Ways) {
    this.#context = context;
    this.#ways = ways;
    const title = uniqueId('content-title');
    this.#title = h('h2', { id: title, tabindex: -1 }, 'Content');
    this.element = h(
      'section',
      {
        class: 'panel panel-content',
        'aria-labelledby': title,
        onkeydown: (event: KeyboardEvent) => {
          if (event.key === 'Escape') ways.back();
        },
      },
      h(
        'div',
        { class: 'panel-head' },
        h(
          'button',
          {
            type: 'button',
            class: 'button button-small button-icon only-narrow',
            'aria-label': 'Back to the messages',
            onclick: () => ways.back(),
          },
          h('span', { class: 'flip' }, icon('send')),
        ),
        this.#title,
        this.#actions,
      ),
      this.#body,
    );
    this.#body.append(
      h('p', { class: 'empty' }, 'Choose a message to see its content.'),
      h(
        'p',
        { class: 'empty empty-keys only-wide' },
        h('kbd', {}, '↑'),
        ' ',
        h('kbd', {}, '↓'),
        ' move through the list, ',
        h('kbd', {}, 'Enter'),
        ' opens.',
      ),
    );
  }

  focus(): void {
    this.#title.focus();
  }

  show(entry: Entry): void {
    const { direction, hops } = entry;
    const { type, from, to, payload } = entry.message;
    const { id: own } = this.#context.session;
    const subtype = subtypeOf(payload);
    this.#actions.replaceChildren(
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          onclick: () => void this.#copy({ type, from, to, payload }),
        },
        icon('copy'),
        'Copy as JSON',
      ),
    );
    this.#body.replaceChildren(
      h(
        'div',
        { class: 'content-summary', 'data-direction': direction },
        h(
          'p',
          { class: 'content-name' },
          type,
          subtype === undefined ? undefined : h('span', { class: 'message-subtype' }, subtype),
        ),
        h(
          'p',
          { class: 'content-facts' },
          directionMark(direction, true),
          h('span', {}, clockTime(new Date(entry.time))),
          hops === undefined || hops < 1 ? undefined : h('span', {}, counted(hops, 'hop')),
        ),
      ),
      h(
        'dl',
        { class: 'properties' },
        ...this.#property('type', h('span', { class: 'property' }, h('code', {}, type), this.#only('protocols', type, type))),
        ...this.#property('from', this.#id(from)),
        ...this.#property('to', this.#id(to)),
        ...this.#property('payload', this.#payload.element),
      ),
      own === undefined
        ? ''
        : h('div', { class: 'way' }, h('h3', {}, 'Route'), routeView(entry, own)),
    );
    // Its width decides how it is drawn.
    this.#payload.show(payload);
    this.#body.scrollTop = 0;
  }

  #property(name: string, value: Node): readonly Node[] {
    return [h('dt', {}, name), h('dd', { 'data-property': name }, value)];
  }

  #id(id: string): HTMLElement {
    if (id === '') return h('span', { class: 'muted' }, 'empty: anyone');
    const own = id === this.#context.session.id;
    return h(
      'span',
      { class: 'property' },
      h('code', { class: own ? 'id-full id-own' : 'id-full' }, id),
      own ? h('span', { class: 'you' }, 'you') : this.#only('peers', id, shortId(id)),
    );
  }

  #only(kind: 'protocols' | 'peers', value: string, name: string): HTMLElement {
    return h(
      'button',
      {
        type: 'button',
        class: 'button button-small button-quiet button-icon',
        title: `Only messages of ${name}`,
        'aria-label': `Only messages of ${name}`,
        onclick: () => this.#ways.only(kind, value),
      },
      icon('filter'),
    );
  }

  async #copy(message: Message): Promise<void> {
    const { toasts } = this.#context;
    try {
      await copyText(prettyJson(message), 'Message', toasts);
    } catch {
      toasts.show('This message is nested too deeply to be written out', 'warning');
    }
  }
}
