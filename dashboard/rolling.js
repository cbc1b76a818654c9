// A rolling update: each instance as a tile, with where it is on its way.
import { isWithheld } from './arms.js';
import { h } from './dom.js';
import { since } from './time.js';
import { mark, stateMark } from './words.js';

const looks = {
  Old: ['dot', 'calm', 'old'], Draining: ['back', 'warn', 'draining'], Replacing: ['hourglass', 'busy', 'replacing'], Readying: ['hourglass', 'busy', 'becoming ready'],
  Warming: ['play', 'busy', 'warming up'], Settling: ['play', 'busy', 'settling'], New: ['check', 'good', 'new'],
};

function endpoint(page, address) {
  for (const version of page.versions ?? []) {
    const found = (version.endpoints ?? []).find((it) => it.endpoint === address);
    if (found) return found;
  }
  return null;
}

/** What the rollout keeps out of service itself is either not needed yet or no longer. */
function standing(slot, word, seen) {
  if (!isWithheld(seen) || word === 'at') return stateMark(seen.state);
  if (word === 'from') return slot.phase === 'New' ? mark('dot', 'calm', 'replaced') : stateMark(seen.state);
  if (slot.back) return stateMark(seen.state);
  return /^failed/.test(seen.lastCheck ?? '') ? mark('alert', 'warn', 'its check fails') : mark('dot', 'calm', 'withheld');
}

const place = (page, slot, word, address) => {
  if (!address) return null;
  const seen = endpoint(page, address);
  return h('div', { class: 'place', title: seen?.lastCheck || null }, h('span', { class: 'quiet' }, word), h('code', { class: 'address', title: address }, address), seen && standing(slot, word, seen));
};

function tile(page, slot, i) {
  const [picture, tone, word] = looks[slot.phase] ?? ['dot', 'calm', slot.phase];
  return h('li', { key: i, class: `tile ${tone}` },
    h('div', { class: 'tile-head' }, h('span', { class: 'quiet' }, `Instance ${i + 1}`), mark(picture, tone, word, slot.back ? ', going back' : '')),
    slot.stable === slot.candidate ? place(page, slot, 'at', slot.stable) : [place(page, slot, 'from', slot.stable), place(page, slot, 'to', slot.candidate)],
    h('p', { class: 'quiet tile-foot' }, slot.since ? ['for ', since(slot.since)] : 'not begun', slot.tries > 0 && `, tried ${slot.tries} times`));
}

export function rollingPanel(page) {
  const slots = page.rollout.slots ?? [];
  if (slots.length === 0) return null;
  const done = slots.filter((slot) => slot.phase === 'New').length;
  return h('section', { key: 'rolling', class: 'panel', 'aria-labelledby': 'rolling-title' },
    h('h2', { id: 'rolling-title' }, 'Instances', h('span', { class: 'quiet' }, ` ${done} of ${slots.length} replaced`)),
    h('ol', { class: 'tiles' }, slots.map((slot, i) => tile(page, slot, i))));
}
