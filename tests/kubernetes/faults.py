"""Faults that the rules must notice: each is put into a sound rendering, and some rule has to speak."""

import copy

import manifests


def pod(documents):
    return manifests.pod_of(manifests.of_kind(documents, "Deployment")[0])


def gateway(documents):
    return manifests.gateway_of(pod(documents))


def mount(documents, path):
    return next(one for one in gateway(documents)["volumeMounts"] if one["mountPath"] == path)


def policy_text(documents, name, old, new):
    data = manifests.policies_of(documents)
    assert old in data[name], f"{name} has no {old}"
    data[name] = data[name].replace(old, new)


def service(documents):
    return manifests.of_kind(documents, "Service")[0]["spec"]


def shrink_state(documents, size):
    for claim in manifests.of_kind(documents, "PersistentVolumeClaim"):
        claim["spec"]["resources"]["requests"]["storage"] = size
    for volume in pod(documents)["volumes"]:
        if "emptyDir" in volume:
            volume["emptyDir"]["sizeLimit"] = size


FAULTS = {
    "a probe of a port that is not there": lambda d: gateway(d)["livenessProbe"]["httpGet"].update(port="admin"),
    "readiness that asks /livez": lambda d: gateway(d)["readinessProbe"]["httpGet"].update(path="/livez"),
    "no liveness": lambda d: gateway(d).pop("livenessProbe"),
    "another port than the policy's": lambda d: policy_text(d, "gateway.yaml", "0.0.0.0:8080", "0.0.0.0:8081"),
    "an open admin port": lambda d: policy_text(d, "gateway.yaml", "127.0.0.1:9901", "0.0.0.0:9901"),
    "a Service that selects nothing": lambda d: service(d)["selector"].update({"app.kubernetes.io/name": "other"}),
    "a Service of a port that is not there": lambda d: service(d)["ports"][0].update(targetPort="https"),
    "a Deployment that selects other pods":
        lambda d: manifests.labels_of_pod(manifests.of_kind(d, "Deployment")[0]).pop("app.kubernetes.io/name"),
    "root": lambda d: pod(d)["securityContext"].pop("runAsNonRoot"),
    "no seccomp profile": lambda d: pod(d)["securityContext"].pop("seccompProfile"),
    "the node's network": lambda d: pod(d).update(hostNetwork=True),
    "a token of the API": lambda d: pod(d).pop("automountServiceAccountToken"),
    "a directory of the node": lambda d: pod(d)["volumes"].append({"name": "logs", "hostPath": {"path": "/var/log"}}),
    "more rights": lambda d: gateway(d)["securityContext"].update(allowPrivilegeEscalation=True),
    "capabilities": lambda d: gateway(d)["securityContext"]["capabilities"].update(add=["NET_BIND_SERVICE"]),
    "a root file system to write on": lambda d: gateway(d)["securityContext"].pop("readOnlyRootFilesystem"),
    "subPath": lambda d: mount(d, "/etc/sluice/policy").update(subPath="gateway.yaml"),
    "a mount without a volume": lambda d: mount(d, "/etc/sluice/policy").update(name="other"),
    "a state where nothing can be written": lambda d: mount(d, "/var/lib/sluice").update(mountPath="/data"),
    "a state without room": lambda d: shrink_state(d, "256Mi"),
    "no memory limit": lambda d: gateway(d)["resources"].pop("limits"),
    "no label": lambda d: manifests.labels_of_pod(manifests.of_kind(d, "Deployment")[0]).pop("sluice.dev/gateway"),
    "a longer drain than the hook": lambda d: policy_text(d, "gateway.yaml", "timeout: 30s", "timeout: 31s"),
    "requests longer than the drain": lambda d: policy_text(d, "routes.yaml", "request: 30s", "request: 2m"),
    "a short grace period": lambda d: pod(d).update(terminationGracePeriodSeconds=30),
    "replicas beside an autoscaler": lambda d: manifests.of_kind(d, "Deployment")[0]["spec"].update(replicas=2),
    "no hook": lambda d: gateway(d).pop("lifecycle"),
    "a hook that does not wait": lambda d: gateway(d)["lifecycle"]["preStop"]["exec"]["command"].remove("--wait"),
}


def of_overlay(documents):
    """The faults that can be put into what an overlay renders to."""
    autoscaled = bool(manifests.of_kind(documents, "HorizontalPodAutoscaler"))
    return {name: spoil for name, spoil in FAULTS.items() if autoscaled or "autoscaler" not in name}


def unnoticed(rendered, problems_of, spoilers):
    """Sentences about faults that went through. What was rendered stays as it is."""
    for name, spoil in spoilers.items():
        broken = copy.deepcopy(rendered)
        spoil(broken)
        if not problems_of(broken):
            yield f"no rule notices: {name}"
