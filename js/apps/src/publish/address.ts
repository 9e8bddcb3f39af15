import { icon } from '../components/icons.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { formatName, nameIn, type Name } from './name.ts';

/** The field for a name, or a link that has one. */
export class Address {
  readonly element: HTMLFormElement;
  readonly #field: HTMLInputElement;
  readonly #problem = h('p', { class: 'hint is-trouble', id: uniqueId('address-problem'), role: 'status' });

  constructor(onName: (name: Name) => void) {
    this.#field = h('input', {
      class: 'field address-field',
      type: 'text',
      inputmode: 'url',
      enterkeyhint: 'go',
      spellcheck: 'false',
      autocomplete: 'off',
      autocapitalize: 'off',
      placeholder: 'bop:… or a link to this page',
      'aria-label': 'Name or link',
      'aria-describedby': this.#problem.id,
      onfocus: () => this.#field.select(),
      oninput: () => this.#say(''),
    });
    this.element = h(
      'form',
      {
        class: 'address',
        onsubmit: (event: Event) => {
          event.preventDefault();
          const name = nameIn(this.#field.value);
          if (name !== undefined) {
            onName(name);
            return;
          }
          const isEmpty = this.#field.value.trim() === '';
          this.#say(
            isEmpty
              ? 'Paste a name or a link.'
              : 'There is no name in this. A name reads bop:<peer id>:content/<path>; a link has one behind its #.',
          );
          this.#field.focus();
        },
      },
      h(
        'div',
        { class: 'address-row' },
        this.#field,
        h('button', { type: 'submit', class: 'button button-primary' }, 'Open', icon('right')),
      ),
      this.#problem,
    );
    this.#say('');
  }

  show(name: Name | undefined): void {
    this.#field.value = name === undefined ? '' : formatName(name);
    this.#say('');
  }

  #say(problem: string): void {
    setText(this.#problem, problem);
    this.#problem.hidden = problem === '';
    this.#field.setAttribute('aria-invalid', String(problem !== ''));
  }
}
