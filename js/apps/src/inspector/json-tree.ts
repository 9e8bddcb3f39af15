import { h } from '../dom.ts';
import { counted } from '../format.ts';

/** Children and characters that are shown before somebody asks for more. */
const CHILDREN = 100;
const CHARACTERS = 300;
/** What is small is unfolded down to this depth. */
const OPEN_DEPTH = 3;
const OPEN_CHILDREN = 12;

type Branch = readonly unknown[] | object;

/** JSON as a tree that folds; what is folded is not in the document. */
export function jsonTree(value: unknown): HTMLElement {
  return h('div', { class: 'tree' }, node(undefined, value, 0));
}

function node(key: string | undefined, value: unknown, depth: number): HTMLElement {
  if (typeof value === 'object' && value !== null && childCount(value) > 0) return branch(key, value, depth);
  return h('div', { class: 'tree-leaf' }, ...label(key), leaf(value));
}

function branch(key: string | undefined, value: Branch, depth: number): HTMLElement {
  const count = childCount(value);
  const size = Array.isArray(value) ? counted(count, 'item') : counted(count, 'key');
  const [start, end] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const children = h('ul', { class: 'tree-children', role: 'list' });
  const isOpen = depth === 0 || (depth < OPEN_DEPTH && count <= OPEN_CHILDREN);
  const details = h(
    'details',
    {
      class: 'tree-branch',
      open: isOpen,
      ontoggle: () => {
        if (details.open && children.childElementCount === 0) fill();
      },
    },
    h(
      'summary',
      { class: 'tree-summary' },
      ...label(key),
      h('span', { class: 'tree-size' }, `${start} ${size} ${end}`),
    ),
    children,
  );
  const entries = Object.entries(value);
  const names = !Array.isArray(value);
  let shown = 0;
  const fill = (): void => {
    const last = Math.min(shown + CHILDREN, count);
    const rows = entries
      .slice(shown, last)
      .map(([name, child]) => h('li', {}, node(names ? JSON.stringify(name) : name, child, depth + 1)));
    shown = last;
    children.append(...rows);
    if (shown < count) children.append(more());
  };
  const more = (): HTMLElement => {
    const rest = count - shown;
    const button = h(
      'button',
      {
        type: 'button',
        class: 'button button-small',
        onclick: () => {
          const row = button.parentElement;
          const before = row?.previousElementSibling;
          row?.remove();
          fill();
          focusIn(before?.nextElementSibling);
        },
      },
      `Show ${Math.min(rest, CHILDREN).toLocaleString('en')} more of ${rest.toLocaleString('en')}`,
    );
    return h('li', {}, button);
  };
  if (isOpen) fill();
  return details;
}

/** The button that was pressed is gone: the focus goes on with what came in its place. */
function focusIn(row: Element | null | undefined): void {
  if (!(row instanceof HTMLElement)) return;
  row.tabIndex = -1;
  row.focus();
}

function childCount(value: Branch): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function label(key: string | undefined): readonly Node[] {
  return key === undefined ? [] : [h('span', { class: 'json-key' }, key), h('span', { class: 'tree-colon' }, ': ')];
}

function leaf(value: unknown): HTMLElement {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return h('span', { class: 'tree-size' }, '[ ]');
  if (typeof value === 'object' && value !== null) return h('span', { class: 'tree-size' }, '{ }');
  const kind = typeof value === 'number' ? 'json-number' : 'json-literal';
  return h('span', { class: kind }, String(value ?? null));
}

function text(value: string): HTMLElement {
  const whole = JSON.stringify(value);
  if (whole.length <= CHARACTERS) return h('span', { class: 'json-string' }, whole);
  const shown = h('span', { class: 'json-string' }, `${whole.slice(0, CHARACTERS)}…`);
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button button-small tree-all',
      onclick: () => {
        shown.textContent = whole;
        button.remove();
        focusIn(shown);
      },
    },
    `Show all ${counted(value.length, 'character')}`,
  );
  return h('span', {}, shown, ' ', button);
}
