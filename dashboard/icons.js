// Small pictures, 16 units square, in the colour of the text beside them. A word always stands beside them.
import { h } from './dom.js';

const paths = {
  alert: 'M8 2 14.5 13.5H1.5ZM8 6.5v3M8 11.5v.5',
  back: 'M6 3 2.5 6.5 6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7',
  check: 'm3 8.5 3.5 3.5L13 4.5',
  cross: 'm4 4 8 8M12 4l-8 8',
  dot: 'M8 7.5v1M7.5 8h1',
  hourglass: 'M4 2.5h8M4 13.5h8M5 2.5c0 4 6 4 6 11M11 2.5c0 4-6 4-6 11',
  lock: 'M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.5v9l7-4.5Z',
  question: 'M6 6a2 2 0 1 1 2.8 1.9c-.6.3-.8.7-.8 1.6M8 12v.3',
  sort: 'm5 6.5 3-3 3 3M5 9.5l3 3 3-3',
};

export function icon(name) {
  return h('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' }, h('path', { d: paths[name] }));
}
