// Blue-green: which one is live, what the other one does, and how long an undo is instant.
import { mirrored, ratesOf, swatch } from './arms.js';
import { h } from './dom.js';
import { percent, rate } from './format.js';
import { since, until } from './time.js';
import { mark } from './words.js';

function standing(page, it) {
  const { rollout } = page;
  if (it.targetWeight > 0) return [mark('check', 'good', 'live'), `all traffic, ${rate(ratesOf(page, it.version).rps)} requests per second`];
  const copies = mirrored(page, it.version);
  if (copies > 0) return [mark('play', 'busy', 'on trial'), `gets copies of ${percent(copies)}; clients never see its answers`];
  if (it.role === 'previous') return [mark('hourglass', 'calm', rollout.undoUntil ? 'kept warm' : 'previous'), rollout.undoUntil ? 'ready to take everything back at once' : 'released'];
  if (it.role === 'preview' && !rollout.over) return [mark('hourglass', 'busy', 'waits'), 'for testers and for the flip'];
  return [mark('dot', 'calm', 'idle'), 'gets nothing'];
}

function lane(page, it) {
  const [word, sentence] = standing(page, it);
  const ready = (it.endpoints ?? []).filter((one) => one.share > 0).length;
  return h('div', { key: it.version, class: `lane ${it.targetWeight > 0 ? 'lane-live' : ''}` },
    h('div', { class: 'lane-head' }, swatch(page, it.version), word), h('p', null, sentence), h('p', { class: 'quiet' }, `${ready} of ${(it.endpoints ?? []).length} endpoints usable`));
}

export function blueGreenPanel(page) {
  const { rollout } = page;
  const flipped = (page.versions ?? []).some((it) => it.role === 'previous');
  return h('section', { key: 'blue-green', class: 'panel', 'aria-labelledby': 'bg-title' }, h('h2', { id: 'bg-title' }, 'Which one is live'),
    h('div', { class: 'lanes' }, (page.versions ?? []).map((it) => lane(page, it))),
    rollout.undoUntil && (rollout.verbs ?? []).includes('undo') && h('p', { class: 'undo-timer' }, mark('back', 'busy', 'Undo is instant for another '), h('b', null, until(rollout.undoUntil))),
    // With the flip the counts began anew, and a watch after it, however long, changes nothing about that.
    flipped && rollout.windowSince && h('p', { class: 'quiet' }, 'Flipped ', since(rollout.windowSince), ' ago.'));
}
