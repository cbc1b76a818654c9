"""YAML on a page that is no policy: Kubernetes objects, and files of Prometheus."""

import subprocess
import tempfile

import yaml

PROMETHEUS = {"scrape_configs", "rule_files", "alerting", "global", "remote_write"}
# Where the objects that pages show parts of stand in a Pod.
POD_KEYS = {"containers", "initContainers", "volumes", "terminationGracePeriodSeconds", "serviceAccountName", "securityContext"}
CONTAINER_KEYS = {"name", "image", "args", "command", "env", "ports", "volumeMounts", "readinessProbe", "livenessProbe",
                  "startupProbe", "lifecycle", "resources", "securityContext", "restartPolicy", "envFrom", "imagePullPolicy"}
PROBE_ACTIONS = {"httpGet", "exec", "tcpSocket", "grpc"}


def check(text, nodes):
    """None when it is a policy or a part of one; else what is wrong with it, or an empty text."""
    keys = [{name.value for name, _ in node.value} if isinstance(node, yaml.MappingNode) else set() for node in nodes]
    versions = [scalar(node, "apiVersion") for node in nodes]
    if any(version.startswith("sluice.dev/") for version in versions):
        return None
    if keys[0] & PROMETHEUS:
        return promtool("config", "--syntax-only", text)
    if keys[0] == {"groups"}:
        return promtool("rules", None, text)
    documents = list(yaml.safe_load_all(text))
    if all(versions):
        return "; ".join(filter(None, map(kubernetes_object, documents)))
    spec = documents[0].get("spec") if isinstance(documents[0], dict) else None
    if isinstance(spec, dict) and set(spec) & POD_KEYS:
        return pod(spec)
    return None


def scalar(node, key):
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value.value for name, value in pairs if name.value == key and isinstance(value.value, str)), "")


def promtool(what, option, text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        command = ["promtool", "check", what, *([option] if option else []), file.name]
        run = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return "" if run.returncode == 0 else " ".join(run.stderr.replace(file.name, "").split())


def kubernetes_object(document):
    """One whole object: named, and its pods in order."""
    missing = [key for key in ("apiVersion", "kind") if not document.get(key)]
    if missing:
        return f"the object has no {' and no '.join(missing)}"
    if document["kind"] not in ("Kustomization", "Component") and not document.get("metadata", {}).get("name"):
        return f"the {document['kind']} has no metadata.name"
    spec = document.get("spec") or {}
    template = spec.get("template", {}).get("spec") if isinstance(spec, dict) else None
    return pod(template) if template else pod(spec) if document["kind"] == "Pod" else ""


def pod(spec):
    unknown = set(spec) - POD_KEYS - {"shareProcessNamespace", "nodeSelector", "tolerations", "affinity", "restartPolicy",
                                      "automountServiceAccountName", "automountServiceAccountToken", "topologySpreadConstraints"}
    problems = [f"a pod has no field {key}" for key in sorted(unknown)]
    for container in spec.get("containers", []) + spec.get("initContainers", []):
        name = container.get("name", "?")
        problems += [f"container {name} has no field {key}" for key in sorted(set(container) - CONTAINER_KEYS)]
        problems += ["a container has no name"] if name == "?" else []
        for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
            if probe in container and len(set(container[probe]) & PROBE_ACTIONS) != 1:
                problems.append(f"the {probe} of {name} needs one of {', '.join(sorted(PROBE_ACTIONS))}")
        for hook in container.get("lifecycle", {}).values():
            if len(set(hook) & PROBE_ACTIONS) != 1:
                problems.append(f"a lifecycle hook of {name} needs one of {', '.join(sorted(PROBE_ACTIONS))}")
    return "; ".join(problems)
