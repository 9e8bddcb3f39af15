import { copyText } from '../components/clipboard.ts';
import { icon } from '../components/icons.ts';
import { h, uniqueId } from '../dom.ts';
import { clockTime, counted, subtypeOf } from '../format.ts';
import { jsonTokens, prettyJson, SHOWN_LIMIT } from '../json.ts';
import type { PageContext } from '../pages.ts';
import type { Entry } from './log.ts';
import { directionMark } from './message-row.ts';

/** The third column: one message with the report's four properties. */
export class Content {
  readonly element: HTMLElement;
  readonly #context: PageContext;
  readonly #title: HTMLElement;
  readonly #body = h('div', { class: 'content panel-scroll', tabindex: 0 });
  readonly #actions = h('div', { class: 'panel-actions' });

  /** `back` leads to the list again, from the keyboard (Escape) or from the button on a phone. */
  constructor(context: PageContext, back: () => void) {
    this.#context = context;
    const title = uniqueId('content-title');
    this.#title = h('h2', { id: title, tabindex: -1 }, 'Content');
    this.element = h(
      'section',
      {
        class: 'panel panel-content',
        'aria-labelledby': title,
        onkeydown: (event: KeyboardEvent) => {
          if (event.key === 'Escape') back();
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
            onclick: back,
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
    const { toasts } = this.#context;
    const envelope = { type, from, to, payload };
    const subtype = subtypeOf(payload);
    const json = prettyJson(payload);
    this.#actions.replaceChildren(
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          onclick: () => void copyText(prettyJson(envelope), 'Message', toasts),
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
        ...this.#property('type', h('code', {}, type)),
        ...this.#property('from', this.#id(from)),
        ...this.#property('to', this.#id(to)),
        ...this.#property('payload', this.#json(json)),
      ),
    );
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
      {},
      h('code', { class: own ? 'id-full id-own' : 'id-full' }, id),
      own ? ' ' : undefined,
      own ? h('span', { class: 'you' }, 'you') : undefined,
    );
  }

  #json(json: string): HTMLElement {
    const shown = json.length > SHOWN_LIMIT ? json.slice(0, SHOWN_LIMIT) : json;
    const code = h('code', {});
    for (const { kind, text } of jsonTokens(shown)) {
      code.append(kind === 'plain' ? text : h('span', { class: `json-${kind}` }, text));
    }
    const pre = h('pre', { class: 'json' }, code);
    if (shown.length === json.length) return pre;
    const note = `The first ${counted(SHOWN_LIMIT, 'character')} of ${json.length.toLocaleString('en')}; copying takes all.`;
    return h('div', {}, pre, h('p', { class: 'panel-note' }, note));
  }
}
