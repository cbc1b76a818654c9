// What was decided, when, why and by whom: newest first, more on demand.
import { get, routePath } from './api.js';
import { h } from './dom.js';
import { clock } from './format.js';
import { changed } from './store.js';
import { table } from './table.js';

const PIECE = 50;
const view = { route: null, entries: [], before: null, newest: -1, error: null, loading: false };

const graveKinds = new Set(['RolledBack', 'RollingBack', 'Aborted', 'Held', 'StateDamaged', 'Dropped']);
const goodKinds = new Set(['Promoted', 'Concluded']);
const tone = (kind) => (graveKinds.has(kind) ? 'bad' : goodKinds.has(kind) ? 'good' : 'calm');

async function load(route, before) {
  if (view.loading) return;
  view.loading = true;
  try {
    const page = await get(routePath(route, `journal?limit=${PIECE}${before === null ? '' : `&before=${before}`}`));
    if (route !== view.route) return;
    const known = new Set(view.entries.map((it) => it.sequence));
    const fresh = page.entries.filter((it) => !known.has(it.sequence));
    view.entries = [...view.entries, ...fresh].sort((one, other) => other.sequence - one.sequence);
    if (before !== null || view.before === null) view.before = page.before ?? undefined;
    view.error = null;
  } catch (error) {
    view.error = error.message;
  } finally {
    view.loading = false;
    changed();
  }
}

/** Keeps up with the newest line that the stream tells of. */
function follow(page) {
  const newest = page.rollout?.events?.[0]?.sequence ?? 0;
  if (view.route !== page.route) Object.assign(view, { route: page.route, entries: [], before: null, newest: -1, error: null, loading: false });
  if (newest === view.newest) return;
  view.newest = newest;
  load(page.route, null);
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
      table({ caption: `Journal of ${page.route}`, columns, rows: entries.map((entry) => ({ key: entry.sequence, entry, deps: [entry.sequence] })), class: 'cards journal' }),
    view.before > 0 && h('button', { type: 'button', class: 'button small', onclick: () => load(page.route, view.before) }, 'Show older'));
}
