import { h } from '../dom.ts';
import { counted } from '../format.ts';

export interface HexRow {
  /** Of the first byte, in hex digits. */
  readonly offset: string;
  readonly digits: string;
  /** Printable ASCII, and a dot for everything else. */
  readonly text: string;
}

/** Bytes shown before somebody asks for more. */
const STEP = 2048;

/** The rows of a hex dump; the last one is filled up with spaces. */
export function hexRows(bytes: Uint8Array, perRow: number, start = 0, end = bytes.length): HexRow[] {
  const width = Math.max(4, (bytes.length - 1).toString(16).length);
  const rows: HexRow[] = [];
  for (let at = start; at < end; at += perRow) {
    const row = [...bytes.subarray(at, Math.min(at + perRow, end))];
    rows.push({
      offset: at.toString(16).padStart(width, '0'),
      digits: row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(perRow * 3 - 1),
      text: row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(''),
    });
  }
  return rows;
}

/** A hex dump that grows on request. */
export function hexDump(bytes: Uint8Array, perRow: number): HTMLElement {
  if (bytes.length === 0) return h('p', { class: 'hint' }, 'No bytes.');
  const dump = h('pre', { class: 'hex', tabindex: -1 });
  const element = h('div', {}, dump);
  let shown = 0;
  const grow = (): void => {
    const end = Math.min(shown + STEP, bytes.length);
    for (const { offset, digits, text } of hexRows(bytes, perRow, shown, end)) {
      dump.append(
        h('span', { class: 'hex-offset' }, offset),
        `  ${digits}  `,
        h('span', { class: 'hex-text' }, text),
        '\n',
      );
    }
    shown = end;
  };
  grow();
  if (shown < bytes.length) {
    const rest = h('span', {});
    const more = h('button', { type: 'button', class: 'button button-small' }, rest);
    const label = (): void => {
      rest.textContent = `Show ${counted(Math.min(STEP, bytes.length - shown), 'more byte')}`;
    };
    more.addEventListener('click', () => {
      grow();
      if (shown < bytes.length) {
        label();
      } else {
        more.remove();
        dump.focus();
      }
    });
    label();
    element.append(more);
  }
  return element;
}
