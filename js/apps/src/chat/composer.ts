import { icon } from '../components/icons.ts';
import { h, uniqueId } from '../dom.ts';
import { counted, errorText } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { cleanText, newId } from '../rooms/text.ts';
import type { Conversation } from './conversation.ts';
import { LONGEST_TEXT } from './wire.ts';

/** Files that are taken at one time. */
const MOST_FILES = 10;

/** The field for what is said next: Enter sends, Shift+Enter begins a new line. */
export class Composer {
  readonly element: HTMLFormElement;
  readonly #context: PageContext;
  readonly #field: HTMLTextAreaElement;
  readonly #files: HTMLInputElement;
  readonly #attach: HTMLButtonElement;
  readonly #send: HTMLButtonElement;
  readonly #problem = h('div', { class: 'composer-problem', role: 'status' });
  #conversation: Conversation | undefined;
  #canSend = false;
  #isSending = false;

  constructor(context: PageContext) {
    this.#context = context;
    this.#field = h('textarea', {
      class: 'field composer-field',
      id: uniqueId('composer'),
      name: 'text',
      rows: 1,
      dir: 'auto',
      autocomplete: 'off',
      enterkeyhint: 'send',
      oninput: () => this.#changed(),
      onkeydown: (event: KeyboardEvent) => {
        // Enter also ends what an input method composes.
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        void this.#submit();
      },
      onpaste: (event: ClipboardEvent) => {
        const files = [...(event.clipboardData?.files ?? [])];
        if (files.length === 0) return;
        event.preventDefault();
        this.attach(files);
      },
    });
    this.#files = h('input', {
      type: 'file',
      hidden: true,
      multiple: true,
      onchange: () => {
        const files = [...(this.#files.files ?? [])];
        // Choosing the same once more is a change, too.
        this.#files.value = '';
        this.attach(files);
      },
    });
    this.#attach = h(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-icon',
        'aria-label': 'Send pictures or files',
        title: 'Send pictures or files',
        onclick: () => this.#files.click(),
      },
      icon('attach'),
    );
    this.#send = h(
      'button',
      { type: 'submit', class: 'button button-primary button-icon', 'aria-label': 'Send', title: 'Send (Enter)' },
      icon('send'),
    );
    this.element = h(
      'form',
      {
        class: 'composer',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void this.#submit();
        },
      },
      this.#problem,
      h(
        'div',
        { class: 'composer-row' },
        this.#attach,
        this.#files,
        h('label', { class: 'visually-hidden', for: this.#field.id }, 'Message'),
        this.#field,
        this.#send,
      ),
    );
    this.#say('');
  }

  get canSend(): boolean {
    return this.#canSend;
  }

  focus(): void {
    this.#field.focus();
  }

  /** Writes to this conversation from now on. */
  show(conversation: Conversation | undefined, signal: AbortSignal): void {
    this.#conversation = conversation;
    this.element.hidden = conversation === undefined;
    this.#field.value = conversation?.draft ?? '';
    this.#field.placeholder = conversation === undefined ? '' : `Write to ${conversation.title}`;
    this.#say('');
    this.#fit();
    signal.addEventListener('abort', () => {
      if (conversation !== undefined) conversation.draft = this.#field.value;
    }, { once: true });
  }

  enable(canSend: boolean, isShown: boolean): void {
    this.#canSend = canSend;
    this.element.hidden = !isShown;
    // The field stays open: what is written waits.
    this.#send.disabled = !canSend;
    this.#attach.disabled = !canSend;
  }

  attach(files: readonly File[]): void {
    const { node } = this.#context.session;
    if (!this.#canSend || node === undefined) return;
    if (files.length > MOST_FILES) {
      this.#say(`At one time, ${MOST_FILES} files are sent. More of them are a folder for the page Publish.`);
      return;
    }
    this.#say('');
    for (const file of files) this.#conversation?.share(node, file);
  }

  async #submit(): Promise<void> {
    const conversation = this.#conversation;
    const text = this.#field.value;
    const said = cleanText(text, Infinity);
    if (conversation === undefined || said === '' || this.#isSending) return;
    if (!this.#canSend) {
      this.#say(`Not sent: ${conversation.standing.words}`);
      return;
    }
    if (said.length > LONGEST_TEXT) {
      this.#offerFile(said);
      return;
    }
    this.#isSending = true;
    try {
      await conversation.say({ id: newId(), content: { text: said } });
      if (this.#conversation === conversation && this.#field.value === text) {
        this.#field.value = '';
        this.#fit();
      }
      // It is kept when the page is left.
      if (conversation.draft === text) conversation.draft = '';
      this.#say('');
    } catch (error) {
      this.#say(`Not sent, try again: ${errorText(error)}`);
    }
    this.#isSending = false;
  }

  #offerFile(text: string): void {
    this.#say(
      `${counted(text.length - LONGEST_TEXT, 'character')} too long. Shorten it, or send it as a file.`,
      h(
        'button',
        {
          type: 'button',
          class: 'button button-small',
          onclick: () => {
            if (!this.#canSend) return this.#say(`Not sent: ${this.#conversation?.standing.words ?? 'no conversation'}`);
            this.attach([new File([text], 'message.txt', { type: 'text/plain' })]);
            this.#field.value = '';
            this.#fit();
            this.focus();
          },
        },
        'Send as a file',
      ),
    );
  }

  #changed(): void {
    this.#fit();
    if (!this.#problem.hidden) this.#say('');
  }

  /** As high as what is in it, within the style's bounds. */
  #fit(): void {
    const { style } = this.#field;
    style.height = 'auto';
    const border = this.#field.offsetHeight - this.#field.clientHeight;
    style.height = this.#field.value === '' ? '' : `${this.#field.scrollHeight + border}px`;
  }

  #say(problem: string, ...more: readonly HTMLElement[]): void {
    this.#problem.hidden = problem === '';
    this.#problem.replaceChildren(...(problem === '' ? [] : [icon('warning'), h('p', {}, problem), ...more]));
  }
}
