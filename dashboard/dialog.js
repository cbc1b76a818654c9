// The one dialog of the page: a question with its effect, and what went wrong. Escape and Cancel change nothing.
import { h, render } from './dom.js';

const box = () => document.getElementById('dialog');
let current = null;
let asked = 0;

/**
 * `title`, `body()` (parts above the buttons, painted again by repaint()), `confirm` (its word), `grave`, and
 * `act()`: a promise; the dialog closes when it holds and shows the sentence when it does not.
 */
export function ask(question) {
  current = { ...question, key: ++asked, error: '', busy: false };
  paint();
  const node = box();
  node.onclose = () => { current = null; };
  node.oncancel = (event) => { if (current?.busy) event.preventDefault(); };
  if (!node.open) node.showModal();
  (node.querySelector('[data-first]') ?? node.querySelector('input, button'))?.focus();
}

export const repaint = () => { if (current) paint(); };

function paint() {
  const { title, body, confirm, grave, error, busy, key } = current;
  // Elements of their own for every question: what was typed or ticked for another one must not stay.
  render(box(), h('div', { key },
    h('h2', { id: 'dialog-title' }, title),
    h('div', { class: 'dialog-body' }, body()),
    h('p', { class: 'dialog-error', role: 'alert' }, error),
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button', onclick: () => box().close() }, 'Cancel'),
      h('button', { type: 'button', class: `button ${grave ? 'grave' : 'primary'}`, id: 'confirm', disabled: busy, onclick: confirmed }, busy ? 'Waiting…' : confirm))));
}

export async function confirmed() {
  const mine = current;
  if (!mine || mine.busy) return;
  mine.busy = true;
  mine.error = '';
  paint();
  try {
    await mine.act();
    if (mine === current) box().close();
  } catch (error) {
    mine.error = error.message;
  }
  mine.busy = false;
  if (mine === current) paint();
}

let timer = 0;

/** Says what came of it, for six seconds, aloud to a screen reader. */
export function toast(sentence) {
  const node = document.getElementById('toast');
  clearTimeout(timer);
  node.textContent = sentence;
  node.classList.add('shown');
  timer = setTimeout(() => node.classList.remove('shown'), 6000);
}
