// Charts of a route: what was, from the gateway's memory, and what comes, every five seconds.
import { get, routePath } from './api.js';
import { colours, swatch } from './arms.js';
import { charted, shapes } from './chart_shapes.js';
import { h } from './dom.js';
import { changed, state } from './store.js';

const PERIOD = 5000;
const KEPT = 3600;

const view = { route: null, points: [], error: null, loaded: false };
const boxes = new Map();
let Chart = null;
let timer = 0;

async function library() {
  if (Chart) return;
  const module = await import('./chart.js');
  module.Chart.register(module.LineController, module.LineElement, module.PointElement, module.LinearScale, module.Filler, module.Tooltip);
  Chart = module.Chart;
}

/** Keeps what is an hour old at most, each moment once. */
function take(points) {
  const from = points[0]?.at ?? Infinity;
  const all = [...view.points.filter((it) => it.at < from), ...points];
  const newest = all.at(-1)?.at ?? 0;
  view.points = all.filter((it) => it.at > newest - KEPT);
}

async function fetchPoints(route) {
  const last = view.points.at(-1)?.at;
  try {
    const [page] = await Promise.all([get(routePath(route, last ? `history?after=${last}` : 'history')), library()]);
    if (route !== view.route) return;
    take(page.points ?? []);
    view.error = null;
  } catch (error) {
    if (route === view.route) view.error = error.message;
  }
  view.loaded = true;
  changed();
}

function tick() {
  if (view.route === null) return;
  const again = (pause) => { timer = setTimeout(tick, pause); };
  if (!state.loaded) return again(100);
  if (document.hidden || state.link.state !== 'live' || !Object.hasOwn(state.routes, view.route)) return again(PERIOD);
  const route = view.route;
  fetchPoints(route).finally(() => { if (route === view.route) again(PERIOD); });
}

export function enterCharts(route) {
  leaveCharts();
  Object.assign(view, { route, points: [], error: null, loaded: false });
  tick();
}

export function leaveCharts() {
  clearTimeout(timer);
  view.route = null;
  for (const id of boxes.keys()) drop(id);
}

function drop(id) {
  boxes.get(id)?.chart?.destroy();
  boxes.delete(id);
}

/** Brings every canvas that is there up to date; called after a change of the page was painted. */
export function drawCharts(page) {
  for (const [id, box] of boxes) {
    if (!box.canvas.isConnected) drop(id);
    else if (Chart && view.points.length > 0) draw(id, box, page);
  }
}

function draw(id, box, page) {
  const colour = colours(page);
  const last = view.points.at(-1).at;
  const scheme = matchMedia('(prefers-color-scheme: dark)').matches;
  const stamp = `${last} ${view.points.length} ${scheme} ${JSON.stringify(colour)}`;
  if (box.stamp === stamp) return;
  box.stamp = stamp;
  const config = charted(id, view.points, colour);
  if (box.chart && box.scheme === scheme) {
    box.chart.data.datasets = config.data.datasets;
    box.chart.options.scales.x.min = config.options.scales.x.min;
    box.chart.options.scales.x.max = config.options.scales.x.max;
    box.chart.update('none');
  } else {
    box.chart?.destroy();
    box.chart = new Chart(box.canvas, config);
    box.scheme = scheme;
  }
}

function canvas(id, label) {
  return h('div', { class: `chart ${shapes[id].tall ? 'tall' : ''}` }, h('canvas', {
    opaque: true, role: 'img', 'aria-label': label, ref: (node) => { boxes.get(id)?.chart?.destroy(); boxes.set(id, { canvas: node, chart: null }); },
  }, label));
}

function note() {
  if (view.points.length > 0) return null;
  if (view.error) return h('p', { class: 'chart-note' }, `No history: ${view.error}`);
  return h('p', { class: 'chart-note' }, view.loaded ? 'No point yet: the first comes within five seconds of traffic.' : 'Loading…');
}

/** One chart as a figure. */
export function chart(id, page) {
  const { title, label } = shapes[id];
  return h('figure', { key: id, class: `chart-figure ${shapes[id].tall ? 'wide-figure' : ''}` }, h('figcaption', null, title), canvas(id, label(page)), note());
}

export function chartsPanel(page, more = []) {
  return h('section', { key: 'charts', class: 'panel charts', 'aria-labelledby': 'charts-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'charts-title' }, 'Over time'),
      h('div', { class: 'legend' }, (page.versions ?? []).map((it) => swatch(page, it.version)), h('span', { class: 'arm' }, h('span', { class: 'dash', 'aria-hidden': 'true' }), h('span', { class: 'quiet' }, 'target')))),
    chart('split', page), h('div', { class: 'chart-row' }, [...more, 'rps', 'failed', 'p99'].map((id) => chart(id, page))));
}
