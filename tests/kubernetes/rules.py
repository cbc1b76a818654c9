"""What must hold for the rendered manifests beyond their schemas. Each rule yields sentences, one per fault."""

import manifests


def pods(documents):
    for workload in manifests.of_kind(documents, "Deployment"):
        yield workload, manifests.pod_of(workload)


def ports_of(container):
    return {port["name"]: port["containerPort"] for port in container.get("ports", [])}


def probes_point_at_ports(documents):
    for _, pod in pods(documents):
        for container in manifests.containers_of(pod):
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                target = container.get(kind, {}).get("httpGet", {}).get("port")
                if target is not None and target not in ports_of(container):
                    yield f"{container['name']}: {kind} asks port {target}, which it does not name"


def gateway_is_probed(documents):
    for _, pod in pods(documents):
        gateway = manifests.gateway_of(pod)
        for kind, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
            wished = {"path": path, "port": "metrics"}
            if gateway.get(kind, {}).get("httpGet") != wished:
                yield f"{kind} of the gateway is not {wished}"


def ports_are_those_of_the_policy(documents):
    for document in manifests.policy_documents(documents):
        if document["kind"] != "Gateway":
            continue
        spec = document["spec"]
        wished = {"http": spec["listeners"][0]["address"], "metrics": spec["metrics"]["address"]}
        for _, pod in pods(documents):
            for name, address in wished.items():
                if not address.endswith(f":{ports_of(manifests.gateway_of(pod)).get(name)}"):
                    yield f"the container port {name} is not that of {address} in the policy"
        if not spec["admin"]["address"].startswith("127.0.0.1:"):
            yield "the admin port is open beyond the pod"


def selectors_meet_labels(documents):
    for workload, _ in pods(documents):
        wished = workload["spec"]["selector"]["matchLabels"]
        if not wished.items() <= manifests.labels_of_pod(workload).items():
            yield f"Deployment {workload['metadata']['name']} does not select its own pods"
    for kind in ("Service", "PodDisruptionBudget"):
        for document in manifests.of_kind(documents, kind):
            selector = document["spec"]["selector"]
            selector = selector.get("matchLabels", selector)
            if not any(selector.items() <= manifests.labels_of_pod(workload).items() for workload, _ in pods(documents)):
                yield f"{kind} {document['metadata']['name']} selects nothing"


def services_reach_ports(documents):
    reachable = {}
    for _, pod in pods(documents):
        for container in pod["containers"]:
            reachable.update(ports_of(container))
        # Named ports of sidecars are not found by every Kubernetes, their numbers are.
        numbers = [port for container in manifests.containers_of(pod) for port in ports_of(container).values()]
        reachable.update({number: number for number in numbers})
    for service in manifests.of_kind(documents, "Service"):
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in reachable:
                yield f"Service {service['metadata']['name']}: no container has the port {port['targetPort']}"


def autoscaler_owns_the_replicas(documents):
    for autoscaler in manifests.of_kind(documents, "HorizontalPodAutoscaler"):
        target = autoscaler["spec"]["scaleTargetRef"]["name"]
        workload = next((one for one, _ in pods(documents) if one["metadata"]["name"] == target), None)
        if workload is None:
            yield f"the autoscaler scales {target}, which is not there"
        elif "replicas" in workload["spec"]:
            yield f"both the autoscaler and Deployment {target} say how many replicas there are"


def pods_are_restricted(documents):
    """The profile `restricted` of the Pod Security Standards, and a root file system that is read only."""
    for workload, pod in pods(documents):
        name, whole = workload["metadata"]["name"], pod.get("securityContext", {})
        if not whole.get("runAsNonRoot") or not whole.get("runAsUser"):
            yield f"{name}: may run as root"
        if whole.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{name}: no seccomp profile"
        if any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{name}: shares a namespace of the node"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: has a token of the API"
        for volume in pod.get("volumes", []):
            if set(volume) - {"name"} - {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected"}:
                yield f"{name}: volume {volume['name']} is of a kind that is not allowed"
        for container in manifests.containers_of(pod):
            context = container.get("securityContext", {})
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield f"{name}/{container['name']}: may get more rights"
            if context.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}/{container['name']}: keeps capabilities"
            if not context.get("readOnlyRootFilesystem"):
                yield f"{name}/{container['name']}: may write its root file system"
            if any("hostPort" in port for port in container.get("ports", [])):
                yield f"{name}/{container['name']}: takes a port of the node"


def policy_is_mounted_as_a_directory(documents):
    for workload, pod in pods(documents):
        gateway = manifests.gateway_of(pod)
        name = workload["metadata"]["name"]
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        mounts = {mount["mountPath"]: mount for mount in gateway.get("volumeMounts", [])}
        if any("subPath" in mount or "subPathExpr" in mount for mount in mounts.values()):
            yield f"{name}: mounts with subPath, where no change ever arrives"
        if any(mount["name"] not in volumes for mount in mounts.values()):
            yield f"{name}: mounts a volume that is not there"
        policy = volumes.get(mounts.get("/etc/sluice/policy", {}).get("name"), {})
        if policy.get("configMap", {}) != {"name": "sluice-policy"} or not manifests.policies_of(documents):
            yield f"{name}: /etc/sluice/policy is not the ConfigMap sluice-policy as a whole"
        if gateway.get("args") != ["serve", "/etc/sluice/policy"]:
            yield f"{name}: does not serve /etc/sluice/policy"


def state_can_be_written(documents):
    for document in manifests.policy_documents(documents):
        path = document["spec"].get("state", {}).get("sqlite", {}).get("path")
        for workload, pod in pods(documents):
            mounts = [mount for mount in manifests.gateway_of(pod)["volumeMounts"] if not mount.get("readOnly")]
            if path and not any(path.startswith(mount["mountPath"] + "/") for mount in mounts):
                yield f"{workload['metadata']['name']}: nothing is mounted where the state {path} is to be written"


def state_has_room(documents):
    """What docs/operations.md reckons with: 0.5 GB of reported outcomes, the journal, and a log of what was written last."""
    claims = {claim["metadata"]["name"]: claim for claim in manifests.of_kind(documents, "PersistentVolumeClaim")}
    for workload, pod in pods(documents):
        mount = next((one for one in manifests.gateway_of(pod)["volumeMounts"] if one["mountPath"] == "/var/lib/sluice"), {})
        for volume in pod.get("volumes", []):
            if volume["name"] != mount.get("name"):
                continue
            claim = claims.get(volume.get("persistentVolumeClaim", {}).get("claimName"))
            size = claim["spec"]["resources"]["requests"]["storage"] if claim else volume.get("emptyDir", {}).get("sizeLimit")
            if size is not None and manifests.bytes_of(size) < 2**30:
                yield f"{workload['metadata']['name']}: {size} are too few for the state"


def gateways_say_what_they_need(documents):
    for workload, pod in pods(documents):
        for container in manifests.containers_of(pod):
            resources = container.get("resources", {})
            if not {"cpu", "memory"} <= set(resources.get("requests", {})) or "memory" not in resources.get("limits", {}):
                yield f"{workload['metadata']['name']}/{container['name']}: no requests, or no limit on memory"


def pods_are_marked(documents):
    for workload, _ in pods(documents):
        if manifests.labels_of_pod(workload).get("sluice.dev/gateway") != "true":
            yield f"{workload['metadata']['name']}: has a gateway and no label sluice.dev/gateway"


ALL = [probes_point_at_ports, gateway_is_probed, ports_are_those_of_the_policy, selectors_meet_labels,
       services_reach_ports, autoscaler_owns_the_replicas, pods_are_restricted, policy_is_mounted_as_a_directory,
       state_can_be_written, state_has_room, gateways_say_what_they_need, pods_are_marked]
