// The first page: one line per route, the gravest first.
import { atWork, bar, inSum, inUse, mirrored, ratesOf, splitWords, usable } from './arms.js';
import { h } from './dom.js';
import { DASH, grouped, percent, rate, success, took } from './format.js';
import { POOL, changed, isPooled, state } from './store.js';
import { sorted, table } from './table.js';
import { since } from './time.js';
import { gravity, mark, phaseMark, servingMark, spoken, standing, strategyWord } from './words.js';

/** `typed` is in force for as long as the field shows it, also on a later visit. */
const view = { typed: '', list: 'all', order: { by: 'phase', down: true } };
const sought = () => view.typed.trim().toLowerCase();
const lists = [['all', 'All'], ['attention', 'Needs a look'], ['moving', 'Under way'], ['settled', 'Settled']];

export const routeLink = (route) => `#/routes/${encodeURIComponent(route)}`;

function phaseCell({ page }) {
  const { rollout } = page;
  if (!rollout) return DASH;
  const reason = spoken(rollout.reason);
  const told = reason && reason !== spoken(rollout.phase) && rollout.phase !== 'Idle';
  return [phaseMark(rollout), told && h('span', { class: 'quiet reason', title: rollout.message }, reason)];
}

export function stepNumbers({ stage = 0, stages = 0, step = 0, steps = 0 }) {
  return [stages > 0 && `stage ${stage}/${stages}`, steps > 0 && `${step}/${steps}`].filter(Boolean).join(', ');
}

function stepCell({ page }) {
  const { rollout } = page;
  if (!rollout || rollout.over) return DASH;
  const numbers = stepNumbers(rollout);
  const words = (rollout.stepText ?? '').replace(/, (\S+ )*left$|, over$/, '');
  if (!numbers && !words) return DASH;
  return h('span', { class: 'clip', title: words }, numbers && h('b', null, numbers), ' ', h('span', { class: 'quiet' }, words));
}

function perVersion(page, text) {
  return (page.versions ?? []).map((it) => `${it.version}: ${text(ratesOf(page, it.version))}`).join('\n');
}

function lastEvent(page) {
  const event = page.rollout?.events?.[0];
  if (!event) return DASH;
  return h('span', { class: 'clip', title: `${event.kind}: ${event.text}` }, h('span', { class: 'age' }, since(event.time, true)), ' ', h('b', null, event.kind), ' ', h('span', { class: 'quiet' }, event.text));
}

function endpointsCell({ page }) {
  const endpoints = inUse(page);
  return endpoints.length === 0 ? DASH : usable(endpoints);
}

const columns = [
  { id: 'route', head: 'Route', class: 'name', sort: ({ page }) => page.route,
    cell: ({ page }) => [h('a', { href: routeLink(page.route), class: 'route-link', title: page.route }, page.route),
      page.rollout && page.rollout.serving && page.rollout.serving !== 'Healthy' && servingMark(page.rollout.serving)] },
  { id: 'strategy', head: 'Strategy', sort: ({ page }) => strategyWord(page.strategy), cell: ({ page }) => strategyWord(page.strategy) },
  { id: 'phase', head: 'Phase', class: 'phase', sort: ({ page }) => gravity(page), cell: phaseCell },
  { id: 'step', head: 'Step', class: 'step', cell: stepCell },
  { id: 'split', head: 'Split', class: 'split', cell: ({ page }) => (atWork(page).length === 0 ? DASH :
    [bar(page, (it) => it.targetWeight || mirrored(page, it.version) * 0.5), h('span', { class: 'clip quiet', title: splitWords(page, { whole: true }) }, splitWords(page, { most: 3 }))]) },
  { id: 'rps', head: 'Req/s', class: 'num', sort: ({ page }) => inSum(page).rps, cell: ({ page }) => rate(inSum(page).rps) },
  { id: 'success', head: 'Success', class: 'num', title: 'of the last seconds', sort: ({ page }) => inSum(page).success,
    cell: ({ page }) => successCell(page) },
  { id: 'p99', head: 'p99', class: 'num', title: 'of the last seconds, the slowest version', sort: ({ page }) => inSum(page).p99,
    cell: ({ page }) => h('span', { title: perVersion(page, (rates) => took(rates.p99)) }, took(inSum(page).p99)) },
  { id: 'endpoints', head: 'Endpoints', class: 'num', title: 'usable of all that are in use', cell: endpointsCell },
  { id: 'event', head: 'Last event', class: 'event', sort: ({ page }) => page.rollout?.events?.[0]?.time ?? '', cell: ({ page }) => lastEvent(page) },
];

function successCell(page) {
  const share = inSum(page).success;
  const text = success(share);
  const title = perVersion(page, (rates) => success(rates.success));
  if (share === null || share >= 0.99) return h('span', { title }, text);
  return h('span', { title }, mark('alert', share < 0.95 ? 'bad' : 'warn', text));
}

function sort(id) {
  view.order = view.order.by === id ? { by: id, down: !view.order.down } : { by: id, down: id === 'phase' || id === 'event' };
  changed();
}

function filters(counts) {
  return h('div', { class: 'bar-tools' },
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Which routes' }, lists.map(([id, word]) => h('button', {
      key: id, type: 'button', class: 'chip', 'aria-pressed': String(view.list === id), onclick: () => { view.list = id; changed(); },
    }, word, ' ', h('span', { class: 'count' }, grouped(counts[id] ?? 0))))),
    h('label', { class: 'search' }, h('span', { class: 'unseen' }, 'Find a route'), h('input', {
      type: 'search', id: 'find', placeholder: 'Find a route  ( / )', autocomplete: 'off', spellcheck: 'false',
      value: view.typed, oninput: (event) => { view.typed = event.target.value; changed(); },
    })));
}

function empty(all) {
  if (all === 0) return h('p', { class: 'empty' }, 'The policy has no route yet. A ModelRoute that is added to it appears here within a second.');
  return h('p', { class: 'empty' }, sought() ? `No route here has “${sought()}” in its name.` : 'No route here.',
    ' ', h('button', { type: 'button', class: 'link', onclick: showAll }, 'Show all'));
}

function showAll() {
  view.list = 'all';
  view.typed = '';
  changed();
}

export const routesPage = {
  title: () => 'Routes',
  view() {
    const pages = Object.values(state.routes).filter((page) => page.route !== POOL);
    const pooled = pages.filter(isPooled).length;
    const counts = { all: pages.length };
    for (const page of pages) counts[standing(page)] = (counts[standing(page)] ?? 0) + 1;
    const text = sought();
    const chosen = pages.filter((page) => (view.list === 'all' || standing(page) === view.list) && page.route.toLowerCase().includes(text));
    const rows = sorted(chosen.map((page) => ({ key: page.route, page, deps: [page], class: standing(page) })), columns, view.order);
    return [h('div', { class: 'page-head' }, h('h1', null, 'Routes'), filters(counts)),
      pooled > 0 && h('p', { key: 'pooled', class: 'why-not' }, `${grouped(pooled)} of these routes have no counters of their own or had no request: the gateway keeps counters for the first ones of a long policy. Rollouts go on all the same; rates and latencies of the others are not known.`),
      rows.length === 0 ? h('div', { key: 'empty' }, empty(pages.length)) : h('div', { key: 'table' }, table({ caption: 'Routes', columns, rows, order: view.order, onSort: sort, class: 'cards routes' }))];
  },
};
