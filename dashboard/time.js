// Ages and countdowns: elements that tell the time by themselves, once a second, by the gateway's clock.
import { h } from './dom.js';
import { DASH, clock, lasts, seconds } from './format.js';

let ahead = 0;

/** Unix seconds of the gateway's clock, as of its last message. */
export function setNow(unix) { ahead = unix - Date.now() / 1000; }
export const now = () => Date.now() / 1000 + ahead;

/** "9m 12s": since then; in `short` "9m". */
export function since(time, short = false) {
  if (!time) return DASH;
  return h('time', { class: 'since', 'data-short': short, datetime: time, title: `${clock(time)} UTC`, opaque: true, ref: tell });
}

/** "9m 12s": until then; "0s" when it is over. */
export function until(time) {
  if (!time) return DASH;
  return h('time', { class: 'until', datetime: time, title: `${clock(time)} UTC`, opaque: true, ref: tell });
}

function tell(node) {
  const at = seconds(node.getAttribute('datetime'));
  const text = at === null ? DASH : lasts(node.className === 'since' ? now() - at : at - now(), node.hasAttribute('data-short'));
  if (node.textContent !== text) node.textContent = text;
}

/** Brings all of them up to date; called after every change of the page and by the clock. */
export function tellTimes() {
  for (const node of document.querySelectorAll('time.since, time.until')) tell(node);
}

setInterval(tellTimes, 1000);
