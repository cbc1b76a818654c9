// The way of a rollout as a vertical list: what is behind, where it is, what is to come.
import { h } from './dom.js';
import { DASH, seconds } from './format.js';
import { icon } from './icons.js';
import { now, until } from './time.js';
import { strategyWord } from './words.js';

const clean = (text = '') => text.replace(/, (\S+ )*left$|, over$/, '');

/** "setWeight 25" → "25% of the traffic". */
function said(text) {
  const weight = /^setWeight (\S+)$/.exec(text);
  if (weight) return `${weight[1]}% of the traffic`;
  return clean(text);
}

function item(key, where, words, more) {
  const mark = { done: 'check', now: 'play', paused: 'pause', held: 'alert', back: 'back' }[where];
  const here = ['now', 'paused', 'held'].includes(where);
  return h('li', { key, class: `step-item ${where}`, 'aria-current': here ? 'step' : null },
    h('span', { class: 'step-mark', 'aria-hidden': 'true' }, mark && icon(mark)),
    h('div', { class: 'step-text' }, h('span', null, words, where === 'done' && h('span', { class: 'unseen' }, ', done'), here && h('span', { class: 'unseen' }, ', now')), more));
}

function where(index, current, rollout) {
  if (rollout.phase === 'Promoted') return 'done';
  if (rollout.phase === 'RolledBack' || rollout.phase === 'Aborted') return index < current ? 'left' : 'next';
  if (index < current) return 'done';
  if (index > current) return 'next';
  if (rollout.phase === 'Held') return 'held';
  return rollout.phase === 'Paused' || rollout.pausedByPerson ? 'paused' : 'now';
}

/** A step may last longer than its time: it waits for evidence, too. */
const timeLeft = (rollout) => (seconds(rollout.stepEnds) <= now() ? 'its time is over' : [until(rollout.stepEnds), ' left']);

function currentText(rollout) {
  return [
    rollout.stepEnds && h('span', { class: 'quiet' }, timeLeft(rollout)),
    rollout.next && h('span', { class: 'quiet' }, `next: ${said(rollout.next)}`),
  ];
}

/** Stages; below the one under way its steps. */
function stageList(rollout) {
  const current = (rollout.stage ?? 1) - 1;
  return h('ol', { class: 'steps' }, rollout.stageTexts.map((strategy, i) => item(i, where(i, current, rollout), h('b', null, strategyWord(strategy)),
    i === current && !rollout.over && [(rollout.stepTexts ?? []).length === 0 && currentText(rollout), stepList(rollout)])));
}

function stepList(rollout) {
  const texts = rollout.stepTexts ?? [];
  if (texts.length === 0) return rollout.stepText ? h('p', { class: 'quiet step-words' }, clean(rollout.stepText)) : null;
  const current = (rollout.step ?? 1) - 1;
  const last = rollout.strategy === 'stages' ? null : end(rollout);
  return h('ol', { class: 'steps' }, texts.map((text, i) => item(i, where(i, current, rollout), said(text), i === current && !rollout.over && currentText(rollout))), last);
}

function end(rollout) {
  const { phase } = rollout;
  if (phase === 'Promoted') return item('end', 'done', h('b', null, 'promoted'));
  if (phase === 'RolledBack' || phase === 'Aborted') return item('end', 'back', h('b', null, phase === 'Aborted' ? 'aborted: back on stable' : 'rolled back to stable'));
  return item('end', 'next', 'promotion');
}

export function stepsPanel(page) {
  const { rollout } = page;
  if (!rollout || rollout.phase === 'Idle') return null;
  const stages = (rollout.stageTexts ?? []).length > 0;
  const steps = (rollout.stepTexts ?? []).length > 0;
  if (!stages && !steps && !rollout.stepText && !rollout.next) return null;
  return h('section', { key: 'steps', class: 'panel', 'aria-labelledby': 'steps-title' }, h('h2', { id: 'steps-title' }, stages ? 'Stages' : steps ? 'Steps' : 'Progress'),
    stages ? stageList(rollout) : steps ? stepList(rollout) :
      h('dl', { class: 'facts narrow' }, h('div', null, h('dt', null, 'Now'), h('dd', null, clean(rollout.stepText) || DASH, rollout.stepEnds && [', ', timeLeft(rollout)])),
        rollout.next && h('div', null, h('dt', null, 'Next'), h('dd', null, rollout.next))));
}
