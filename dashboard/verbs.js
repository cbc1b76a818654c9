// The buttons of a rollout. Each asks first and names what it would do.
import { post, routePath } from './api.js';
import { reasonAgainst } from './access.js';
import { ask, repaint, toast } from './dialog.js';
import { effect, grave, presently } from './effects.js';
import { h } from './dom.js';
import { mayChange, state } from './store.js';
import { spoken } from './words.js';

const words = { promote: 'Promote', pause: 'Pause', resume: 'Resume', abort: 'Abort', retry: 'Retry', undo: 'Undo' };

/** Where the shorter promote is one step of several, the longer one is offered beside it. */
const offersAll = (rollout) => ['canary', 'rolling', 'stages', 'blueGreen', 'shadow', 'abTest', 'bandit'].includes(rollout.strategy);

function askVerb(route, verb) {
  let full = false;
  const page = () => state.routes[route];
  ask({
    title: `${words[verb]} ${route}?`,
    confirm: words[verb],
    grave: grave.has(verb),
    body() {
      if (!page()?.rollout) return h('p', null, 'The route is gone.');
      const { rollout } = page();
      return [
        h('p', { class: 'effect', id: 'effect' }, effect(verb, rollout, full)),
        verb === 'promote' && offersAll(rollout) && h('label', { class: 'tick' }, h('input', {
          type: 'checkbox', id: 'full', onchange: (event) => { full = event.target.checked; repaint(); },
        }), ' All the way, past every step and check'),
        h('p', { class: 'quiet' }, `Now: ${rollout.phase}${rollout.reason && spoken(rollout.reason) !== spoken(rollout.phase) ? ` (${spoken(rollout.reason)})` : ''}; ${presently(page())}.`),
      ];
    },
    async act() {
      const done = await post(routePath(route, verb), full ? { full: true } : {});
      toast(`${words[verb]}: ${route} is ${done.phase ?? 'told'}. ${done.message ?? ''}`);
    },
  });
}

/** Those that act now; none where there is nothing to decide. */
export function verbButtons(page) {
  const verbs = page.rollout?.verbs ?? [];
  if (verbs.length === 0) return null;
  return h('div', { class: 'verbs' },
    h('div', { class: 'verb-row', role: 'group', 'aria-label': `What can be done with ${page.route}` }, verbs.map((verb) => h('button', {
      key: verb, type: 'button', class: `button ${grave.has(verb) ? 'grave' : verb === 'promote' || verb === 'resume' ? 'primary' : ''}`,
      id: `verb-${verb}`, disabled: !mayChange(), 'aria-describedby': mayChange() ? null : 'why-not',
      onclick: () => askVerb(page.route, verb),
    }, words[verb] ?? verb))),
    reasonAgainst() && h('p', { class: 'why-not', id: 'why-not' }, reasonAgainst()));
}
