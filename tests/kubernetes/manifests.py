"""What deploy/kubernetes renders to, as Python data."""

import pathlib
import subprocess

import yaml


def folders(root):
    """Every folder below root that has a kustomization."""
    return sorted(path.parent for path in pathlib.Path(root).rglob("kustomization.yaml"))


def render(kubectl, folder):
    """The documents of one kustomization. What kubectl says of deprecated fields goes nowhere; a failure raises."""
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{kubectl} kustomize {folder}: {done.stderr.strip()}")
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def comparable(documents):
    """The same whatever order and empty maps a version of kustomize prints."""
    for document in documents:
        metadata = document["metadata"]
        for empty in [key for key in metadata if metadata[key] in ({}, None)]:
            del metadata[empty]
    for deployment in of_kind(documents, "Deployment"):
        pod_of(deployment)["volumes"].sort(key=lambda volume: volume["name"])
    return sorted(documents, key=lambda document: (document["kind"], document["metadata"]["name"]))


def of_kind(documents, kind):
    return [document for document in documents if document["kind"] == kind]


def pod_of(workload):
    """The pod's spec of a Deployment."""
    return workload["spec"]["template"]["spec"]


def labels_of_pod(workload):
    return workload["spec"]["template"]["metadata"].get("labels", {})


def containers_of(pod):
    return pod.get("initContainers", []) + pod["containers"]


def gateway_of(pod):
    """The gateway's container; None when the pod has none."""
    return next((container for container in containers_of(pod) if container["name"] == "sluice"), None)


def policies_of(documents):
    """Name and text of every file that the gateway's pods find in /etc/sluice/policy."""
    for config_map in of_kind(documents, "ConfigMap"):
        if config_map["metadata"]["name"] == "sluice-policy":
            return config_map["data"]
    return {}


def policy_documents(documents):
    return [document for text in policies_of(documents).values() for document in yaml.safe_load_all(text) if document]


def bytes_of(text):
    """A size of Kubernetes, for example 256Mi."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return int(text[:-2]) * units[text[-2:]] if text[-2:] in units else int(text)


def seconds(text):
    """A duration of a policy, for example 5s, 1m30s, 250ms."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    total, number, unit = 0.0, "", ""
    for character in text + "0":
        if character.isdigit() or character == ".":
            if unit:
                total += float(number) * units[unit]
                number, unit = "", ""
            number += character
        else:
            unit += character
    return total
