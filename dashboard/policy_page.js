// The policy in force, defaults filled in, and what became of the last reload.
import { askForToken, reasonAgainst } from './access.js';
import { get, post } from './api.js';
import { toast } from './dialog.js';
import { h, memo } from './dom.js';
import { grouped } from './format.js';
import { mark } from './words.js';
import { buildOf, changed, mayChange, onLocked, state } from './store.js';

/** `of`: what is shown, or asked for now. `failed`: the state of the line on which no answer came. */
const view = { page: null, of: null, error: null, failed: null, reloading: false };
onLocked(() => Object.assign(view, { page: null, of: null }));

/** What the text depends on: another generation, or another right to read it. */
const wanted = () => `${state.config.generation} ${state.config.hash} ${state.access.authorized}`;

/** A refusal lasts until the right to read is another one; any other failure until the line is there anew, or the next visit. */
async function load() {
  const of = wanted();
  const { link } = state;
  if (view.of === of || view.failed === link || (view.failed && link.state !== 'live')) return;
  Object.assign(view, { of, failed: null });
  try {
    const page = await get('policy');
    if (view.of === of) Object.assign(view, { page, error: null });
  } catch (error) {
    if (view.of !== of) return;
    view.error = error;
    if (error.status !== 401 && error.status !== 403) Object.assign(view, { of: null, failed: link });
  }
  changed();
}

async function reload() {
  view.reloading = true;
  changed();
  try {
    const config = await post('reload');
    toast(`Read again: generation ${config.generation} is in force.`);
  } catch (error) {
    toast(`Not taken: ${error.message.split('\n')[0]}`);
  }
  view.reloading = false;
  changed();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(view.page.yaml);
    toast('Copied.');
  } catch {
    toast('The browser does not let this page copy; select the text instead.');
  }
}

/** One line as parts: indentation, key, value, comment. Only to colour it; the text is as it came. */
function parts(line) {
  const comment = /^(.*?)(\s#.*|^#.*)$/.exec(line);
  const text = comment ? comment[1] : line;
  const pair = /^(\s*(?:- )?)([\w./~"'-]+)(:)(\s.*|)$/.exec(text);
  return [pair ? [pair[1], h('span', { class: 'y-key' }, pair[2]), pair[3], h('span', { class: 'y-value' }, pair[4])] : h('span', { class: 'y-value' }, text),
    comment && h('span', { class: 'y-comment' }, comment[2])];
}

/** Beyond so many lines they are not coloured: the page stays quick. */
const COLOURED = 5000;

function text(yaml) {
  const lines = yaml.replace(/\n$/, '').split('\n');
  if (lines.length > COLOURED) return h('pre', { class: 'yaml plain', tabIndex: 0, role: 'region', 'aria-label': 'The policy in force as YAML' }, h('code', null, yaml));
  return h('pre', { class: 'yaml', tabIndex: 0, role: 'region', 'aria-label': 'The policy in force as YAML' },
    h('code', null, lines.map((line) => h('span', { class: 'y-line' }, line === '' ? ' ' : parts(line)))));
}

function facts() {
  const { config } = state;
  const entry = (word, ...value) => h('div', { key: word }, h('dt', null, word), h('dd', null, value));
  return h('dl', { class: 'facts' },
    entry('Generation', grouped(config.generation)),
    entry('Hash', h('code', null, config.hash)),
    entry('File', h('code', { class: 'path' }, config.policy)),
    entry('Last reload', config.lastReloadSuccessful === false ? mark('cross', 'bad', 'refused') : mark('check', 'good', 'taken')),
    entry('Refused since the start', grouped(config.reloadsRefused ?? 0)),
    entry('Build', buildOf(config)));
}

function body() {
  if (view.error && view.error.status === 401) return h('p', { key: 'locked', class: 'empty' }, 'The policy\'s text needs the token. ', h('button', { type: 'button', class: 'link', onclick: askForToken }, 'Enter token'));
  if (view.error) return h('p', { key: 'error', class: 'empty' }, `The policy cannot be shown: ${view.error.message}`);
  if (!view.page) return h('p', { key: 'loading', class: 'empty' }, 'Loading…');
  return memo('text', [view.page.yaml], () => text(view.page.yaml));
}

export const policyPage = {
  title: () => 'Policy',
  enter() { view.failed = null; },
  view() {
    load();
    const { lastReloadSuccessful, lastReloadError } = state.config;
    return [
      h('div', { class: 'page-head' }, h('h1', null, 'Policy'), h('div', { class: 'bar-tools' },
        h('button', { type: 'button', class: 'button', disabled: !view.page || Boolean(view.error), onclick: copy }, 'Copy'),
        h('button', { type: 'button', class: 'button', id: 'reload', disabled: !mayChange() || view.reloading, onclick: reload }, view.reloading ? 'Reading…' : 'Read the file again'))),
      reasonAgainst() && !view.error && h('p', { key: 'why', class: 'why-not' }, reasonAgainst()),
      lastReloadSuccessful === false && h('section', { key: 'error', class: 'panel bad-panel', 'aria-labelledby': 'refused' },
        h('h2', { id: 'refused' }, 'The last reload was refused'), h('p', null, `Generation ${state.config.generation} stays in force. What is wrong with the file:`),
        h('pre', { class: 'problem-text', tabIndex: 0, role: 'region', 'aria-label': 'The problem' }, (lastReloadError ?? '').trim())),
      h('section', { key: 'facts', class: 'panel', 'aria-label': 'What is in force' }, facts()),
      h('section', { key: 'yaml', class: 'panel yaml-panel', 'aria-label': 'Text' }, h('h2', null, 'In force, with every default filled in'), body()),
    ];
  },
};
