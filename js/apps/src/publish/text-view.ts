import { h } from '../dom.ts';
import { byteCount } from '../format.ts';
import type { Network } from '../network.ts';
import type { Waiting } from './media.ts';
import { formatName, type Name } from './name.ts';

/** Bytes of a text that are shown in place. */
const MOST_TEXT = 256 * 1024;

/** A text as it is, whatever it is written in; never as markup. */
export async function textView(node: Network, name: Name, bytes: number, waiting: Waiting): Promise<HTMLElement> {
  const isCut = bytes > MOST_TEXT;
  const options = isCut ? { ...waiting, range: { start: 0, end: MOST_TEXT } } : waiting;
  const response = await node.fetch(formatName(name), options);
  const text = new TextDecoder().decode(await response.arrayBuffer());
  const content = h('pre', { class: 'text', tabindex: 0, role: 'region', 'aria-label': name.segments.at(-1) });
  content.textContent = text;
  return h(
    'div',
    { class: 'text-place' },
    isCut
      ? h('p', { class: 'hint' }, `The first ${byteCount(MOST_TEXT)} of ${byteCount(bytes)}. Download it to read all of it.`)
      : undefined,
    text === '' ? h('p', { class: 'empty' }, 'This file is empty.') : content,
  );
}
