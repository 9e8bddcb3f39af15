import { h, uniqueId } from '../dom.ts';
import { shortId } from '../format.ts';
import type { PageContext } from '../pages.ts';
import { User } from './user.ts';
import { LONGEST_NAME, userName } from './user-name.ts';

/** The field for the visitor's own name, which is taken when it is left, or by Enter. */
export function nameForm({ session, announcer }: PageContext, signal: AbortSignal): HTMLElement {
  const user = User.of(session);
  const take = (): void => {
    const before = user.name;
    user.rename(input.value);
    show();
    if (user.name !== before) announcer.say(`You are ${user.name} now`);
  };
  const input = h('input', {
    class: 'field',
    id: uniqueId('user-name'),
    name: 'user-name',
    maxlength: LONGEST_NAME,
    autocomplete: 'nickname',
    spellcheck: 'false',
    enterkeyhint: 'done',
    onblur: take,
  });
  const show = (): void => {
    input.placeholder = shortId(session.id ?? '');
    if (document.activeElement !== input || userName(input.value) !== user.chosen) input.value = user.chosen ?? '';
  };
  user.on('change', show, signal);
  show();
  return h(
    'form',
    {
      class: 'name-form',
      onsubmit: (event: Event) => {
        event.preventDefault();
        take();
      },
    },
    h('label', { for: input.id }, 'Your name'),
    input,
  );
}
