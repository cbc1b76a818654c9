// Begins: the stream, the page's head, and which page the address names.
import { accessButton, learnAccess, onToken } from './access.js';
import { token } from './api.js';
import { repaint, toast } from './dialog.js';
import { h, render } from './dom.js';
import { endpointsPage } from './endpoints_page.js';
import { Live } from './live.js';
import { notices } from './notices.js';
import { policyPage } from './policy_page.js';
import { routePage } from './route_page.js';
import { routesPage } from './routes_page.js';
import { changed, onChange, set, state, takeDelta, takeSnapshot } from './store.js';
import { tellTimes } from './time.js';

const pages = { '': routesPage, routes: routePage, endpoints: endpointsPage, policy: policyPage };
const links = [['#/', 'Routes'], ['#/endpoints', 'Endpoints'], ['#/policy', 'Policy']];

let shown = { page: null, argument: undefined };

/** "#/routes/fraud" → the route page and "fraud". */
function destination() {
  const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  if (name === 'routes' && rest.length === 0) return { page: routesPage };
  let argument;
  try {
    argument = rest.length > 0 ? decodeURIComponent(rest.join('/')) : undefined;
  } catch {
    argument = rest.join('/');
  }
  return { page: Object.hasOwn(pages, name) ? pages[name] : routesPage, argument };
}

function linkWord() {
  const words = { connecting: 'Connecting', live: 'Live', lost: 'Cut off', locked: 'Locked' };
  const word = words[state.link.state];
  return h('span', { class: `link-state ${state.link.state}`, title: state.link.why ?? '' }, h('span', { class: 'link-dot', 'aria-hidden': 'true' }), word);
}

function head(page) {
  const at = page === endpointsPage ? '#/endpoints' : page === policyPage ? '#/policy' : '#/';
  return [
    h('a', { class: 'brand', href: '#/' }, h('img', { src: 'dashboard/icon.svg', alt: '', width: 22, height: 22 }), h('span', null, 'Sluice'),
      state.gateway.name && h('span', { class: 'quiet gateway-name', title: state.gateway.name }, state.gateway.name)),
    h('nav', { 'aria-label': 'Pages' }, links.map(([href, word]) => h('a', { key: href, href, 'aria-current': at === href ? 'page' : null }, word,
      href === '#/policy' && state.config.lastReloadSuccessful === false && h('span', { class: 'nav-alert' }, ' !', h('span', { class: 'unseen' }, ' the last reload was refused'))))),
    h('div', { class: 'top-end' }, linkWord(), accessButton()),
  ];
}

function loading(title) {
  const rest = state.link.state === 'locked' ? h('p', { class: 'empty' }, 'Nothing is shown without the token.') :
    h('div', { class: 'skeleton', role: 'status' }, h('span', { class: 'unseen' }, 'Loading'), [1, 2, 3, 4, 5, 6].map((i) => h('span', { key: i })));
  return [h('h1', null, title), rest];
}

function paint() {
  const { page, argument } = shown;
  const main = document.getElementById('content');
  render(document.getElementById('top'), head(page));
  render(document.getElementById('notices'), notices());
  render(main, h('div', { key: `${page.title(argument)}`, class: `page ${state.link.state === 'lost' ? 'stale' : ''}` }, state.loaded && state.link.state !== 'locked' ? page.view(argument) : loading(page.title(argument))));
  document.title = `${page.title(argument)} · Sluice`;
  tellTimes();
  repaint();
}

function go() {
  const next = destination();
  const moved = shown.page !== next.page || shown.argument !== next.argument;
  if (!moved) return;
  shown.page?.leave?.();
  const first = shown.page === null;
  shown = next;
  next.page.enter?.(next.argument);
  paint();
  if (first) return;
  window.scrollTo(0, 0);
  document.getElementById('content').focus({ preventScroll: true });
}

function dropToken() {
  token.set('');
  toast('The gateway no longer takes the token: it is forgotten.');
  learnAccess();
  live.restart();
}

const live = new Live({
  onSnapshot: takeSnapshot,
  onDelta: takeDelta,
  onLink(link) {
    const before = state.link.state;
    set({ link });
    if (link.state === 'live' && before !== 'live') learnAccess();
    if (link.state !== 'locked') return;
    if (token.get()) dropToken();
    else learnAccess();
  },
});

/** The address names the page, so the link's own target must not become the address. */
function skip(event) {
  event.preventDefault();
  document.getElementById('content').focus();
}

function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.getElementById('find');
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
  if (event.key === 'Escape' && event.target.id === 'find') event.target.blur();
}

onChange(paint);
onToken(() => live.restart());
window.addEventListener('hashchange', go);
window.addEventListener('sluice-reconnect', () => live.restart());
window.addEventListener('sluice-refused', dropToken);
document.addEventListener('keydown', keys);
document.querySelector('.skip').addEventListener('click', skip);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { window.dispatchEvent(new Event('sluice-scheme')); changed(); });
go();
live.restart();
