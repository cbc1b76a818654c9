// Calls of the admin port. The token lives in this tab's session and nowhere else.

const KEY = 'sluice.token';

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Relative to the page, so that a proxy may put a path in front. */
const url = (path) => new URL(`api/v1/${path}`, document.baseURI);

export function authorization() {
  return token.get() ? { Authorization: `Bearer ${token.get()}` } : {};
}

/** These tell who asks what became of the token. */
const SPEAK_FOR_THEMSELVES = new Set(['access', 'live']);

/**
 * The response, or Refused with the gateway's own sentence. The event `sluice-refused` says that it no longer takes the
 * token that is kept here.
 */
export async function open(path, init = {}) {
  const shown = token.get();
  const response = await fetch(url(path), {
    cache: 'no-store', credentials: 'omit', ...init, headers: { ...authorization(), ...init.headers },
  });
  if (response.ok) return response;
  const isOver = response.status === 401 && shown !== '' && shown === token.get();
  if (isOver && !SPEAK_FOR_THEMSELVES.has(path)) window.dispatchEvent(new Event('sluice-refused'));
  const body = await response.json().catch(() => null);
  throw new Refused(response.status, body?.error ?? `the gateway answered ${response.status}`);
}

export async function get(path, init) {
  return (await open(path, init)).json();
}

export async function post(path, body = {}) {
  const response = await open(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  return response.json();
}

export const routePath = (route, more = '') => `routes/${encodeURIComponent(route)}${more && `/${more}`}`;
