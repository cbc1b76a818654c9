// Versions side by side: what each gets and how it fares.
import { bar, mirrored, observedWords, ratesOf, shareOf, splitWords, swatch, usable } from './arms.js';
import { h } from './dom.js';
import { DASH, grouped, percent, rate, success, took } from './format.js';
import { table } from './table.js';
import { mark } from './words.js';

/** Of the window of the step under way, and else since the start; a rescued request is not this version's success. */
function counted(page, it) {
  const share = shareOf(page, it.version);
  if (share?.requests > 0) return { requests: share.requests, failures: share.failures ?? 0, since: 'since this step began' };
  return { requests: it.answered + it.rescued, failures: it.failed + it.rescued, since: 'since the start' };
}

function successCell({ page, it }) {
  const { requests, failures, since } = counted(page, it);
  if (requests === 0) return DASH;
  const share = 1 - failures / requests;
  const title = `${grouped(failures)} of ${grouped(requests)} failed ${since}`;
  return h('span', { title }, share < 0.99 ? mark('alert', share < 0.95 ? 'bad' : 'warn', success(share)) : success(share));
}

function observed({ it }) {
  if (!it.observedDecisions) return DASH;
  return [percent(it.observedWeight), ' ', h('span', { class: 'quiet' }, `(${grouped(it.observedDecisions)})`)];
}

function target({ page, it }) {
  const copies = mirrored(page, it.version);
  return [percent(it.targetWeight), copies > 0 && h('span', { class: 'quiet' }, ` + ${percent(copies)} copies`)];
}


/** The last seconds' number, or that of the whole time where nothing came lately. */
const latency = (name) => ({ page, it }) => {
  const recent = ratesOf(page, it.version)[name];
  if (typeof recent === 'number') return took(recent);
  if (!it.answered) return DASH;
  return h('span', { class: 'quiet', title: 'since the start: nothing came lately' }, took(it.latency?.[name]));
};

const columns = [
  { id: 'version', head: 'Version', class: 'name', cell: ({ page, it }) => swatch(page, it.version) },
  { id: 'role', head: 'Role', cell: ({ it }) => it.role || DASH },
  { id: 'target', head: 'Target', class: 'num', cell: target },
  { id: 'observed', head: 'Observed (n)', class: 'num', cell: observed },
  { id: 'rps', head: 'Req/s', class: 'num', title: 'of the last seconds', cell: ({ page, it }) => rate(ratesOf(page, it.version).rps) },
  { id: 'success', head: 'Success', class: 'num', title: 'since this step began', cell: successCell },
  { id: 'p50', head: 'p50', class: 'num', title: 'of the last seconds', cell: latency('p50') },
  { id: 'p95', head: 'p95', class: 'num', title: 'of the last seconds', cell: latency('p95') },
  { id: 'p99', head: 'p99', class: 'num', title: 'of the last seconds', cell: latency('p99') },
  { id: 'flight', head: 'In flight', class: 'num', cell: ({ it }) => grouped(it.inFlight) },
  { id: 'rescued', head: 'Rescued', class: 'num', title: 'failed here and answered by another version, since the start', cell: ({ it }) => grouped(it.rescued) },
  { id: 'endpoints', head: 'Endpoints', class: 'num', title: 'usable of all', cell: ({ it }) => usable(it.endpoints ?? []) },
];

export function versionsPanel(page) {
  return h('section', { key: 'versions', class: 'panel', 'aria-labelledby': 'versions-title' }, h('h2', { id: 'versions-title' }, 'Versions'),
    h('div', { class: 'split-lines' },
      h('div', { class: 'split-line' }, h('span', { class: 'quiet' }, 'Target'), bar(page), h('span', { class: 'split-words' }, splitWords(page, { most: 6 }))),
      h('div', { class: 'split-line' }, h('span', { class: 'quiet' }, 'Observed'), bar(page, (it) => it.observedWeight),
        h('span', { class: 'split-words' }, observedWords(page) || 'no request yet'))),
    table({ caption: `Versions of ${page.route}`, columns, rows: (page.versions ?? []).map((it) => ({ key: it.version, page, it, deps: [page] })), class: 'cards' }));
}
