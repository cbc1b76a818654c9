// A shadow: how often its answers match those that clients got, what was dropped, what copying costs, the worst pairs.
import { get, routePath } from './api.js';
import { swatch } from './arms.js';
import { h } from './dom.js';
import { DASH, bytes, clock, grouped, lasts, percent, took } from './format.js';
import { changed, onLocked } from './store.js';
import { mark } from './words.js';

const has = (value) => typeof value === 'number';
const nothing = { route: null, pairs: null, error: null, loading: null };
const worst = { ...nothing };

/** Parts of what clients sent and got: they go with the token that they were read by, also when they are still on their way. */
onLocked(() => Object.assign(worst, nothing));

const fact = (word, ...value) => h('div', { key: word }, h('dt', null, word), h('dd', null, value));

function verdict(pairs) {
  if (!has(pairs.disagreement)) return mark('hourglass', 'calm', 'nothing compared yet');
  if (!has(pairs.limit)) return null;
  return pairs.disagreement > pairs.limit ? mark('alert', 'bad', `more than ${percent(pairs.limit)} differ`) : mark('check', 'good', `within ${percent(pairs.limit)}`);
}

function candidate(page, pairs) {
  const copies = page.versions?.find((it) => it.version === pairs.version)?.copies;
  const { lower, upper } = pairs.interval ?? {};
  return h('div', { key: pairs.version, class: 'candidate' },
    h('div', { class: 'candidate-head' }, swatch(page, pairs.version), verdict(pairs)),
    h('p', { class: 'figure-big' }, has(pairs.disagreement) ? percent(1 - pairs.disagreement, 2) : DASH, h('span', { class: 'quiet' }, ' of pairs match', has(lower) && has(upper) && ` (${percent(1 - upper)} to ${percent(1 - lower)})`)),
    h('dl', { class: 'facts' },
      fact('Pairs', grouped(pairs.pairs)), fact('Compared', grouped(pairs.compared)), fact('Differ', grouped(pairs.disagreements)),
      pairs.worstField && fact('Worst field', h('code', { class: 'path' }, pairs.worstField), ` in ${grouped(pairs.worstFieldPairs)}`),
      pairs.rows > 0 && fact('Largest class changed', `${grouped(pairs.flips)} of ${grouped(pairs.rows)}`),
      fact('Noise', pairs.noiseKnown ? `known: ${grouped(pairs.noisyFields)} field${pairs.noisyFields === 1 ? '' : 's'} left out` : `not known yet (${grouped(pairs.twins)} asked twice${pairs.refusedTwins > 0 ? `, ${grouped(pairs.refusedTwins)} more refused` : ''})`),
      copies && fact('Copies answered', grouped(copies.answered)), copies && fact('Dropped', dropped(copies)),
      (pairs.segments ?? []).map((segment) => fact(`Segment ${segment.name}`, `${grouped(segment.disagreements)} of ${grouped(segment.pairs)} differ`))),
    (pairs.replays ?? []).map((replay) => h('p', { key: replay.outcome, class: 'quiet' }, `By ${replay.outcome} it would have earned ${percent(replay.value)} where both answer alike (${percent(replay.covered)} of the requests); live earned ${percent(replay.served)} of all.`)));
}

function dropped(copies) {
  const reasons = Object.entries(copies.reasons ?? {}).filter(([, n]) => n > 0).map(([why, n]) => `${why} ${grouped(n)}`).join(', ');
  const words = `${grouped(copies.dropped)}${reasons ? ` (${reasons})` : ''}`;
  return copies.dropped > 0 ? mark('alert', 'warn', words) : words;
}

function amount(name, value) {
  if (name === 'bytes') return bytes(value);
  if (name === 'backendTime' || name === 'duration') return lasts(value);
  return grouped(value);
}
const budgetWords = { requests: 'Requests', bytes: 'Bytes', backendTime: 'Time of backends', duration: 'Duration' };

function budgets(rollout) {
  const list = rollout.budgets ?? [];
  if (list.length === 0) return null;
  return h('div', { class: 'budgets' }, h('h3', null, 'Budget'), list.map(({ name, spent, limit }) => h('div', { key: name, class: 'budget' },
    h('span', null, budgetWords[name] ?? name), h('span', { class: 'meter', 'aria-hidden': 'true' }, h('span', { style: { width: `${Math.min(100, (spent / limit) * 100).toFixed(1)}%` } })),
    h('span', { class: 'quiet' }, `${amount(name, spent)} of ${amount(name, limit)}`))));
}

async function loadWorst(route) {
  const mine = {};
  Object.assign(worst, nothing, { route, loading: mine });
  changed();
  const told = (members) => { if (worst.loading === mine) Object.assign(worst, members, { loading: null }); };
  try {
    const { pairs } = await get(routePath(route, 'disagreements?limit=10'));
    told({ pairs });
  } catch (error) {
    told({ error: error.message });
  }
  changed();
}

function side(word, answer) {
  return h('div', null, h('h4', null, word, h('span', { class: 'quiet' }, ` ${answer?.status ?? 'no answer'}, ${took(answer?.seconds)}`)),
    h('pre', { class: 'body', tabIndex: 0, role: 'region', 'aria-label': `Body of ${word}` }, answer?.body || DASH));
}

function pair(it, i) {
  return h('details', { key: `${i} ${it.requestId}`, class: 'pair' },
    h('summary', null, h('span', null, clock(it.at)), ' ', h('b', null, it.version), ' ', h('span', { class: 'quiet' }, `severity ${percent(it.severity, 0)}: `), (it.differences ?? []).map((one) => one.field).join(', ') || 'status'),
    h('p', { class: 'quiet' }, 'Request ', h('code', null, it.requestId), it.segment && `, segment ${it.segment}`), h('div', { class: 'bodies' }, side('live', it.live), side('candidate', it.candidate)));
}

function worstPairs(page) {
  const mine = worst.route === page.route ? worst : nothing;
  return h('div', { class: 'worst' },
    h('div', { class: 'panel-head' }, h('h3', null, 'Worst disagreements'), h('button', { type: 'button', class: 'button small', disabled: Boolean(mine.loading), onclick: () => loadWorst(page.route) }, mine.loading ? 'Loading…' : mine.pairs ? 'Look again' : 'Show')),
    mine.error && h('p', { class: 'why-not', role: 'alert' }, mine.error),
    mine.pairs && (mine.pairs.length === 0 ? h('p', { class: 'quiet' }, 'None is kept now.') : mine.pairs.map(pair)));
}

export function shadowPanel(page) {
  const { rollout } = page;
  const pairs = rollout.pairs ?? [];
  return h('section', { key: 'shadow', class: 'panel', 'aria-labelledby': 'shadow-title' }, h('h2', { id: 'shadow-title' }, 'Copies against live answers'),
    pairs.length === 0 ? h('p', { class: 'quiet' }, 'No pair yet: a pair is a request that live and the candidate both answered.') : h('div', { class: 'candidates' }, pairs.map((it) => candidate(page, it))),
    budgets(rollout), pairs.length > 0 && worstPairs(page));
}
