// What everybody must know, whatever page they are on: cut off, reload refused, state not kept, draining.
import { askForToken } from './access.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { buildOf, state } from './store.js';
import { clockOf } from './format.js';

function notice(key, tone, ...content) {
  return h('div', { key, class: `notice ${tone}` }, icon(tone === 'busy' ? 'hourglass' : 'alert'), h('div', null, content));
}

const again = () => window.dispatchEvent(new Event('sluice-reconnect'));

function cut() {
  const { link } = state;
  if (link.state === 'locked') {
    return notice('link', 'warn', h('b', null, 'The gateway asks for a token. '), link.why, ' ', h('button', { type: 'button', class: 'link', onclick: askForToken }, 'Enter token'));
  }
  if (link.state !== 'lost') return null;
  return notice('link', 'bad', h('b', null, `Cut off from the gateway since ${clockOf(link.since / 1000, true)} UTC. `),
    link.answered ? `It answers, but: ${link.why}. ` : '', state.loaded ? 'What is shown is as it was then. ' : '', 'It is tried again by itself. ', h('button', { type: 'button', class: 'link', onclick: again }, 'Try now'));
}

function reload() {
  const { lastReloadSuccessful, lastReloadError } = state.config;
  if (lastReloadSuccessful !== false || location.hash === '#/policy') return null;
  return notice('reload', 'bad', h('b', null, 'The last reload was refused; the policy before is in force. '), h('code', { class: 'problem' }, (lastReloadError ?? '').trim().split('\n')[0]), ' ', h('a', { href: '#/policy' }, 'Policy'));
}

/** Of all rollouts, since they share the store. */
function store() {
  for (const page of Object.values(state.routes)) {
    const kept = page.rollout?.conditions?.find((it) => it.type === 'StateKept');
    if (kept?.status === 'False') return notice('store', 'bad', h('b', null, 'The state cannot be kept: '), kept.message);
  }
  return null;
}

function damage() {
  return (state.config.stateDamage ?? []).map((text, i) => notice(`damage-${i}`, 'bad', h('b', null, 'The state was damaged: '), text));
}

function draining() {
  const { phase, requestsInFlight } = state.gateway;
  if (!phase || phase === 'serving') return null;
  return notice('drain', 'warn', h('b', null, `The gateway is ${phase}. `), `${requestsInFlight ?? 0} requests are under way; new ones should go elsewhere.`);
}

/** The page's scripts are of the build that was there when it was opened. */
function outdated() {
  if (!state.opened || buildOf(state.config) === state.opened) return null;
  return notice('build', 'warn', h('b', null, 'The gateway is of another build now. '), `This page is still that of ${state.opened}. `,
    h('button', { type: 'button', class: 'link', onclick: () => location.reload() }, 'Load it anew'));
}

export const notices = () => [cut(), draining(), outdated(), store(), damage(), reload()];
