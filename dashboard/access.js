// Who we are to the gateway: reading may need no token, changes and contents do where one is set.
import { get, token } from './api.js';
import { ask, toast } from './dialog.js';
import { h } from './dom.js';
import { icon } from './icons.js';
import { set, state } from './store.js';

let reconnect = () => {};
export function onToken(again) { reconnect = again; }

/** Asks the gateway what we may. A gateway that is not there says nothing about that. */
export async function learnAccess() {
  try {
    set({ access: await get('access') });
  } catch (error) {
    if (error.status === 401) set({ access: { tokenNeeded: true, authorized: false, refused: true } });
  }
}

/** Kept only once the gateway knows it: nothing else of the page is to ask with a word that may be wrong. */
async function tryToken(value) {
  const access = await get('access', { headers: { Authorization: `Bearer ${value}` } }).catch((error) => {
    if (error.status === 401) return { authorized: false };
    throw error;
  });
  if (!access.authorized) throw new Error('The gateway does not know this token.');
  token.set(value);
  set({ access });
  reconnect();
  toast('Unlocked: buttons work in this tab until it is closed.');
}

export function askForToken() {
  let value = '';
  ask({
    title: 'Enter the admin token',
    confirm: 'Unlock',
    body: () => [
      h('p', null, 'It is the one word in the file that ', h('code', null, 'spec.admin.tokenFile'), ' names. It stays in this tab and is forgotten when the tab is closed.'),
      h('label', { class: 'field' }, 'Token', h('input', {
        type: 'password', id: 'token', autocomplete: 'off', spellcheck: 'false', 'data-first': true,
        oninput: (event) => { value = event.target.value.trim(); },
        onkeydown: (event) => { if (event.key === 'Enter') document.getElementById('confirm').click(); },
      })),
    ],
    act: () => (value ? tryToken(value) : Promise.reject(new Error('Type the token first.'))),
  });
}

function forget() {
  token.set('');
  learnAccess();
  reconnect();
  toast('The token is forgotten: read only.');
}

/** The place in the page's head that says whether we may change anything. */
export function accessButton() {
  if (!state.access.tokenNeeded) return null;
  if (state.access.authorized) return h('button', { type: 'button', class: 'quiet-button', onclick: forget, title: 'Forget the token' }, 'Lock');
  return h('button', { type: 'button', class: 'quiet-button', onclick: askForToken }, icon('lock'), 'Read only');
}

/** Why buttons are off; null when they are not. */
export function reasonAgainst() {
  if (state.link.state !== 'live') return h('span', null, 'Not connected: what is shown may be old.');
  if (state.access.authorized || state.access.unknown) return null;
  return h('span', null, 'Read only: changes need the token. ', h('button', { type: 'button', class: 'link', onclick: askForToken }, 'Enter token'));
}
