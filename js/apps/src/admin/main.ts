import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/components.css';
import '../styles/shell.css';
import './admin.css';
import { themeSwitch } from '../components/theme-switch.ts';
import { h, setText, uniqueId } from '../dom.ts';
import { errorText } from '../format.ts';
import { Dashboard } from './dashboard.ts';
import { fetchStats, Refused } from './stats.ts';

/** Milliseconds between two looks at the server. */
const EVERY = 2000;

/** Milliseconds that an answer may take. */
const PATIENCE = 10_000;

/** Where this tab keeps the token, until it is closed. */
const KEY = 'boplish-admin-token';

const field = h('input', {
  id: uniqueId('token'),
  class: 'field',
  type: 'password',
  autocomplete: 'off',
  required: true,
});
const refused = h('p', { class: 'admin-refused', role: 'alert' });
const signIn = h(
  'form',
  { class: 'panel admin-sign-in', onsubmit: enter },
  h('h1', {}, 'Server'),
  h('label', { for: field.id }, 'Admin token'),
  field,
  refused,
  h('button', { type: 'submit', class: 'button button-primary' }, 'Show the numbers'),
);
const signOut = h('button', { type: 'button', class: 'button', onclick: () => leave('') }, 'Forget the token');
const main = h('main', { id: 'main', tabindex: -1 });
let looking: AbortController | undefined;

document.body.append(
  h('a', { class: 'skip-link', href: '#main' }, 'Skip to content'),
  h('header', { class: 'admin-header' }, h('a', { class: 'brand', href: './' }, 'BOPlish'), signOut, themeSwitch()),
  main,
);
const kept = recall();
if (kept === undefined) leave('');
else look(kept);

function enter(event: SubmitEvent): void {
  event.preventDefault();
  // The same words again are to be announced again.
  setText(refused, '');
  look(field.value.trim());
}

/** Shows the numbers, and asks for them again and again. */
function look(token: string): void {
  looking?.abort();
  const current = new AbortController();
  looking = current;
  const dashboard = new Dashboard();
  let isKnown = token === recall();
  const ask = async (): Promise<void> => {
    try {
      const stats = await fetchStats(token, AbortSignal.any([current.signal, AbortSignal.timeout(PATIENCE)]));
      if (current.signal.aborted) return;
      dashboard.show(stats);
      keep(token);
      isKnown = true;
      open(dashboard);
    } catch (error) {
      if (current.signal.aborted) return;
      // A token that was taken once outlasts a server that can't be reached for the moment.
      if (error instanceof Refused || !isKnown) {
        leave(errorText(error));
        return;
      }
      open(dashboard);
      dashboard.lost(errorText(error));
    }
    setTimeout(() => {
      if (!current.signal.aborted) void ask();
    }, EVERY);
  };
  void ask();
}

function open(dashboard: Dashboard): void {
  if (dashboard.element.isConnected) return;
  field.value = '';
  main.replaceChildren(dashboard.element);
  signOut.hidden = false;
  main.focus({ preventScroll: true });
}

/** Forgets the token, and asks for one. */
function leave(why: string): void {
  looking?.abort();
  keep('');
  setText(refused, why);
  signOut.hidden = true;
  if (!signIn.isConnected) main.replaceChildren(signIn);
  field.focus();
}

function recall(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(token: string): void {
  try {
    if (token === '') sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Blocked storage only costs that a reload asks again.
  }
}
