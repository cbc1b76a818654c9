// What was decided, when, why and by whom: newest first, more on demand.
import { get, routePath } from './api.js';
import { h } from './dom.js';
import { clock } from './format.js';
import { changed, state } from './store.js';
import { table } from './table.js';

const PIECE = 50;
const AGAIN = 5000;  // ms until a load that failed is tried again

/** `newest`: what the stream told of when `entries` were loaded. `before`: the number that older ones are asked for by. */
const fresh = () => ({ route: null, entries: [], before: null, newest: null, error: null, following: null, older: false });
const view = fresh();

/** Numbers begin at 1 again when the store is lost or is only memory; the hash chain makes a line another one. */
const idOf = (entry) => (entry ? `${entry.sequence} ${entry.hash}` : '');

const graveKinds = new Set(['RolledBack', 'RollingBack', 'Aborted', 'Undone', 'Held', 'CheckFailed', 'ArmDropped', 'SegmentWorse', 'SegmentExcluded', 'SampleRatioMismatch', 'DriftFound', 'StoreAlarm']);
const goodKinds = new Set(['Promoted', 'Concluded', 'WinnerFound', 'WinnerCertified']);
const tone = (kind) => (graveKinds.has(kind) ? 'bad' : goodKinds.has(kind) ? 'good' : 'calm');

const ask = (route, more = '') => get(routePath(route, `journal?limit=${PIECE}${more}`));

/** Takes the newest lines. Older ones stay only where they join: not those of another journal, nor beyond a hole. */
function take({ entries, before }) {
  const last = idOf(entries.at(-1));
  const joint = view.entries.findIndex((it) => idOf(it) === last);
  if (joint < 0) view.before = before;
  view.entries = joint < 0 ? entries : [...entries, ...view.entries.slice(joint + 1)];
}

async function load(route, newest) {
  const mine = {};
  view.following = mine;
  try {
    const page = await ask(route);
    if (view.following !== mine) return;
    take(page);
    view.newest = newest;
    view.error = null;
  } catch (error) {
    if (view.following !== mine) return;
    view.error = error.message;
    changed();
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  } finally {
    if (view.following === mine) view.following = null;
    changed();
  }
}

async function loadOlder() {
  const { route, before } = view;
  if (view.older) return;
  view.older = true;
  try {
    const page = await ask(route, `&before=${before}`);
    if (route !== view.route || before !== view.before) return;
    view.entries = [...view.entries, ...page.entries];
    view.before = page.before;
    view.error = null;
  } catch (error) {
    if (route === view.route) view.error = error.message;
  } finally {
    view.older = false;
    changed();
  }
}

/** Keeps up with the newest line that the stream tells of; looks again where another one came meanwhile. */
function follow(page) {
  if (view.route !== page.route) Object.assign(view, fresh(), { route: page.route });
  const newest = idOf(page.rollout?.events?.[0]);
  if (newest === view.newest || view.following || state.link.state !== 'live') return;
  load(page.route, newest);
}

const columns = [
  { id: 'time', head: 'Time (UTC)', class: 'name time', cell: ({ entry }) => h('time', { datetime: entry.time }, clock(entry.time)) },
  { id: 'kind', head: 'Event', cell: ({ entry }) => h('b', { class: `kind ${tone(entry.kind)}` }, entry.kind) },
  { id: 'text', head: 'What and why', class: 'wide text', cell: ({ entry }) => entry.text },
  { id: 'actor', head: 'By', class: 'by', cell: ({ entry }) => entry.actor || 'sluice' },
  { id: 'rollout', head: 'Rollout', class: 'of', cell: ({ entry }) => h('span', { class: 'quiet clip', title: entry.rollout }, entry.rollout) },
];

/** Until the journal is there, what the stream tells of it. */
export function journalPanel(page) {
  follow(page);
  const entries = view.entries.length > 0 ? view.entries : page.rollout?.events ?? [];
  return h('section', { key: 'journal', class: 'panel', 'aria-labelledby': 'journal-title' }, h('h2', { id: 'journal-title' }, 'Journal'),
    view.error && h('p', { class: 'why-not' }, `The journal cannot be read now: ${view.error}`),
    entries.length === 0 ? h('p', { class: 'empty' }, 'Nothing has been decided here yet.') :
      table({ caption: `Journal of ${page.route}`, columns, rows: entries.map((entry) => ({ key: idOf(entry), entry, deps: [] })), class: 'cards journal' }),
    view.before > 0 && h('button', { type: 'button', class: 'button small', onclick: loadOlder }, 'Show older'));
}
