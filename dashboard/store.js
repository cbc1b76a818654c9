// What is known of the gateway, and who wants to hear of changes. One repaint per frame, however much came in.
import { merged } from './merge.js';

/**
 * `loaded`: a first snapshot is there. `link`: connecting, live, lost or locked, and how it stands. `access`: who we
 * are to the gateway. Pages replace members, never change them, so that equal objects mean equal contents.
 */
export const state = {
  loaded: false,
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

export function set(members) {
  Object.assign(state, members);
  changed();
}

export function takeSnapshot({ routes = {}, config = {}, gateway = {} }) {
  set({ loaded: true, routes, config, gateway });
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
