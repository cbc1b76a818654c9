// Checks: the value against its limit, and the verdict in words.
import { swatch } from './arms.js';
import { h } from './dom.js';
import { DASH, grouped, measured, percent } from './format.js';
import { table } from './table.js';
import { mark, verdictMark } from './words.js';

/** Whether the value is to stay above its limit: a `min`, or below stable of what there should be more of. */
function isLeast({ rule = '', message = '' }) {
  const sign = / (<=|>=|<|>) /.exec(message)?.[1];
  return sign ? sign === '>=' || sign === '<' : rule.startsWith('min ');
}

/** How far a value is towards its limit, as a gauge with the limit at three quarters. It would read the wrong way round where more is better. */
function gauge(check) {
  const { value, threshold } = check;
  if (typeof value !== 'number' || typeof threshold !== 'number' || threshold <= 0 || isLeast(check)) return null;
  const at = Math.min(1, Math.max(0, (value / threshold) * 0.75));
  return h('span', { class: 'gauge', 'aria-hidden': 'true' }, h('span', { class: `gauge-fill ${check.verdict === 'Fail' ? 'bad' : ''}`, style: { width: `${(at * 100).toFixed(1)}%` } }), h('span', { class: 'gauge-limit' }));
}

function valueCell({ check }) {
  return [h('span', { class: 'value' }, measured(check.name, check.value)), gauge(check)];
}

function ruleCell({ check }) {
  const limit = typeof check.threshold === 'number' && /argin/.test(check.rule) ? `now ${measured(check.name, check.threshold)}` : '';
  return [h('span', null, check.rule), limit && h('span', { class: 'quiet' }, ` (${limit})`)];
}

function evidenceCell({ check }) {
  const fraction = check.evidence?.fraction;
  if (typeof fraction !== 'number') return DASH;
  return h('span', { title: check.evidence.method ? `${check.evidence.method}: e ${check.evidence.e?.toPrecision?.(3)} of ${check.evidence.threshold?.toPrecision?.(3)}` : '' }, percent(Math.floor(fraction * 100) / 100, 0));
}

/** Two digits that say something: 3163 → "3 200". */
function about(count) {
  let step = 1;
  while (count / step >= 100) step *= 10;
  return grouped(Math.ceil(count / step) * step);
}

function verdictCell({ check }) {
  const still = check.verdict === 'Inconclusive' && check.evidence?.stillNeeded;
  return [verdictMark(check), check.message && h('span', { class: 'quiet message' }, check.message),
    typeof still === 'number' && still > 0 && !/about .* more/.test(check.message) && h('span', { class: 'quiet message' }, `about ${about(still)} more ${check.evidence.pairs ? 'pairs' : 'requests'} until it passes, if it goes on like this`)];
}

function columns(owned) {
  return [
    { id: 'check', head: 'Check', class: 'name', cell: ({ check }) => h('b', null, check.name) },
    owned && { id: 'of', head: 'Of', cell: ({ page, owner }) => (owner ? swatch(page, owner) : DASH) },
    { id: 'reference', head: 'Stable', class: 'num', cell: ({ check }) => measured(check.name, check.reference) },
    { id: 'value', head: 'Candidate', class: 'num value-cell', cell: valueCell },
    { id: 'rule', head: 'Rule', cell: ruleCell },
    { id: 'n', head: 'n', class: 'num', cell: ({ check }) => grouped(check.samples) },
    { id: 'certain', head: 'Certain', class: 'num', title: 'how near the evidence is to a verdict', cell: evidenceCell },
    { id: 'verdict', head: 'Verdict', class: 'verdict', cell: verdictCell },
  ].filter(Boolean);
}

/** A shadow's checks stand with its candidates: those of the only one are the rollout's. */
function all(rollout) {
  const arms = rollout.arms ?? [];
  const owned = arms.flatMap((arm) => (arm.checks ?? []).map((check) => ({ owner: arm.version, check })));
  const own = (rollout.checks ?? []).map((check) => ({ owner: null, check }));
  if (own.length > 0 && arms.length === 1 && owned.length === own.length) return own;
  return [...own, ...owned];
}

export function checksPanel(page) {
  const rows = all(page.rollout ?? {}).map(({ owner, check }, i) => ({ key: `${i} ${owner} ${check.name}`, page, owner, check, deps: [check] }));
  if (rows.length === 0) return null;
  return h('section', { key: 'checks', class: 'panel', 'aria-labelledby': 'checks-title' }, h('h2', { id: 'checks-title' }, 'Checks'),
    table({ caption: `Checks of ${page.route}`, columns: columns(rows.some((row) => row.owner)), rows, class: 'cards checks' }));
}

/** Parts of the traffic that are also looked at by themselves. */
export function segmentsPanel(page) {
  const segments = page.rollout?.segments ?? [];
  if (segments.length === 0) return null;
  const rows = segments.flatMap((segment, i) => (segment.excluded || (segment.checks ?? []).length === 0 ? [{ key: `${i}`, segment }] :
    segment.checks.map((check) => ({ key: `${i} ${check.name}`, segment, check })))).map((row) => ({ ...row, deps: [row.segment, row.check] }));
  const segmentColumns = [
    { id: 'segment', head: 'Segment', class: 'name', cell: ({ segment }) => h('b', null, segment.name) },
    { id: 'standing', head: 'Standing', cell: ({ segment }) => (segment.excluded ? mark('back', 'warn', 'on stable') : segment.worse ? mark('alert', 'bad', 'worse') : mark('check', 'calm', 'takes part')) },
    { id: 'check', head: 'Check', cell: ({ check }) => check?.name ?? DASH },
    { id: 'reference', head: 'Stable', class: 'num', cell: ({ check }) => measured(check?.name, check?.reference) },
    { id: 'value', head: 'Candidate', class: 'num', cell: ({ check }) => measured(check?.name, check?.value) },
    { id: 'n', head: 'n', class: 'num', cell: ({ check }) => grouped(check?.samples) },
    { id: 'verdict', head: 'Verdict', class: 'verdict', cell: ({ segment, check }) => [check && verdictMark(check), h('span', { class: 'quiet message' }, check?.message ?? segment.message)] },
  ];
  return h('section', { key: 'segments', class: 'panel', 'aria-labelledby': 'segments-title' }, h('h2', { id: 'segments-title' }, 'Segments'),
    table({ caption: `Segments of ${page.route}`, columns: segmentColumns, rows, class: 'cards' }));
}
