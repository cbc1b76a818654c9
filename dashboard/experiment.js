// An A/B test: who leads, how sure that is, and whether the split is the one that is drawn.
import { swatch } from './arms.js';
import { h } from './dom.js';
import { DASH, measured, number, percent, signed } from './format.js';
import { table } from './table.js';
import { mark } from './words.js';

const has = (value) => typeof value === 'number';

/** The axis of the intervals reaches so far to both sides: over all of them, but no further than is needed for lifts above 100%. */
function reach(arms) {
  const lifts = arms.map((arm) => arm.lift).filter(has).map(Math.abs);
  const bounds = arms.flatMap((arm) => [arm.lift, arm.liftLower, arm.liftUpper]).filter(has).map(Math.abs);
  return Math.min(Math.max(1, 1.5 * Math.max(0, ...lifts)), Math.max(0.02, ...bounds));
}

/** The interval as a bar around the middle, which is "no difference"; an open end goes on beyond the axis. */
function intervalBar(arm, span) {
  if (!has(arm.lift) || !has(arm.liftLower)) return null;
  const at = (value) => 50 + Math.max(-50, Math.min(50, (value / span) * 50));
  const upper = has(arm.liftUpper) ? arm.liftUpper : Infinity;
  const open = `${arm.liftLower < -span ? 'open-left' : ''} ${upper > span ? 'open-right' : ''}`;
  const sure = arm.liftLower > 0 || upper < 0;
  return h('span', { class: 'interval', 'aria-hidden': 'true' }, h('span', { class: 'interval-zero' }),
    h('span', { class: `interval-range ${open} ${sure ? 'sure' : ''}`, style: { left: `${at(arm.liftLower)}%`, width: `${Math.max(1, at(upper) - at(arm.liftLower))}%` } }),
    h('span', { class: 'interval-point', style: { left: `${at(arm.lift)}%` } }));
}

/** Without a lift it is the control, or nothing is known yet; a plain split never compares. */
function liftCell({ arm, role }) {
  if (has(arm.lift)) return h('b', null, signed(arm.lift));
  return role === 'control' ? h('span', { class: 'quiet' }, 'control') : DASH;
}

function intervalWords(arm) {
  if (!has(arm.liftLower)) return DASH;
  return `${signed(arm.liftLower)} to ${has(arm.liftUpper) ? signed(arm.liftUpper) : 'any'}`;
}

/** Whether any arm has something noted. */
export const noted = (rollout) => Boolean(rollout.winner) || (rollout.arms ?? []).some((arm) => arm.dropped || arm.reason);

export function armNote(rollout, arm) {
  const standing = rollout.winner && rollout.winner === arm.version ? mark('check', 'good', 'winner') : arm.dropped ? mark('cross', 'bad', 'taken out') : null;
  return [standing, ' ', h('span', { class: 'quiet message' }, arm.reason || '')];
}

/** Whether the versions get what is drawn for them. */
export function splitNote(rollout) {
  const sound = rollout.conditions?.find((it) => it.type === 'SplitSound');
  if (!sound) return null;
  if (sound.status === 'True' && !rollout.split?.message) return h('p', { class: 'split-note' }, mark('check', 'good', 'The versions get what is drawn for them.'));
  const bad = sound.status === 'False';
  return h('p', { class: 'split-note' }, mark('alert', bad ? 'bad' : 'warn', bad ? 'Sample ratio mismatch: ' : 'The split is doubtful: '), ' ', rollout.split?.message || sound.message || sound.reason);
}

export function experimentPanel(page) {
  const { rollout } = page;
  const arms = rollout.arms ?? [];
  if (arms.length === 0) return null;
  const span = reach(arms);
  const roleOf = (version) => page.versions?.find((it) => it.version === version)?.role;
  const columns = [
    { id: 'arm', head: 'Variant', class: 'name', cell: ({ arm }) => swatch(page, arm.version) },
    { id: 'share', head: 'Share', class: 'num', cell: ({ arm }) => percent(arm.share) },
    { id: 'value', head: rollout.metric || 'Value', class: 'num', cell: ({ arm }) => (/^(latency|ttfb|error-rate)/.test(rollout.metric ?? '') ? measured(rollout.metric, arm.value) : number(arm.value)) },
    { id: 'lift', head: 'Lift', class: 'num', title: 'over the control', cell: liftCell },
    { id: 'interval', head: 'Where it lies', class: 'interval-cell', cell: ({ arm }) => [intervalBar(arm, span), h('span', { class: 'interval-words' }, intervalWords(arm))] },
    { id: 'certain', head: 'Certain', class: 'num', title: 'how far the comparison has come', cell: ({ arm }) => percent(arm.certainty, 0) },
    noted(rollout) && { id: 'note', head: 'Note', class: 'wide', cell: ({ arm }) => armNote(rollout, arm) },
  ].filter(Boolean);
  return h('section', { key: 'experiment', class: 'panel', 'aria-labelledby': 'experiment-title' },
    h('h2', { id: 'experiment-title' }, 'A/B test', rollout.metric && h('span', { class: 'quiet' }, ` by ${rollout.metric}`)), splitNote(rollout),
    table({ caption: 'Variants', columns, rows: arms.map((arm) => ({ key: arm.version, arm, role: roleOf(arm.version), deps: [arm, roleOf(arm.version), rollout.winner, span] })), class: 'cards' }),
    arms.some((arm) => has(arm.lift)) && h('p', { class: 'quiet footnote' }, `The bar is where the lift lies, from ${signed(-span)} to ${signed(span)}; the line in its middle is no difference. It holds however often you look.`));
}
