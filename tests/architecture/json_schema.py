"""The JSON Schema is valid, accepts every example, and rejects bad policies that a schema can see through."""

import json
import pathlib
import subprocess
import sys

import jsonschema
import yaml

# Mistakes of a single document that need no knowledge beyond its shape.
REJECTED = [
    "unknown_field_steps", "unknown_field_no_idea", "versions_missing", "versions_empty", "versions_is_a_mapping",
    "endpoints_missing", "kind_unknown", "api_version_old", "spec_missing", "boolean_in_quotes", "number_in_quotes",
    "number_negative", "duration_without_unit", "duration_unknown_unit", "size_unknown_unit", "share_without_unit",
    "enumeration_case", "unit_two_sources", "unit_no_source", "strategy_two", "strategy_none", "strategy_misspelled",
    "canary_maximum_above_50", "canary_step_with_two_actions", "check_without_limit", "check_two_limits",
    "endpoint_without_scheme", "endpoint_with_path", "webhook_bad", "bandit_one_arm", "name_with_blank", "workers_word",
    "health_path_without_slash", "health_path_with_blank", "health_status_malformed", "health_unknown_field",
    "hedge_two_triggers", "hedge_without_trigger", "limits_without_number", "retry_unknown_failure",
    "retry_on_nothing", "warm_up_request_without_path", "memory_word", "dns_server_by_name",
]


class TextLoader(yaml.SafeLoader):
    """Reads as the policy reader does: only true and false are booleans, dates are text."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile("^(true|false)$"), list("tf"))


def documents(path):
    return [document for document in yaml.load_all(path.read_text(), Loader=TextLoader) if document is not None]


def main():
    binary, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([binary, "schema"], capture_output=True, check=True, timeout=30).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failed = 0
    accepted = 0
    for path in sorted((root / "config").rglob("*.yaml")):
        for document in documents(path):
            accepted += 1
            error = jsonschema.exceptions.best_match(validator.iter_errors(document))
            if error:
                print(f"{path.name}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
                failed = 1
    for name in REJECTED:
        if all(validator.is_valid(document) for document in documents(root / f"tests/policy/bad/{name}.yaml")):
            print(f"{name}.yaml is accepted by the schema")
            failed = 1
    print(f"{accepted} documents accepted, {len(REJECTED)} bad files rejected" if not failed else "failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
