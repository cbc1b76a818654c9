"""Policies on a page: whole ones are checked as they stand, fragments inside of a policy made for them.

Where a fragment belongs its keys tell, by way of the JSON Schema that `sluice schema` prints: they all belong to one
object of it, and to one place. What is merged are nodes of YAML, so that every value stays written as on the page.
"""

import functools
import json
import pathlib
import subprocess
import tempfile

import yaml

CHECKS = "[{metric: error-rate, thresholdRange: {max: 1%}}]"
STRATEGIES = {
    "canary": "{stable: v1, candidate: v2, steps: [{setWeight: 10}], analysis: {checks: *checks}}",
    "blueGreen": "{active: v1, preview: v2}",
    "rolling": "{stable: v1, candidate: v2, analysis: {checks: *checks}}",
    "shadow": "{live: v1, candidates: [{version: v2}], analysis: {checks: *checks}}",
    "abTest": "{variants: [{version: v1}, {version: v2}], control: v1}",
    "bandit": "{arms: [{version: v1}, {version: v2}]}",
    "stages": "[]",
}
ROUTE = """
apiVersion: sluice.dev/v1
kind: ModelRoute
metadata: {name: fraud}
spec:
  matches: [{path: {type: PathPrefix, value: /v2/models/fraud}}]
  protocol: OpenInference
  unit: {header: x-user-id}
  versions:
    - {name: v1, endpoints: ["http://127.0.0.1:9001"]}
    - {name: v2, endpoints: ["http://127.0.0.1:9002"]}
"""
# Of the places where such an object may stand, the one that examples mean.
PREFERRED = {"Check": "spec.strategy.canary.analysis.checks.[]", "Analysis": "spec.strategy.canary.analysis"}
GATEWAY = "{apiVersion: sluice.dev/v1, kind: Gateway, metadata: {name: default}, spec: {}}"


class Misplaced(Exception):
    pass


def compose(text):
    return [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]


def get(node, key):
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    return None


def keys_of(node):
    return {name.value for name, _ in node.value}


def put(node, key, value):
    """Sets a key; both sides' keys are kept where both are mappings, but for `strategy`, which is taken whole."""
    present = get(node, key)
    if isinstance(present, yaml.MappingNode) and isinstance(value, yaml.MappingNode) and key != "strategy":
        merge(present, value)
    else:
        node.value = [pair for pair in node.value if pair[0].value != key]
        node.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", key), value))


def merge(node, other):
    for name, value in other.value:
        put(node, name.value, value)


class Schema:
    """Which objects there are, with which keys, and where in a policy they stand."""

    def __init__(self, sluice):
        printed = subprocess.run([sluice, "schema"], capture_output=True, check=True, timeout=30).stdout
        self.definitions = json.loads(printed)["definitions"]

    @functools.cached_property
    def places(self):
        """Name of the object -> the shortest path to it; `[]` is an item of a list."""
        found, queue = {}, [("GatewayDocument", ()), ("ModelRouteDocument", ())]
        for name, path in queue:
            if name in found:
                continue
            found[name] = path
            for field, value in self.definitions[name]["properties"].items():
                queue += [(target, path + step) for target, step in references(value, (field,))]
        return {**found, **{name: tuple(path.split(".")) for name, path in PREFERRED.items()}}

    @functools.cached_property
    def fields(self):
        """Name of a field -> what the schema says of it in each object that has it."""
        found = {}
        for definition in self.definitions.values():
            for name, value in definition["properties"].items():
                found.setdefault(name, []).append(value)
        return found

    def has_path(self, path):
        """Whether there is a field `a.b.c`, beginning anywhere; a list's items may stand behind its name."""
        first, *rest = path.split(".")
        found = self.fields.get(first, [])
        for name in rest:
            objects = [self.definitions[target]["properties"] for value in found for target, _ in references(value, ())]
            found = [properties[name] for properties in objects if name in properties]
        return bool(found)

    def place(self, keys):
        """The path of the one object that has all of these keys."""
        fitting = [name for name, definition in self.definitions.items()
                   if keys <= set(definition["properties"]) and name in self.places]
        if len(fitting) == 1:
            return fitting[0], self.places[fitting[0]]
        what = "no object has" if not fitting else f"{', '.join(fitting)} have"
        raise Misplaced(f"{what} the keys {', '.join(sorted(keys))}; say where this belongs by <!-- test: at spec.… -->")


def references(value, path):
    """The objects that a field may hold, with the way to them."""
    if "$ref" in value:
        yield value["$ref"].rpartition("/")[2], path
    if isinstance(value.get("items"), dict):
        yield from references(value["items"], path + ("[]",))
    for option in value.get("anyOf", []) + value.get("oneOf", []) + value.get("allOf", []):
        yield from references(option, path)


def base_for(path, of_gateway):
    """The policy that surrounds a place, as nodes."""
    node = compose(GATEWAY if of_gateway else ROUTE)[0]
    if path[:2] == ("spec", "strategy") and len(path) > 2:
        strategy = yaml.MappingNode("tag:yaml.org,2002:map", [])
        put(strategy, path[2], compose(STRATEGIES[path[2]].replace("*checks", CHECKS))[0])
        put(get(node, "spec"), "strategy", strategy)
    return node


def insert(node, path, fragment):
    """Merges the fragment in at the place; a list on the way gets it as its only item."""
    key, rest = path[0], path[1:]
    if rest and rest[0] == "[]":
        item = fragment
        if len(rest) > 1:
            item = yaml.MappingNode("tag:yaml.org,2002:map", [])
            insert(item, rest[1:], fragment)
        put(node, key, yaml.SequenceNode("tag:yaml.org,2002:seq", [item]))
    elif rest:
        if get(node, key) is None:
            put(node, key, yaml.MappingNode("tag:yaml.org,2002:map", []))
        insert(get(node, key), rest, fragment)
    else:
        put(node, key, fragment)


def complete(schema, text, at=None, given=None):
    """A whole policy as text around what stands on the page."""
    documents = compose(text)
    if all(get(node, "apiVersion") and get(node, "kind") for node in documents) and not given:
        return text
    return yaml.serialize_all([complete_document(schema, node, at, given) for node in documents], Dumper=yaml.SafeDumper)


def complete_document(schema, node, at, given):
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(item, yaml.MappingNode) for item in items):
        raise Misplaced("neither a mapping nor a list of mappings")
    of_gateway = getattr(get(node, "kind"), "value", "") == "Gateway"
    if at:
        path = tuple(at.split(".")) if at != "." else ()
        of_gateway = path[:1] == ("gateway",)
        path = ("spec",) + path[1:] if of_gateway else path
    elif isinstance(node, yaml.MappingNode) and keys_of(node) <= {"apiVersion", "kind", "metadata", "spec"}:
        path = ()
    else:
        name, path = schema.place(set().union(*map(keys_of, items)))
        of_gateway = name in gateway_objects(schema)
    if isinstance(node, yaml.SequenceNode) and path and path[-1] == "[]":
        path = path[:-1]
    whole = base_for(path, of_gateway)
    if given:
        merge(get(whole, "spec"), compose(given)[0])
    if path:
        insert(whole, path, node)
    else:
        merge(whole, node)
    if get(get(whole, "spec"), "strategy") is None and not of_gateway:
        keep_one_version(get(whole, "spec"), node)
    return whole


def keep_one_version(spec, fragment):
    """Two versions need a strategy; where none is written, the versions of the skeleton are too many."""
    own = get(fragment, "versions") or get(get(fragment, "spec"), "versions")
    if own is None:
        del get(spec, "versions").value[1:]


def gateway_objects(schema):
    found, queue = set(), ["GatewayDocument"]
    for name in queue:
        if name not in found:
            found.add(name)
            for field, value in schema.definitions[name]["properties"].items():
                queue += [target for target, _ in references(value, (field,))]
    return found


def check(sluice, text, name="page.yaml"):
    """Exit status of `sluice check` and what it printed."""
    with tempfile.TemporaryDirectory(prefix="sluice-docs-") as folder:
        path = pathlib.Path(folder) / name
        path.write_text(text)
        run = subprocess.run([sluice, "check", path], capture_output=True, text=True, timeout=30)
        return run.returncode, (run.stdout + run.stderr).replace(str(path), name)
