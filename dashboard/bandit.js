// A bandit: what each arm gets and earns, and how probable it is that it is the best.
import { swatch } from './arms.js';
import { h } from './dom.js';
import { grouped, number, percent } from './format.js';
import { armNote, noted, splitNote } from './experiment.js';
import { table } from './table.js';
import { mark } from './words.js';

const meter = (share) => (typeof share === 'number' ? h('span', { class: 'meter', 'aria-hidden': 'true' }, h('span', { style: { width: `${(share * 100).toFixed(1)}%` } })) : null);

const share = (value) => h('span', { class: 'meter-value' }, percent(value));

function certificate(rollout) {
  const seen = rollout.certificate;
  if (!seen) return null;
  if (seen.certified) return h('p', null, mark('check', 'good', `${seen.version} is certified: no other arm is as good.`));
  return h('p', { class: 'quiet' }, `${seen.version} leads; certain it is at evidence ${number(seen.threshold)}, now ${number(seen.e)}.`);
}

export function banditPanel(page) {
  const { rollout } = page;
  const arms = rollout.arms ?? [];
  if (arms.length === 0) return null;
  const columns = [
    { id: 'arm', head: 'Arm', class: 'name', cell: ({ arm }) => swatch(page, arm.version) },
    { id: 'share', head: 'Share', class: 'num meter-cell', cell: ({ arm }) => [meter(arm.share), share(arm.share)] },
    { id: 'best', head: 'Best', class: 'num meter-cell', title: 'probability of being the best', cell: ({ arm }) => [meter(arm.probabilityBest), share(arm.probabilityBest)] },
    { id: 'earns', head: 'Earns', class: 'num', title: `${rollout.metric || 'success'} per request`, cell: ({ arm }) => number(arm.value) },
    { id: 'successes', head: 'Good', class: 'num', title: 'requests that went well', cell: ({ arm }) => grouped(arm.successes) },
    { id: 'failures', head: 'Failed', class: 'num', title: 'requests that did not', cell: ({ arm }) => grouped(arm.failures) },
    noted(rollout) && { id: 'note', head: 'Note', class: 'wide', cell: ({ arm }) => armNote(rollout, arm) },
  ].filter(Boolean);
  return h('section', { key: 'bandit', class: 'panel', 'aria-labelledby': 'bandit-title' },
    h('h2', { id: 'bandit-title' }, 'Bandit', rollout.metric && h('span', { class: 'quiet' }, ` earning ${rollout.metric}`)), certificate(rollout), splitNote(rollout),
    table({ caption: 'Arms', columns, rows: arms.map((arm) => ({ key: arm.version, arm, deps: [arm, rollout.winner] })), class: 'cards' }));
}
