import { h } from '../dom.ts';
import { icon } from './icons.ts';

const KEY = 'boplish-theme';
type Theme = 'light' | 'dark';

/** A button between light and dark; choosing what the system has follows the system again. */
export function themeSwitch(): HTMLButtonElement {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const system = (): Theme => (dark.matches ? 'dark' : 'light');
  const current = (): Theme => {
    const chosen = root.dataset['theme'];
    return chosen === 'light' || chosen === 'dark' ? chosen : system();
  };
  const button = h('button', {
    type: 'button',
    class: 'button button-quiet button-icon',
    onclick: () => {
      const next: Theme = current() === 'dark' ? 'light' : 'dark';
      if (next === system()) delete root.dataset['theme'];
      else root.dataset['theme'] = next;
      remember(root.dataset['theme']);
      show();
    },
  });
  const show = (): void => {
    const next = current() === 'dark' ? 'light' : 'dark';
    button.replaceChildren(icon(next === 'light' ? 'sun' : 'moon'));
    button.ariaLabel = `Switch to the ${next} theme`;
    button.title = button.ariaLabel;
  };
  dark.addEventListener('change', show);
  show();
  return button;
}

function remember(theme: string | undefined): void {
  try {
    if (theme === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Blocked storage only costs the memory of the choice.
  }
}
