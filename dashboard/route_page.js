// One route: where its rollout is and why, what may be done, and the numbers behind it.
import { banditPanel } from './bandit.js';
import { blueGreenPanel } from './blue_green.js';
import { chartsPanel, drawCharts, enterCharts, leaveCharts } from './charts.js';
import { checksPanel, segmentsPanel } from './checks.js';
import { h } from './dom.js';
import { working } from './effects.js';
import { endpointsOf } from './endpoints_page.js';
import { experimentPanel } from './experiment.js';
import { clock, grouped } from './format.js';
import { journalPanel } from './journal.js';
import { rollingPanel } from './rolling.js';
import { shadowPanel } from './shadow.js';
import { state } from './store.js';
import { stepsPanel } from './steps.js';
import { since, until } from './time.js';
import { verbButtons } from './verbs.js';
import { versionsPanel } from './versions.js';
import { phaseMark, servingMark, spoken, strategyWord } from './words.js';

const panels = { abTest: experimentPanel, bandit: banditPanel, shadow: shadowPanel, rolling: rollingPanel, blueGreen: blueGreenPanel };
const extraCharts = { bandit: ['probabilityBest'], shadow: ['matchRate'] };

function head(page) {
  const { rollout } = page;
  const reason = rollout && spoken(rollout.reason);
  return h('div', { class: 'route-head' },
    h('p', { class: 'crumbs' }, h('a', { href: '#/' }, h('span', { 'aria-hidden': 'true' }, '‹ '), 'Routes')),
    h('div', { class: 'route-title' }, h('h1', { title: page.route }, page.route), h('span', { class: 'badge' }, strategyWord(page.strategy)), rollout?.serving && servingMark(rollout.serving)),
    rollout && h('div', { class: 'standing' },
      h('p', { class: 'standing-line' }, phaseMark(rollout), reason && reason !== spoken(rollout.phase) && h('span', { class: 'quiet' }, reason),
        rollout.pausedByPerson && rollout.pausedBy && h('span', { class: 'quiet' }, `by ${rollout.pausedBy}`), h('span', { class: 'quiet' }, 'for ', since(rollout.phaseSince))),
      rollout.message && h('p', { class: 'standing-message' }, rollout.message)),
    verbButtons(page));
}

function facts(page) {
  const { rollout } = page;
  const entry = (word, ...value) => h('div', { key: word }, h('dt', null, word), h('dd', null, value));
  return h('section', { key: 'facts', class: 'panel', 'aria-labelledby': 'facts-title' }, h('h2', { id: 'facts-title' }, 'Rollout'),
    h('dl', { class: 'facts narrow' },
      entry('Name', h('code', null, rollout.id)),
      entry('Begun (UTC)', h('time', { datetime: rollout.begun }, clock(rollout.begun))),
      rollout.ended && entry('Ended (UTC)', h('time', { datetime: rollout.ended }, clock(rollout.ended))),
      rollout.winner && entry('Winner', rollout.winner),
      rollout.undoUntil && entry('Undo for', until(rollout.undoUntil)),
      entry('Policy', `generation ${grouped(rollout.generation)}`, rollout.observedGeneration !== rollout.generation && `, seen ${grouped(rollout.observedGeneration)}`),
      rollout.windowSince && entry('Counts since', h('time', { datetime: rollout.windowSince, title: 'UTC: what the versions table and the checks count' }, clock(rollout.windowSince)))),
    conditions(rollout));
}

/** Only what is not as it should be. */
function conditions(rollout) {
  const odd = (rollout.conditions ?? []).filter((it) => (it.type === 'Serving' ? it.reason !== 'Healthy' : ['StateKept', 'StateSound', 'SplitSound', 'SegmentsSound'].includes(it.type) && it.status !== 'True'));
  return odd.map((it) => h('p', { key: it.type, class: 'condition' }, h('b', null, spoken(it.reason || it.type)), it.message && `: ${it.message}`));
}

function gone(route) {
  return [h('p', { class: 'crumbs' }, h('a', { href: '#/' }, 'Routes')), h('h1', null, route),
    h('p', { class: 'empty' }, `The policy has no route “${route}”, or no longer. Its journal is kept: `, h('code', null, `sluice journal ${route}`))];
}

export const routePage = {
  title: (route) => route ?? 'Route',
  enter: enterCharts,
  leave: leaveCharts,
  view(route) {
    const page = Object.hasOwn(state.routes, route) ? state.routes[route] : null;
    if (!page) return gone(route);
    queueMicrotask(() => drawCharts(page));
    const strategy = page.rollout ? working({ ...page.rollout, strategy: page.rollout.strategy || page.strategy }) : page.strategy;
    return [
      head(page),
      h('div', { class: 'columns' },
        h('aside', { class: 'side', 'aria-label': 'Progress' }, stepsPanel(page), page.rollout && facts(page)),
        h('div', { class: 'main-column' },
          page.rollout && panels[strategy]?.(page),
          strategy !== 'shadow' && page.rollout?.pairs?.length > 0 && shadowPanel(page),
          chartsPanel(page, page.rollout?.pairs?.length > 0 && strategy !== 'bandit' ? ['matchRate'] : extraCharts[strategy]),
          versionsPanel(page), checksPanel(page), segmentsPanel(page),
          h('section', { key: 'endpoints', class: 'panel', 'aria-labelledby': 'endpoints-title' }, h('h2', { id: 'endpoints-title' }, 'Endpoints'), endpointsOf(page)),
          journalPanel(page))),
    ];
  },
};
