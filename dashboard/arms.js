// The versions of a route: which colour each has everywhere, what it gets, and the split as a bar.
import { h } from './dom.js';
import { percent } from './format.js';
import { isPooled } from './store.js';
import { mark } from './words.js';

/** Stable ones are blue, what is tried is orange; further arms follow. The same in bars, charts and tables. */
const PALETTE = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Who was kept keeps its colour when another one is promoted, and is called stable then: by that alone nobody among arms can be told. */
function leading(versions) {
  const having = (...roles) => versions.find((it) => roles.includes(it.role));
  if (having('arm')) return versions[0];
  return having('previous') ?? having('control') ?? having('stable', 'live', 'active') ?? versions[0];
}

/** Version → a letter that stands for a colour, by role first and then by the policy's order. */
export function colours(page) {
  const versions = page.versions ?? [];
  const lead = leading(versions);
  const out = {};
  let next = 1;
  for (const { version } of versions) out[version] = version === lead?.version ? PALETTE[0] : PALETTE[next++ % PALETTE.length];
  return out;
}

export const shareOf = (page, version) => page.rollout?.versions?.find((it) => it.version === version);
export const mirrored = (page, version) => shareOf(page, version)?.mirrored ?? 0;
export const ratesOf = (page, version) => page.rates?.[version] ?? {};

/** Those that get something, or copies. */
export function atWork(page) {
  return (page.versions ?? []).filter((it) => it.targetWeight > 0 || mirrored(page, it.version) > 0);
}

const LONG = 24;
const TAIL = 9;

/** Versions of one model often differ at the end of a long name: what has no room goes from its middle. */
function ends(name) {
  if (name.length <= LONG) return name;
  return [h('span', { class: 'name-begin' }, name.slice(0, -TAIL)), h('span', { class: 'name-end' }, name.slice(-TAIL))];
}

const shortened = (name) => (name.length <= LONG ? name : `${name.slice(0, TAIL)}…${name.slice(-TAIL)}`);

/** A square of the version's colour and its name. */
export function swatch(page, version) {
  return h('span', { class: 'arm' }, h('span', { class: `swatch arm-${colours(page)[version] ?? 'h'}`, 'aria-hidden': 'true' }), h('span', { class: 'arm-name', title: version }, ends(version)));
}

/** Shares as a bar. The words beside it say the same. */
export function bar(page, share = (it) => it.targetWeight) {
  const colour = colours(page);
  const parts = (page.versions ?? []).filter((it) => share(it) > 0);
  return h('span', { class: 'bar', 'aria-hidden': 'true' },
    parts.map((it) => h('span', { key: it.version, class: `arm-${colour[it.version]} ${it.targetWeight > 0 || !mirrored(page, it.version) ? '' : 'copies'}`, style: { 'flex-grow': String(share(it)) } })));
}

/** "v1 75% · v2 25%", copies as "v2 copies 50%"; `most` of them, with the middle of long names left out unless `whole`. */
export function splitWords(page, { most = 99, whole = false } = {}) {
  const working = atWork(page);
  const words = working.slice(0, most).map((it) => {
    const copies = mirrored(page, it.version);
    const name = whole ? it.version : shortened(it.version);
    const share = it.targetWeight > 0 ? `${name} ${percent(it.targetWeight)}` : `${name} copies ${percent(copies)}`;
    return it.targetWeight > 0 && copies > 0 ? `${share} + copies` : share;
  });
  if (working.length > most) words.push(`${working.length - most} more`);
  return words.join(' · ');
}

/** "v1 74.8% · v2 25.2%" of what was observed. */
export function observedWords(page) {
  return (page.versions ?? []).filter((it) => it.observedWeight > 0).map((it) => `${shortened(it.version)} ${percent(it.observedWeight)}`).join(' · ');
}

/** Of the last seconds over all versions that answer clients: requests per second, share of success, the slowest p99. */
export function inSum(page) {
  let rps = 0;
  let good = 0;
  let counted = 0;
  let p99 = null;
  for (const { version, targetWeight } of page.versions ?? []) {
    const rates = ratesOf(page, version);
    if (!rates.rps || (!(targetWeight > 0) && mirrored(page, version) > 0)) continue;
    rps += rates.rps;
    if (typeof rates.success === 'number') {
      good += rates.rps * rates.success;
      counted += rates.rps;
    }
    if (typeof rates.p99 === 'number') p99 = Math.max(p99 ?? 0, rates.p99);
  }
  return { rps: page.rates && !isPooled(page) ? rps : null, success: counted > 0 ? good / counted : null, p99 };
}

/** Whether it is the rollout that keeps an endpoint out of service: then nobody needs to look at it. */
export const isWithheld = (endpoint) => endpoint.state === 'draining' && /^withheld/.test(endpoint.reason ?? '');
const isAmiss = (endpoint) => !(endpoint.share > 0) && (!isWithheld(endpoint) || /^failed/.test(endpoint.lastCheck ?? ''));

/** "2/3": usable of all; with a mark where that is not as it should be. */
export function usable(endpoints) {
  const ready = endpoints.filter((it) => it.share > 0).length;
  const text = `${ready}/${endpoints.length}`;
  if (!endpoints.some(isAmiss)) return text;
  return ready === 0 ? mark('cross', 'bad', text) : mark('alert', 'warn', text);
}

export const inUse = (page) => (page.versions ?? []).filter((it) => it.targetWeight > 0 || mirrored(page, it.version) > 0).flatMap((it) => it.endpoints ?? []);
