// Descriptions of elements, and the least change that makes the page look like them.
//
// A view returns a tree of h(); render() compares it with the tree it showed before and touches only what differs, so
// focus, selection and scrolling stay. memo() leaves out a part whose data are the same objects as before.

const SVG = 'http://www.w3.org/2000/svg';

/** Set as properties, not as attributes, because they change while a person uses the element. */
const PROPERTIES = new Set(['checked', 'disabled', 'open', 'value', 'tabIndex']);

function flat(children, out = []) {
  for (const child of children) {
    if (child === null || child === undefined || typeof child === 'boolean') continue;
    if (Array.isArray(child)) flat(child, out);
    else if (typeof child === 'object') out.push(child);
    else out.push({ text: String(child) });
  }
  return out;
}

/**
 * An element. `props`: attributes, `on…` handlers, `style` (an object: set through CSSOM, as the page's policy asks),
 * `key` (unique among siblings), `ref` (called once with the node), `opaque` (its children are not ours).
 */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, key: props?.key, children: flat(children) };
}

/** make() is called only when one of `deps` is another object or value than before. */
export function memo(key, deps, make) {
  return { memo: true, key, deps, make };
}

const shown = new WeakMap();

/** Makes the children of `parent` look like `children`. */
export function render(parent, ...children) {
  const after = flat(children);
  reconcile(parent, shown.get(parent) ?? clear(parent), after);
  shown.set(parent, after);
}

function clear(parent) {
  parent.replaceChildren();
  return [];
}

const kind = (it) => (it.memo ? 'memo' : it.tag ? it.tag + (it.props.opaque ? ', opaque' : '') : '#text');

function reconcile(parent, before, after) {
  const keyed = new Map();
  const others = [];
  for (const old of before) {
    if (old.key === undefined) others.push(old);
    else keyed.set(old.key, old);
  }
  const stale = new Set(before);
  let next = 0;
  for (const it of after) {
    const old = it.key === undefined ? others[next++] : keyed.get(it.key);
    const fits = old && stale.has(old) && kind(old) === kind(it);
    if (fits) stale.delete(old);
    update(fits ? old : null, it);
  }
  for (const old of stale) old.node.remove();
  let at = parent.firstChild;
  for (const it of after) {
    if (it.node === at) at = at.nextSibling;
    else parent.insertBefore(it.node, at);
  }
}

/** Gives `it` its node: that of `old` where there is one. */
function update(old, it) {
  if (it.memo) return updateMemo(old, it);
  if (it.text !== undefined) {
    it.node = old?.node ?? document.createTextNode(it.text);
    if (old && old.text !== it.text) it.node.data = it.text;
    return;
  }
  it.node = old?.node ?? create(it.tag);
  setProps(it.node, old?.props ?? {}, it.props);
  if (!it.props.opaque) reconcile(it.node, old?.children ?? [], it.children);
  if (!old) it.props.ref?.(it.node);
}

function updateMemo(old, it) {
  const same = old && old.deps.length === it.deps.length && old.deps.every((dep, i) => Object.is(dep, it.deps[i]));
  if (same) {
    it.made = old.made;
  } else {
    it.made = it.make();
    const fits = old && kind(old.made) === kind(it.made);
    update(fits ? old.made : null, it.made);
    if (old && !fits) old.node.remove();
  }
  it.node = it.made.node;
}

function create(tag) {
  return tag === 'svg' || tag === 'path' || tag === 'circle' ? document.createElementNS(SVG, tag) : document.createElement(tag);
}

function setProps(node, before, after) {
  for (const name of Object.keys(before)) if (!(name in after)) setProp(node, name, before[name], null);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) setProp(node, name, before[name], value);
}

function setProp(node, name, before, value) {
  if (name === 'key' || name === 'ref' || name === 'opaque') return;
  if (name === 'style') return setStyle(node, before ?? {}, value ?? {});
  if (name.startsWith('on') || PROPERTIES.has(name)) node[name] = value ?? (name.startsWith('on') ? null : false);
  else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : value);
}

function setStyle(node, before, after) {
  for (const name of Object.keys(before)) if (!(name in after)) node.style.removeProperty(name);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) node.style.setProperty(name, value);
}
