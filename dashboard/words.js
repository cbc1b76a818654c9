// What states are called, look like and how grave they are. Colour goes with a word and a picture, never alone.
import { h } from './dom.js';
import { icon } from './icons.js';

/** [picture, tone, gravity]: the greater, the sooner a person should look. */
const phases = {
  Idle: ['dot', 'calm', 0], Pending: ['hourglass', 'busy', 3], Progressing: ['play', 'busy', 4], Paused: ['pause', 'warn', 5],
  Held: ['alert', 'warn', 8], RollingBack: ['back', 'bad', 9], Promoted: ['check', 'good', 1], Concluded: ['check', 'good', 2],
  RolledBack: ['cross', 'bad', 7], Aborted: ['cross', 'bad', 6], Superseded: ['dot', 'calm', 0],
};
const verdicts = {
  Pending: ['hourglass', 'calm', 'not looked at yet'], Pass: ['check', 'good', 'pass'], Fail: ['cross', 'bad', 'fail'],
  Inconclusive: ['question', 'warn', 'inconclusive'], Error: ['alert', 'bad', 'no value'],
};
const servings = { Healthy: ['check', 'good'], Degraded: ['alert', 'warn'], Down: ['cross', 'bad'] };
const endpointStates = {
  admitted: ['check', 'good'], starting: ['hourglass', 'busy'], ramping: ['play', 'busy'], probation: ['question', 'warn'],
  ejected: ['cross', 'bad'], unhealthy: ['cross', 'bad'], draining: ['back', 'warn'],
};
const unknown = ['dot', 'calm', 0];

export const strategies = {
  canary: 'canary', blueGreen: 'blue-green', rolling: 'rolling', shadow: 'shadow', abTest: 'A/B test', bandit: 'bandit',
  stages: 'stages', split: 'split', none: 'no strategy', '': 'no strategy',
};
export const strategyWord = (strategy) => strategies[strategy] ?? strategy;

export function mark(picture, tone, word, more) {
  return h('span', { class: `mark ${tone}` }, icon(picture), h('span', null, word, more));
}

export function phaseMark(rollout) {
  const [picture, tone] = phases[rollout.phase] ?? unknown;
  return rollout.pausedByPerson ? mark('pause', 'warn', rollout.phase === 'Paused' ? 'Paused' : `${rollout.phase}, paused`) : mark(picture, tone, rollout.phase);
}

export function verdictMark(check) {
  const [picture, tone, word] = verdicts[check.verdict] ?? [...unknown, check.verdict];
  return mark(picture, tone, word, check.dryRun ? ' (dry run)' : '');
}

export const servingMark = (serving) => mark(...(servings[serving] ?? unknown), serving);
export const stateMark = (state) => mark(...(endpointStates[state] ?? unknown), state);
export const stateTone = (state) => (endpointStates[state] ?? unknown)[1];

/** Reasons for which a rollout waits until a person says something. */
const awaited = new Set(['AwaitingPromotion', 'AwaitingApproval', 'PausedByPerson']);

/** A test that found its winner and was told to leave the promotion to a person. */
const hasWinnerWaiting = (rollout) => rollout.phase === 'Concluded' && rollout.reason === 'WinnerFound' && (rollout.verbs ?? []).includes('promote');

export const waitsForPerson = (rollout) => Boolean(rollout) && (awaited.has(rollout.reason) || rollout.pausedByPerson || rollout.phase === 'Held' || hasWinnerWaiting(rollout));

/** "AwaitingPromotion" → "awaiting promotion". */
export const spoken = (word = '') => word.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

const attention = (rollout) => rollout.serving === 'Down' || rollout.serving === 'Degraded' || waitsForPerson(rollout) ||
  ['Held', 'RollingBack', 'RolledBack'].includes(rollout.phase) || (rollout.checks ?? []).some((check) => check.verdict === 'Fail' || check.verdict === 'Error');

/** Which list a route belongs to: attention, moving or settled. */
export function standing(page) {
  const { rollout } = page;
  if (!rollout) return 'settled';
  if (attention(rollout)) return 'attention';
  return rollout.over || rollout.phase === 'Idle' ? 'settled' : 'moving';
}

/** The greater, the higher in the list. */
export function gravity(page) {
  const { rollout } = page;
  if (!rollout) return 0;
  const serving = { Down: 40, Degraded: 20 }[rollout.serving] ?? 0;
  const phase = (phases[rollout.phase] ?? unknown)[2];
  return serving + (standing(page) === 'attention' ? 10 : 0) + phase;
}
