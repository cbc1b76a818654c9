// Checks Kubernetes objects against Kubernetes' own schemas and those of the Prometheus Operator.
//
//   node schemas.mjs FOLDER <objects.json     FOLDER has node_modules; the objects are {"name": [object, …]}
//
// The packages bring the schemas as compiled functions, which look at types and required fields but let unknown fields
// pass. A field that a schema knows is a field that its function reads; so the function gets an object that notes what is
// read, and what nobody read is unknown.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const require = createRequire(path.join(process.argv[2], 'package.json'));
const packageOf = (group) => (group === 'monitoring.coreos.com' ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models');
const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** Where the packages keep the schema of an object: apps/v1 Deployment is IoK8sApiAppsV1Deployment. */
function schemaFile({ apiVersion, kind }) {
  const [version, group = 'core'] = apiVersion.split('/').reverse();
  const folder = path.join(path.dirname(require.resolve(packageOf(group))), '_schemas');
  const prefix = group === 'monitoring.coreos.com' ? 'MonitoringCoreosCom' : `IoK8sApi${capital(group.split('.')[0])}`;
  return path.join(folder, `${prefix}${capital(version)}${kind}.js`);
}

/** `value` with every object in it wrapped, so that fields nobody has read are known: see unread(). */
function watched(value, at, objects) {
  if (value === null || typeof value !== 'object') return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, inner] of Object.entries(value)) copy[key] = watched(inner, `${at}/${key}`, objects);
  if (Array.isArray(copy)) return copy;
  const read = new Set();
  objects.push({ at, copy, read });
  return new Proxy(copy, {
    get(target, key) {
      read.add(key);
      return target[key];
    },
  });
}

/** Paths of fields that were never read, below fields that were. */
function unread(objects) {
  const paths = objects.flatMap(({ at, copy, read }) => Object.keys(copy).filter((key) => !read.has(key)).map((key) => `${at}/${key}`));
  return paths.filter((one) => !paths.some((other) => one.startsWith(`${other}/`)));
}

/** Sentences about what is wrong with one object. */
function problemsOf(object) {
  let validate;
  try {
    ({ validate } = require(schemaFile(object)));
  } catch {
    return [`no schema for ${object.apiVersion} ${object.kind}`];
  }
  const objects = [];
  const good = validate(watched(object, '', objects));
  const wrong = good ? [] : validate.errors.map((error) => `${error.instancePath} ${error.keyword} ${JSON.stringify(error.params)}`);
  // What is wrong may have ended the reading early.
  return wrong.length > 0 ? wrong : unread(objects).map((field) => `${field} is no field that the schema knows`);
}

/** Faults that must be noticed, put into a sound Deployment. */
const FAULTS = {
  'an unknown field': (object) => { object.spec.template.spec.containers[0].imagePolicy = 'Always'; },
  'an unknown field of a probe': (object) => { object.spec.template.spec.containers[0].livenessProbe = { httpGet: { port: 1, url: '/' } }; },
  'a missing field': (object) => { delete object.spec.selector; },
  'a text for a number': (object) => { object.spec.template.spec.terminationGracePeriodSeconds = '45'; },
  'a kind that does not exist': (object) => { object.kind = 'Deploiment'; },
};

function main() {
  const renderings = JSON.parse(readFileSync(0, 'utf8'));
  let problems = 0;
  let objects = 0;
  const report = (sentence) => {
    console.log(sentence);
    problems += 1;
  };
  for (const [name, rendered] of Object.entries(renderings)) {
    for (const object of rendered) {
      objects += 1;
      for (const problem of problemsOf(object)) report(`${name}: ${object.kind} ${object.metadata.name}: ${problem}`);
    }
  }
  const sound = Object.values(renderings).flat().find((object) => object.kind === 'Deployment');
  for (const [fault, spoil] of Object.entries(FAULTS)) {
    const broken = structuredClone(sound);
    spoil(broken);
    if (problemsOf(broken).length === 0) report(`the schemas do not notice: ${fault}`);
  }
  console.log(`${objects} objects of ${Object.keys(renderings).length} kustomizations, ${problems} problems`);
  process.exitCode = problems === 0 && objects > 0 ? 0 : 1;
}

main();
