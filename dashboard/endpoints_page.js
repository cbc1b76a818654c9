// Every endpoint of every route with its state, since when, and what its last check said.
import { swatch } from './arms.js';
import { post } from './api.js';
import { reasonAgainst } from './access.js';
import { ask, toast } from './dialog.js';
import { h } from './dom.js';
import { DASH, grouped, percent } from './format.js';
import { routeLink } from './routes_page.js';
import { changed, mayChange, state } from './store.js';
import { sorted, table } from './table.js';
import { since } from './time.js';
import { stateMark } from './words.js';

const view = { typed: '', list: 'all', order: { by: 'state', down: true } };
const graver = { ejected: 6, unhealthy: 5, probation: 4, draining: 3, starting: 2, ramping: 1, admitted: 0 };

/** An order to drain names an endpoint that a person has taken out; what a rollout withholds is not theirs to return. */
const drainedByPerson = (endpoint) => endpoint.state === 'draining' && /taken out/.test(endpoint.reason ?? '');

/** What becomes of its traffic, by what is known now: the row, and the question, may be older than the state of the others. */
function drainEffect(route, version, address) {
  const endpoints = state.routes[route]?.versions?.find((it) => it.version === version)?.endpoints ?? [];
  const own = endpoints.find((it) => it.endpoint === address);
  if (!own) return h('p', null, 'The endpoint is gone.');
  const others = endpoints.filter((it) => it !== own && it.share > 0).length;
  return h('p', null, `It gets no new request of ${version} on ${route}; the ${own.inFlight} under way finish. `,
    others > 0 ? `${others} other endpoint${others === 1 ? '' : 's'} of ${version} ${others === 1 ? 'takes' : 'take'} its traffic.` :
      h('b', null, `It is the last usable one of ${version}: the gateway refuses unless another version answers for it.`));
}

function askDrain(route, version, address, undo) {
  ask({
    title: undo ? `Let ${address} back in?` : `Drain ${address}?`,
    confirm: undo ? 'Let it back in' : 'Drain',
    grave: !undo,
    body: () => [
      undo ? h('p', null, `It gets its share of ${version}'s traffic on ${route} again.`) : drainEffect(route, version, address),
      h('p', { class: 'quiet' }, 'A restart of the gateway forgets this; the policy is what lasts.'),
    ],
    act: async () => {
      const done = await post('drain', { route, version, endpoint: address, undo });
      toast(`${undo ? 'Let back in' : 'Draining'}: ${address} (${done.changed ?? 0} changed).`);
    },
  });
}

function action({ page, version, endpoint }) {
  const undo = drainedByPerson(endpoint);
  if (endpoint.state === 'draining' && !undo) return DASH;
  return h('button', { type: 'button', class: 'button small', disabled: !mayChange(), onclick: () => askDrain(page.route, version.version, endpoint.endpoint, undo),
    'aria-label': `${undo ? 'Let back in' : 'Drain'} ${endpoint.endpoint} of ${page.route}` }, undo ? 'Undo drain' : 'Drain');
}

const inRoute = [
  { id: 'endpoint', head: 'Endpoint', class: 'name', sort: (row) => row.endpoint.endpoint, cell: ({ endpoint }) => h('code', { class: 'address', title: endpoint.endpoint }, endpoint.endpoint) },
  { id: 'version', head: 'Version', sort: (row) => row.version.version, cell: ({ page, version }) => swatch(page, version.version) },
  { id: 'state', head: 'State', sort: (row) => graver[row.endpoint.state] ?? 9, cell: ({ endpoint }) => stateMark(endpoint.state) },
  { id: 'share', head: 'Share', class: 'num', title: 'of its usual traffic, now', sort: (row) => row.endpoint.share, cell: ({ endpoint }) => percent(endpoint.share, 0) },
  { id: 'flight', head: 'In flight', class: 'num', sort: (row) => row.endpoint.inFlight, cell: ({ endpoint }) => grouped(endpoint.inFlight) },
  { id: 'ejections', head: 'Ejections', class: 'num', sort: (row) => row.endpoint.ejections, cell: ({ endpoint }) => grouped(endpoint.ejections) },
  { id: 'since', head: 'For', class: 'num', title: 'since the last change of its state', sort: (row) => row.endpoint.stateSince ?? '', cell: ({ endpoint }) => since(endpoint.stateSince) },
  { id: 'check', head: 'Last check', class: 'wide', cell: ({ endpoint }) => (endpoint.lastCheck ? h('span', { class: 'clip', title: endpoint.lastCheck }, endpoint.lastCheck) : DASH) },
  { id: 'reason', head: 'Reason', class: 'reason', cell: ({ endpoint }) => h('span', { class: 'clip quiet', title: endpoint.reason }, endpoint.reason) },
  { id: 'action', head: 'Action', cell: action },
];
const everywhere = [inRoute[0], { id: 'route', head: 'Route', sort: (row) => row.page.route, cell: ({ page }) => h('a', { href: routeLink(page.route), class: 'route-link', title: page.route }, page.route) }, ...inRoute.slice(1)];

function rowsOf(page) {
  return (page.versions ?? []).flatMap((version) => (version.endpoints ?? []).map((endpoint) => ({
    key: `${page.route} ${version.version} ${endpoint.endpoint}`, page, version, endpoint,
    deps: [JSON.stringify(endpoint), version.endpoints.length, mayChange()],
  })));
}

/** Those of one route, for its page. */
export function endpointsOf(page) {
  return table({ caption: `Endpoints of ${page.route}`, columns: inRoute, rows: rowsOf(page), class: 'cards endpoints' });
}

const tests = { all: () => true, out: ({ endpoint }) => endpoint.state !== 'admitted', in: ({ endpoint }) => endpoint.state === 'admitted' };
const lists = [['all', 'All'], ['out', 'Not admitted'], ['in', 'Admitted']];

function sort(id) {
  view.order = view.order.by === id ? { by: id, down: !view.order.down } : { by: id, down: id === 'state' };
  changed();
}

export const endpointsPage = {
  title: () => 'Endpoints',
  view() {
    const all = Object.values(state.routes).flatMap(rowsOf);
    const text = view.typed.trim().toLowerCase();
    const found = all.filter((row) => `${row.page.route} ${row.version.version} ${row.endpoint.endpoint}`.toLowerCase().includes(text));
    const rows = sorted(found.filter(tests[view.list]), everywhere, view.order);
    return [
      h('div', { class: 'page-head' }, h('h1', null, 'Endpoints'), h('div', { class: 'bar-tools' },
        h('div', { class: 'chips', role: 'group', 'aria-label': 'Which endpoints' }, lists.map(([id, word]) => h('button', {
          key: id, type: 'button', class: 'chip', 'aria-pressed': String(view.list === id), onclick: () => { view.list = id; changed(); },
        }, word, ' ', h('span', { class: 'count' }, grouped(found.filter(tests[id]).length))))),
        h('label', { class: 'search' }, h('span', { class: 'unseen' }, 'Find an endpoint'), h('input', {
          type: 'search', id: 'find', placeholder: 'Address, route or version  ( / )', autocomplete: 'off', spellcheck: 'false',
          value: view.typed, oninput: (event) => { view.typed = event.target.value; changed(); } })))),
      reasonAgainst() && h('p', { key: 'why', class: 'why-not' }, reasonAgainst()),
      rows.length === 0 ? h('p', { key: 'empty', class: 'empty' }, all.length === 0 ? 'The policy names no endpoint.' : 'No endpoint here.') :
        h('div', { key: 'table' }, table({ caption: 'Endpoints', columns: everywhere, rows, order: view.order, onSort: sort, class: 'cards endpoints' })),
    ];
  },
};
