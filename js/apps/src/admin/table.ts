import { h, setText } from '../dom.ts';

/** A table whose cells change in place, so that a selection in it lasts. */
export class Table {
  readonly #body = h('tbody');
  readonly element: HTMLTableElement;

  constructor(caption: string, columns: readonly string[]) {
    this.element = h(
      'table',
      { class: 'admin-table' },
      h('caption', {}, caption),
      h('thead', {}, h('tr', {}, ...columns.map((name) => h('th', { scope: 'col' }, name)))),
      this.#body,
    );
  }

  /** The first cell of each row is its heading. */
  show(rows: readonly (readonly string[])[]): void {
    while (this.#body.rows.length > rows.length) this.#body.deleteRow(-1);
    rows.forEach((cells, index) => {
      const row = this.#body.rows.item(index) ?? this.#body.appendChild(h('tr'));
      cells.forEach((text, column) => {
        const cell = row.cells.item(column) ?? row.appendChild(column === 0 ? h('th', { scope: 'row' }) : h('td'));
        setText(cell, text);
      });
    });
  }
}
