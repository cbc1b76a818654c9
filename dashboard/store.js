// What is known of the gateway, and who wants to hear of changes. One repaint per frame, however much came in.
import { merged } from './merge.js';

/**
 * `loaded`: a first snapshot is there. `opened`: the build that it came from. `link`: connecting, live, lost or locked,
 * and how it stands. `access`: who we are to the gateway. Pages replace members, never change them, so that equal
 * objects mean equal contents.
 */
export const state = {
  loaded: false,
  opened: null,
  routes: {},
  config: {},
  gateway: {},
  link: { state: 'connecting' },
  access: { tokenNeeded: false, authorized: false, unknown: true },
};

let painter = () => {};
let pending = false;

export function onChange(paint) { painter = paint; }

/** The page is painted anew with the next frame. */
export function changed() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    painter();
  });
}

const forgetters = [];

/** `forget` is called when what only the token may see has to go. */
export function onLocked(forget) { forgetters.push(forget); }

export function set(members) {
  const locks = state.access.authorized && members.access?.authorized === false;
  Object.assign(state, members);
  if (locks) for (const forget of forgetters) forget();
  changed();
}

/** "0.1.0 (1a2b3c4)". */
export const buildOf = ({ build = '', revision = '' }) => `${build}${revision ? ` (${revision})` : ''}`;

export function takeSnapshot({ routes = {}, config = {}, gateway = {} }) {
  set({ loaded: true, opened: state.opened ?? buildOf(config), routes, config, gateway });
}

export function takeDelta(patch) {
  const { routes, config, gateway } = merged({ routes: state.routes, config: state.config, gateway: state.gateway }, patch);
  set({ routes, config, gateway });
}

/** Where the gateway counts together what has no counters of its own, past the first routes of a long policy. No route. */
export const POOL = '_other';

/** Whether the route's numbers are in the pool: then they are not 0 but unknown. */
export const isPooled = (page) => POOL in state.routes && (page.versions ?? []).every((it) => it.answered === 0);

/** Whether a change would be taken, as far as we know. */
export const mayChange = () => state.access.authorized && state.link.state === 'live';
