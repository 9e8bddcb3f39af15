import { idText } from '../components/id-text.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { clockTime, counted, errorText, groupText } from '../format.ts';
import type { PageContext } from '../pages.ts';

/** Group messages kept in the card. */
const KEPT = 20;
/** Characters that the form takes. */
const LONGEST = 500;

/** The bopcast group: who is in it, what was said, and a line to say something. */
export function groupCard(context: PageContext, signal: AbortSignal): HTMLElement {
  const { session, toasts } = context;
  const title = uniqueId('group-title');
  const count = h('span', { class: 'muted' });
  const members = h('ul', { class: 'members', role: 'list' });
  const hint = h(
    'p',
    { class: 'hint' },
    'Register a peer above to form a group. Everybody in it gets what anybody in it sends.',
  );
  const said = h('ol', { class: 'said', role: 'list' });
  const field = h('input', {
    class: 'field',
    id: uniqueId('group-text'),
    name: 'text',
    maxlength: LONGEST,
    autocomplete: 'off',
    placeholder: 'Say something…',
  });
  const send = h('button', { type: 'submit', class: 'button button-primary' }, 'Send');
  const form = h(
    'form',
    {
      class: 'say',
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        void submit();
      },
    },
    h('label', { class: 'visually-hidden', for: field.id }, 'Message to the group'),
    field,
    send,
  );

  const note = (from: string, text: string): void => {
    const line = h(
      'li',
      { class: 'said-line' },
      idText(from, session.id),
      h('span', { class: 'said-text' }, text),
      h('span', { class: 'said-time' }, clockTime(new Date()).slice(0, 8)),
    );
    said.prepend(line);
    while (said.childElementCount > KEPT) said.lastElementChild?.remove();
  };

  const submit = async (): Promise<void> => {
    const text = field.value.trim();
    if (text === '' || session.node === undefined) return;
    try {
      const sending = session.node.group.send({ text });
      field.value = '';
      note(session.node.id, text);
      await sending;
    } catch (error) {
      toasts.show(`Not sent: ${errorText(error)}`, 'warning');
    }
  };

  const show = (): void => {
    const others = session.members;
    const own = session.id;
    const all = own === undefined || others.length === 0 ? [] : [own, ...others];
    setText(count, all.length === 0 ? '' : counted(all.length, 'member'));
    members.replaceChildren(...all.map((id) => h('li', { class: 'member' }, idText(id, own))));
    members.hidden = all.length === 0;
    hint.hidden = all.length > 0;
    form.hidden = all.length === 0;
  };
  session.on('members', show, signal);
  session.on('change', show, signal);
  session.on('group', ({ from, payload }) => {
    if (from !== session.id) note(from, groupText(payload));
  }, signal);
  show();

  return h(
    'section',
    { class: 'group', 'aria-labelledby': title },
    h('div', { class: 'group-head' }, h('h2', { id: title }, 'Group'), count),
    hint,
    members,
    form,
    said,
  );
}
