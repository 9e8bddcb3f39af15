import { h } from '../dom.ts';
import { byteCount, counted } from '../format.ts';
import { jsonTokens, prettyJson, SHOWN_LIMIT } from '../json.ts';
import { hexDump } from './hex.ts';
import { jsonTree } from './json-tree.ts';
import { rawBytes } from './payload.ts';

type View = 'tree' | 'text' | 'hex';

const names: Readonly<Record<View, string>> = { tree: 'JSON', text: 'Text', hex: 'Hex' };

/** CSS pixels that a row of sixteen bytes needs. */
const WIDE = 600;

/** A payload as a tree, as text or as bytes; what was chosen last stays for the next message. */
export class PayloadView {
  readonly element: HTMLElement;
  readonly #size = h('span', { class: 'payload-size' });
  readonly #body = h('div', { class: 'payload-body' });
  readonly #buttons = new Map<View, HTMLButtonElement>();
  /** JSON and bytes have their own favourites. */
  readonly #chosen: { json: View; bytes: View } = { json: 'tree', bytes: 'hex' };
  #payload: unknown;
  #bytes: Uint8Array | undefined;

  constructor() {
    for (const view of ['tree', 'text', 'hex'] as const) {
      this.#buttons.set(
        view,
        h(
          'button',
          { type: 'button', class: 'button button-small', onclick: () => this.#choose(view) },
          names[view],
        ),
      );
    }
    this.element = h(
      'div',
      { class: 'payload' },
      h(
        'div',
        { class: 'payload-head' },
        h('div', { class: 'payload-views', role: 'group', 'aria-label': 'Payload as' }, ...this.#buttons.values()),
        this.#size,
      ),
      this.#body,
    );
  }

  show(payload: unknown): void {
    this.#payload = payload;
    this.#bytes = rawBytes(payload);
    this.#render();
  }

  #choose(view: View): void {
    this.#chosen[this.#kind] = view;
    this.#render();
  }

  get #kind(): 'json' | 'bytes' {
    return this.#bytes === undefined ? 'json' : 'bytes';
  }

  #render(): void {
    const view = this.#chosen[this.#kind];
    for (const [name, button] of this.#buttons) {
      button.setAttribute('aria-pressed', String(name === view));
      button.hidden = name === 'tree' && this.#bytes !== undefined;
    }
    try {
      this.#body.replaceChildren(this.#shown(view));
    } catch {
      // Nested deeper than the browser can write.
      this.#size.textContent = '';
      this.#body.replaceChildren(h('p', { class: 'hint' }, 'This payload is nested too deeply to be written out.'));
    }
  }

  #shown(view: View): HTMLElement {
    const bytes = this.#bytes ?? new TextEncoder().encode(JSON.stringify(this.#payload) ?? 'null');
    this.#size.textContent =
      this.#bytes === undefined ? `JSON, ${byteCount(bytes.length)}` : byteCount(bytes.length);
    switch (view) {
      case 'tree':
        return jsonTree(this.#payload);
      case 'hex':
        return hexDump(bytes, this.element.clientWidth >= WIDE ? 16 : 8);
      case 'text':
        return this.#bytes === undefined
          ? text(prettyJson(this.#payload), true)
          : text(new TextDecoder().decode(this.#bytes), false);
    }
  }
}

function text(whole: string, isJson: boolean): HTMLElement {
  const shown = whole.slice(0, SHOWN_LIMIT);
  const code = h('code', {});
  if (isJson) {
    for (const { kind, text: part } of jsonTokens(shown)) {
      code.append(kind === 'plain' ? part : h('span', { class: `json-${kind}` }, part));
    }
  } else {
    code.append(shown);
  }
  const pre = h('pre', { class: 'json' }, code);
  if (shown.length === whole.length) return pre;
  const note = `The first ${counted(SHOWN_LIMIT, 'character')} of ${whole.length.toLocaleString('en')}; copying takes all.`;
  return h('div', {}, pre, h('p', { class: 'panel-note' }, note));
}
