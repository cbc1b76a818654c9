// Numbers and times as a person reads them. What is not known is a dash.

export const DASH = '–';

const known = (value) => typeof value === 'number' && Number.isFinite(value);
const trimmed = (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** 18204 → "18 204", in narrow spaces that do not break. */
export function grouped(value) {
  if (!known(value)) return DASH;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function rounded(share, digits) {
  const value = share * 100;
  return `${trimmed(value.toFixed(value !== 0 && Math.abs(value) < 1 ? digits + 1 : digits))}%`;
}

/** Beyond so many digits a share is 0% or 100%: sums of shares are not exact. */
const FINEST = 4;

/** 0.25 → "25%", 0.0012 → "0.12%". What is neither nothing nor everything is never said to be: 0.9996 → "99.96%". */
export function percent(share, digits = 1) {
  if (!known(share)) return DASH;
  let text = rounded(share, digits);
  for (let more = digits + 1; more <= FINEST && share > 0 && share < 1 && /^(0|100)%$/.test(text); ++more) text = rounded(share, more);
  return text;
}

/** Two decimals, never rounded up to a spotless 100%. */
export function success(share) {
  if (!known(share)) return DASH;
  if (share >= 1) return '100%';
  return `${(Math.floor(share * 10000 + 1e-9) / 100).toFixed(2)}%`;
}

/** With its sign: "+4.2%". */
export function signed(share) {
  if (!known(share)) return DASH;
  const text = rounded(share, 1);
  if (text === '-0%' || text === '0%') return '±0%';
  return share > 0 ? `+${text}` : text.replace('-', '\u2212');
}

/** Requests per second. */
export function rate(value) {
  if (!known(value)) return DASH;
  return value < 99.95 ? value.toFixed(1) : grouped(value);
}

/** How long something took: "0.8 ms", "21 ms", "1.2 s". */
export function took(seconds) {
  if (!known(seconds)) return DASH;
  const ms = seconds * 1000;
  if (ms < 10) return `${trimmed(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${trimmed((ms / 1000).toFixed(ms < 10000 ? 1 : 0))} s`;
}

/** How long something lasts, in two units at most or in `short` in one: "45s", "9m 12s", "3h 4m", "2d 5h". */
export function lasts(seconds, short = false) {
  if (!known(seconds)) return DASH;
  const whole = Math.max(0, Math.floor(seconds));
  const units = [['d', 86400], ['h', 3600], ['m', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => whole >= size);
  if (first < 0) return '0s';
  const [unit, size] = units[first];
  const next = short ? null : units[first + 1];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  return `${Math.floor(whole / size)}${unit}${rest ? ` ${rest}${next[0]}` : ''}`;
}

/** Three digits that say something; for values of outcomes. */
export function number(value) {
  if (!known(value)) return DASH;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 999.5) return grouped(value);
  return trimmed(value.toPrecision(3));
}

export function bytes(value) {
  if (!known(value)) return DASH;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; ++at) value /= 1024;
  return `${trimmed(value.toFixed(at === 0 ? 0 : 1))} ${units[at]}`;
}

/** The value of a check, in the unit of its metric. */
export function measured(name, value) {
  if (!known(value)) return DASH;
  if (/^(latency|ttfb)-/.test(name)) return took(value);
  if (/^(error-rate|disagreement)/.test(name)) return percent(value, 2);
  return number(value);
}

/** Unix seconds of "2026-11-22T09:51:07.042Z"; null for nothing. */
export function seconds(time) {
  const ms = time ? Date.parse(time) : NaN;
  return Number.isNaN(ms) ? null : ms / 1000;
}

/** "11-22 09:51:07" in UTC, as the command line and the logs have it. */
export function clock(time) {
  return time && time.length >= 19 ? `${time.slice(5, 10)} ${time.slice(11, 19)}` : DASH;
}

/** "09:51" or "09:51:07" of unix seconds, in UTC. */
export function clockOf(unix, precise = false) {
  return new Date(unix * 1000).toISOString().slice(11, precise ? 19 : 16);
}
