// Tables: columns once, rows by key, and each row is made again only when its data changed.
import { h, memo } from './dom.js';
import { DASH } from './format.js';

/**
 * `columns`: {id, head, cell(row), class, sort(row), title}; `rows`: [{key, deps, …}]; `order`: {by, down} and `onSort(id)`
 * for those that can be sorted. Below a width CSS turns rows into cards, so the cells name their columns.
 */
export function table({ caption, columns, rows, order, onSort, class: name = '' }) {
  return h('div', { class: 'table-box', role: 'region', 'aria-label': caption, tabIndex: 0 },
    h('table', { class: `table ${name}`, role: 'table' },
      h('caption', { class: 'unseen' }, caption),
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((column) => header(column, order, onSort)))),
      h('tbody', { role: 'rowgroup' }, rows.map((row) => memo(row.key, row.deps, () => line(columns, row))))));
}

function header(column, order, onSort) {
  const sorted = order?.by === column.id;
  const props = {
    key: column.id, class: column.class ?? '', scope: 'col', role: 'columnheader', title: column.title,
    'aria-sort': column.sort ? (sorted ? (order.down ? 'descending' : 'ascending') : 'none') : null,
  };
  if (!column.sort || !onSort) return h('th', props, column.head);
  return h('th', props, h('button', { type: 'button', class: 'sort', onclick: () => onSort(column.id) }, column.head,
    h('span', { class: 'sort-sign', 'aria-hidden': 'true' }, sorted ? (order.down ? '▾' : '▴') : '')));
}

function line(columns, row) {
  return h('tr', { role: 'row', class: row.class ?? '' }, columns.map((column, i) => {
    const content = column.cell(row);
    return h(i === 0 ? 'th' : 'td', {
      key: column.id, class: `${column.class ?? ''} ${content === DASH ? 'void' : ''}`, role: i === 0 ? 'rowheader' : 'cell', scope: i === 0 ? 'row' : null,
      'data-head': column.head,
    }, content);
  }));
}

/** `rows` by a column's value; names break ties. */
export function sorted(rows, columns, order) {
  const sort = columns.find((column) => column.id === order.by)?.sort;
  if (!sort) return rows;
  const sign = order.down ? -1 : 1;
  const keyed = rows.map((row) => [sort(row), row]);
  keyed.sort(([one, a], [other, b]) => sign * compare(one, other) || compare(a.key, b.key));
  return keyed.map(([, row]) => row);
}

function compare(one, other) {
  if (one === other) return 0;
  if (one === null || one === undefined) return -1;
  if (other === null || other === undefined) return 1;
  return typeof one === 'string' ? one.localeCompare(other) : one - other;
}
