"""Whether the additions (deploy/kubernetes/components) and the autoscaler's metric fit what the overlays render to."""

import pathlib
import re

import yaml

import manifests


def monitors_meet_something(rendered):
    monitor = rendered["components/service-monitor"][0]["spec"]
    for overlay in ("overlays/gateway", "overlays/gateway-rollout"):
        service = manifests.of_kind(rendered[overlay], "Service")[0]
        if not monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items():
            yield f"the ServiceMonitor does not select the Service of {overlay}"
        if monitor["endpoints"][0]["port"] not in [port["name"] for port in service["spec"]["ports"]]:
            yield f"the ServiceMonitor names no port of the Service of {overlay}"
    monitor = rendered["components/pod-monitor"][0]["spec"]
    for overlay, workload in workloads(rendered):
        if not monitor["selector"]["matchLabels"].items() <= manifests.labels_of_pod(workload).items():
            yield f"the PodMonitor does not select the pods of {overlay}"
        ports = manifests.gateway_of(manifests.pod_of(workload))["ports"]
        if monitor["podMetricsEndpoints"][0]["port"] not in [port["name"] for port in ports]:
            yield f"the PodMonitor names no port of the gateway of {overlay}"


def network_policy_lets_through(rendered):
    policy = rendered["components/network-policy"][0]["spec"]
    open_ports = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    for overlay, workload in workloads(rendered):
        if not policy["podSelector"]["matchLabels"].items() <= manifests.labels_of_pod(workload).items():
            yield f"the NetworkPolicy does not select the pods of {overlay}"
        wished = {port["containerPort"] for port in manifests.gateway_of(manifests.pod_of(workload))["ports"]}
        if open_ports != wished:
            yield f"the NetworkPolicy opens {sorted(open_ports)}, the gateway of {overlay} listens on {sorted(wished)}"


def network_policy_lets_names_be_asked(rendered):
    """Wherever the cluster's name server is: in another namespace, or on the node."""
    for protocol in ("UDP", "TCP"):
        wished = {"protocol": protocol, "port": 53}
        if not any("to" not in rule and wished in rule["ports"] for rule in rendered["components/network-policy"][0]["spec"]["egress"]):
            yield f"the NetworkPolicy lets nobody ask for names by {protocol}"


def autoscaler_has_its_metric(rendered, root):
    autoscaler = manifests.of_kind(rendered["overlays/gateway"], "HorizontalPodAutoscaler")[0]["spec"]
    name = autoscaler["metrics"][0]["pods"]["metric"]["name"]
    adapter = yaml.safe_load((root / "deploy/kubernetes/prometheus-adapter.yaml").read_text())
    rules = adapter["rules"]["custom"]
    if [rule["name"]["matches"] for rule in rules] != [name] or not rules[0]["seriesQuery"].startswith(name + "{"):
        yield f"the adapter has no rule for {name}"
    if not re.search(rf"`{name.removeprefix('sluice_')}`", (root / "docs/metrics.md").read_text()):
        yield f"docs/metrics.md has no family {name}"
    limits = next(one for one in manifests.policy_documents(rendered["overlays/gateway"]) if one["kind"] == "Gateway")
    target = int(autoscaler["metrics"][0]["pods"]["target"]["averageValue"])
    if target * 2 > limits["spec"]["limits"]["requestsInFlight"]:
        yield f"the autoscaler aims at {target} requests a pod, more than half of what a pod takes"


def config_maps_can_be_applied(rendered):
    """`kubectl apply` keeps a copy of an object in an annotation, and all annotations together may have 256 KiB."""
    for name, documents in rendered.items():
        for config_map in manifests.of_kind(documents, "ConfigMap"):
            size = sum(len(text.encode()) for text in config_map["data"].values())
            if size > 200 * 1024:
                yield f"{name}: ConfigMap {config_map['metadata']['name']} has {size} bytes: too many for kubectl apply"


def workloads(rendered):
    for name, documents in rendered.items():
        if name.startswith("overlays/"):
            for workload in manifests.of_kind(documents, "Deployment"):
                yield name, workload


def problems_of(rendered, root):
    checks = (monitors_meet_something(rendered), network_policy_lets_through(rendered), network_policy_lets_names_be_asked(rendered),
              config_maps_can_be_applied(rendered), autoscaler_has_its_metric(rendered, pathlib.Path(root)))
    return [sentence for check in checks for sentence in check]


FAULTS = {
    "a ServiceMonitor of other Services":
        lambda r: r["components/service-monitor"][0]["spec"]["selector"]["matchLabels"].update(app="other"),
    "a ServiceMonitor of a port that is not there":
        lambda r: r["components/service-monitor"][0]["spec"]["endpoints"][0].update(port="web"),
    "a PodMonitor of a port that is not there":
        lambda r: r["components/pod-monitor"][0]["spec"]["podMetricsEndpoints"][0].update(port="web"),
    "a NetworkPolicy that shuts a port": lambda r: r["components/network-policy"][0]["spec"]["ingress"].pop(),
    "a NetworkPolicy without names": lambda r: r["components/network-policy"][0]["spec"]["egress"].pop(0),
    "a NetworkPolicy with names of this namespace alone":
        lambda r: r["components/network-policy"][0]["spec"]["egress"][0].update(to=[{"podSelector": {}}]),
    "an autoscaler of another metric":
        lambda r: manifests.of_kind(r["overlays/gateway"], "HorizontalPodAutoscaler")[0]["spec"]["metrics"][0]["pods"]
        ["metric"].update(name="sluice_requests"),
    "a dashboard that is too large": lambda r: r["components/dashboard"][0]["data"].update(more="x" * 300000),
    "an autoscaler that comes too late":
        lambda r: manifests.of_kind(r["overlays/gateway"], "HorizontalPodAutoscaler")[0]["spec"]["metrics"][0]["pods"]
        ["target"].update(averageValue="1000"),
}
