// Changes of the pages: JSON merge patches (RFC 7396).

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** `target` with `patch` in it. What the patch does not touch stays the same object, so that a view can tell. */
export function merged(target, patch) {
  if (!isObject(patch)) return patch;
  const out = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name];
    else out[name] = merged(out[name], value);
  }
  return out;
}
