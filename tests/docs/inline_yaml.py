"""Pieces of a policy in the middle of a sentence, `drain: {delay: 5s}`: the field exists and may have that value."""

import re

import jsonschema
import yaml


class TextLoader(yaml.SafeLoader):
    """Reads as the policy reader does: only true and false are booleans, dates and times are text."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def is_abridged(value):
    """`{min, max}` and `{…}` show which keys there are, not a policy."""
    if isinstance(value, dict):
        return any(map(is_abridged, value.values()))
    if isinstance(value, list):
        return any(map(is_abridged, value))
    return value is None or "…" in str(value)


def problems(schema, span):
    """Complaints about a span of code; none when it is no piece of a policy."""
    key = re.match(r"([a-z][A-Za-z]*): \S", span)
    if not key or key.group(1) not in schema.fields:
        return []
    try:
        piece = yaml.load(span if not re.search(r"[^{\[]*, \w+: ", span) or "{" in span else "{" + span + "}", Loader=TextLoader)
    except yaml.YAMLError as error:
        return [f"`{span}` is no YAML: {error}"]
    wrong = []
    for name, value in piece.items():
        is_sentence = isinstance(value, str) and " " in value and "/" not in value
        if is_abridged(value) or is_sentence or name not in schema.fields:
            continue
        validators = [jsonschema.Draft7Validator({**field, "definitions": schema.definitions}) for field in schema.fields[name]]
        if not any(validator.is_valid(value) for validator in validators):
            wrong.append(f"no field `{name}` of a policy may be `{value}`: {jsonschema.exceptions.best_match(validators[0].iter_errors(value)).message}")
    return wrong
