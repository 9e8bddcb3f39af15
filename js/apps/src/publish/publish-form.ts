import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { byteCount, counted, shortId } from '../format.ts';
import type { PageContext } from '../pages.ts';
import type { Chosen } from './chosen.ts';
import type { Order } from './job.ts';
import { pathProblem, sanitisePath } from './path.ts';

const MOST_COPIES = 8;
const USUAL_COPIES = 3;

/** Under which name, and with how many copies, what was chosen is to be published. */
export class PublishForm {
  readonly element: HTMLFormElement;
  readonly #context: PageContext;
  readonly #chosen: Chosen;
  readonly #isTaken: (name: string) => boolean;
  readonly #path: HTMLInputElement;
  readonly #pathHint = h('p', { class: 'hint', id: uniqueId('path-hint') });
  readonly #copies: HTMLInputElement;
  readonly #copiesHint = h('p', { class: 'hint', id: uniqueId('copies-hint') });
  readonly #submit = h('button', { type: 'submit', class: 'button button-primary' }, icon('upload'), 'Publish');
  #hasOwnCopies = false;

  constructor(
    context: PageContext,
    chosen: Chosen,
    isTaken: (name: string) => boolean,
    onOrder: (order: Order) => void,
    onBack: () => void,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#chosen = chosen;
    this.#isTaken = isTaken;
    this.#path = h('input', {
      class: 'field',
      id: uniqueId('path'),
      value: chosen.name,
      spellcheck: 'false',
      autocomplete: 'off',
      'aria-describedby': this.#pathHint.id,
      oninput: () => this.#show(),
    });
    this.#copies = h('input', {
      class: 'field field-number',
      id: uniqueId('copies'),
      type: 'number',
      min: 0,
      max: MOST_COPIES,
      step: 1,
      required: true,
      'aria-describedby': this.#copiesHint.id,
      oninput: () => {
        this.#hasOwnCopies = true;
        this.#show();
      },
    });
    this.element = h(
      'form',
      {
        class: 'order',
        novalidate: true,
        onsubmit: (event: Event) => {
          event.preventDefault();
          const order = this.#order();
          if (order !== undefined) onOrder(order);
        },
      },
      this.#summary(),
      h('div', { class: 'order-field' }, h('label', { for: this.#path.id }, 'Name'), this.#path, this.#pathHint),
      h(
        'div',
        { class: 'order-field order-copies' },
        h('label', { for: this.#copies.id }, 'Copies on other peers'),
        this.#copies,
        this.#copiesHint,
      ),
      h(
        'div',
        { class: 'order-actions' },
        this.#submit,
        h('button', { type: 'button', class: 'button', onclick: onBack }, 'Cancel'),
      ),
    );
    const { session } = context;
    session.on('peers', () => this.#show(), signal);
    session.on('change', () => this.#show(), signal);
    this.#show();
  }

  focus(): void {
    this.#path.focus();
    this.#path.select();
  }

  #summary(): HTMLElement {
    const { label, isFolder } = this.#chosen;
    const facts = h('span', { class: 'muted' }, 'Counting …');
    void this.#chosen.measure().then(
      (amount) => {
        if (amount === undefined) setText(facts, 'Many files');
        else if (amount.files === 1 && !isFolder) setText(facts, byteCount(amount.bytes));
        else setText(facts, `${counted(amount.files, 'file')}, ${byteCount(amount.bytes)}`);
      },
      // Reading it will say why.
      () => setText(facts, ''),
    );
    return h(
      'div',
      { class: 'order-summary' },
      h('span', { class: 'kind', 'data-kind': isFolder ? 'folder' : 'file' }, icon(isFolder ? 'folder' : 'file')),
      h('div', { class: 'order-words' }, h('p', { class: 'order-label' }, label), facts),
    );
  }

  #order(): Order | undefined {
    const { node } = this.#context.session;
    const path = sanitisePath(this.#path.value);
    const copies = this.#wantedCopies();
    if (pathProblem(path) !== undefined) this.#path.focus();
    else if (copies === undefined) this.#copies.focus();
    else if (node !== undefined) return { chosen: this.#chosen, path, copies, anew: false };
    return undefined;
  }

  #wantedCopies(): number | undefined {
    const { value } = this.#copies;
    return /^\d+$/.test(value) && Number(value) <= MOST_COPIES ? Number(value) : undefined;
  }

  #show(): void {
    const { node, peers } = this.#context.session;
    if (!this.#hasOwnCopies) this.#copies.value = String(Math.min(USUAL_COPIES, peers.length));
    this.#submit.setAttribute('aria-disabled', String(node === undefined));
    this.#showPath(node?.id);
    this.#showCopies(peers.length);
  }

  #showPath(id: string | undefined): void {
    const path = sanitisePath(this.#path.value);
    const problem = pathProblem(path);
    this.#path.setAttribute('aria-invalid', String(problem !== undefined));
    this.#pathHint.classList.toggle('is-trouble', problem !== undefined);
    if (problem !== undefined) setText(this.#pathHint, problem);
    else if (this.#isTaken(path)) setText(this.#pathHint, 'You have published this name already: it will lead to this instead.');
    else if (id === undefined) setText(this.#pathHint, 'Joining the network …');
    else setText(this.#pathHint, `Others find it as bop:${shortId(id)}…:content/${path}`);
  }

  #showCopies(peers: number): void {
    const copies = this.#wantedCopies();
    const isWrong = copies === undefined;
    this.#copies.setAttribute('aria-invalid', String(isWrong));
    this.#copiesHint.classList.toggle('is-trouble', isWrong);
    let words: string;
    if (copies === undefined) words = `A number from 0 to ${MOST_COPIES}.`;
    else if (copies > peers && peers === 0) words = 'Nobody else is here who could keep a copy.';
    else if (copies > peers) words = `Only ${counted(peers, 'peer')} ${peers === 1 ? 'is' : 'are'} linked who could keep one.`;
    else if (copies === 0 && peers === 0) words = 'Nobody else is here. It stays as long as this tab does.';
    else if (copies === 0) words = 'It stays as long as this tab does, or whoever has fetched it.';
    else words = 'When these peers have it, you may close this tab.';
    setText(this.#copiesHint, words);
  }
}
