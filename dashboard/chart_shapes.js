// What each chart shows: from points of the history to Chart.js' datasets. No state, no elements.
import { atWork } from './arms.js';
import { clockOf, number, percent, rate, took } from './format.js';

const SHORTEST = 120;  // seconds that a chart spans at least
const has = (value) => typeof value === 'number';

const nowOf = (page, text) => atWork(page).map((it) => `${it.version} ${text(it)}`).join(', ') || 'nothing yet';
const rateLabel = (what, name, text) => (page) => `${what} by version; now ${nowOf(page, (it) => text(page.rates?.[it.version]?.[name]))}`;

/** `share`: from 0 to 1. `least`: the axis reaches at least so far. */
export const shapes = {
  split: { title: 'Observed split', tall: true, share: true, format: (value) => percent(value), label: (page) => `Observed split over time, target dashed; now ${nowOf(page, (it) => percent(it.observedWeight))}` },
  rps: { title: 'Requests per second', least: 1, format: number, label: rateLabel('Requests per second', 'rps', rate) },
  failed: { title: 'Failed', least: 0.01, format: (value) => percent(value), label: rateLabel('Share of failed requests', 'success', (value) => (has(value) ? percent(1 - value) : 'nothing')) },
  p99: { title: 'Latency p99', least: 0.01, format: took, label: rateLabel('Latency p99', 'p99', took) },
  probabilityBest: { title: 'Probability of being the best', share: true, format: (value) => percent(value), label: (page) => `Probability of being the best; now ${(page.rollout?.arms ?? []).map((arm) => `${arm.version} ${percent(arm.probabilityBest)}`).join(', ')}` },
  matchRate: { title: 'Match rate', share: true, format: (value) => percent(value), label: (page) => `Share of pairs that agree; now ${(page.rollout?.pairs ?? []).map((it) => `${it.version} ${has(it.disagreement) ? percent(1 - it.disagreement) : 'nothing compared'}`).join(', ')}` },
};

const style = () => {
  const css = getComputedStyle(document.documentElement);
  return (name) => css.getPropertyValue(`--${name}`).trim();
};

const line = (versions, colour, css) => versions.map((version) => {
  const tone = css(`arm-${colour[version] ?? 'h'}`);
  return { label: version, borderColor: tone, backgroundColor: tone, borderWidth: 1.5, pointRadius: 0, pointHitRadius: 6, tension: 0 };
});

/** A version that had nothing to say while others had is at 0; where nobody had, there is a gap. */
function observed(point, version) {
  const known = Object.values(point.versions).some((it) => has(it.observed));
  return known ? point.versions[version]?.observed ?? 0 : null;
}

function splitDatasets(points, versions, colour, css) {
  const areas = line(versions, colour, css).map((set, i) => ({
    ...set, borderWidth: 0, fill: i === 0 ? 'origin' : '-1', stack: 'observed', backgroundColor: css(`arm-${colour[set.label]}-soft`),
    data: points.map((point) => ({ x: point.at, y: observed(point, set.label) })),
  }));
  // The border between two versions' targets; the last one is always the whole.
  const targets = versions.slice(0, -1).map((version, i) => ({
    label: `target ${version}`, stack: `target ${version}`, borderColor: css('text'), borderDash: [4, 3], borderWidth: 1.2, pointRadius: 0, pointHitRadius: 0, stepped: true, fill: false, order: -1, target: true,
    data: points.map((point) => {
      const parts = versions.slice(0, i + 1).map((it) => point.versions[it]?.target);
      return { x: point.at, y: parts.some(has) ? parts.reduce((sum, it) => sum + (it ?? 0), 0) : null };
    }),
  }));
  return [...targets, ...areas];
}

function plainDatasets(id, points, versions, colour, css) {
  return line(versions, colour, css).map((set) => ({ ...set, data: points.map((point) => ({ x: point.at, y: point.versions[set.label]?.[id] ?? null })) }))
    .filter((set) => set.data.some(({ y }) => y !== null));
}

/** Marks at whole minutes, about six of them. */
function marks(axis) {
  const span = axis.max - axis.min;
  const step = [60, 120, 300, 600, 900].find((it) => span / it <= (axis.width > 420 ? 8 : 4)) ?? 1800;
  axis.ticks = [];
  for (let at = Math.ceil(axis.min / step) * step; at <= axis.max; at += step) axis.ticks.push({ value: at });
}

function scales(shape, points, css) {
  const max = points.at(-1).at;
  const font = { size: 11 };
  const grid = { color: css('line'), drawBorder: false, tickLength: 4 };
  return {
    x: { type: 'linear', min: Math.min(points[0].at, max - SHORTEST), max, grid: { ...grid, drawOnChartArea: false }, afterBuildTicks: marks, ticks: { color: css('quiet'), font, maxRotation: 0, callback: (value) => clockOf(value) } },
    y: { type: 'linear', stacked: Boolean(shape.tall), min: 0, max: shape.share ? 1 : undefined, suggestedMax: shape.least, grid, ticks: { color: css('quiet'), font, maxTicksLimit: shape.tall ? 5 : 4, callback: (value) => shape.format(value) } },
  };
}

/** Chart.js' configuration of one chart; `colour`: version → letter of its colour. */
export function charted(id, points, colour) {
  const css = style();
  const shape = shapes[id];
  const versions = Object.keys(colour).filter((version) => points.some((point) => point.versions[version]));
  return {
    type: 'line',
    data: { datasets: id === 'split' ? splitDatasets(points, versions, colour, css) : plainDatasets(id, points, versions, colour, css) },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true, spanGaps: 15,
      interaction: { mode: 'index', intersect: false, axis: 'x' },
      scales: scales(shape, points, css),
      plugins: {
        filler: { propagate: false },
        tooltip: {
          filter: (item) => !item.dataset.target,
          callbacks: { title: (items) => (items.length > 0 ? `${clockOf(items[0].parsed.x, true)} UTC` : ''), label: (item) => ` ${item.dataset.label}  ${shape.format(item.parsed.y)}` },
        },
      },
    },
  };
}
