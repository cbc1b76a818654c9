"""How long a pod may take to end, reckoned from the policy: docs/kubernetes.md, "How a pod ends".

  drain.timeout          >= the longest timeouts.request of the routes
  the hook's --timeout    = drain.delay + drain.timeout + LOOK
  the model's hook        = the same, at the same time
  grace period            = the hook's --timeout + MODEL (where a model shares the pod) + LEAVE
"""

import manifests

LOOK, MODEL, LEAVE = 5, 15, 5
DEFAULT_REQUEST = "30s"


def hook_of(container):
    """Seconds that a preStop hook takes at most; None when there is none of a known kind."""
    hook = container.get("lifecycle", {}).get("preStop", {})
    if "sleep" in hook:
        return hook["sleep"]["seconds"]
    command = hook.get("exec", {}).get("command", [])
    if command[:1] == ["sleep"]:
        return float(command[1])
    if command[:2] == ["sluice", "drain"] and {"--wait", "--if-running", "--timeout"} <= set(command):
        return manifests.seconds(command[command.index("--timeout") + 1])
    return None


def grace_follows_from_the_policy(documents):
    policy = manifests.policy_documents(documents)
    drain = next(document["spec"]["drain"] for document in policy if document["kind"] == "Gateway")
    delay, timeout = manifests.seconds(drain["delay"]), manifests.seconds(drain["timeout"])
    for route in (document for document in policy if document["kind"] == "ModelRoute"):
        longest = manifests.seconds(route["spec"].get("timeouts", {}).get("request", DEFAULT_REQUEST))
        if timeout < longest:
            yield f"drain.timeout {timeout:g} s is shorter than {longest:g} s, which a request of {route['metadata']['name']} may take"
    hook = delay + timeout + LOOK
    for workload in manifests.of_kind(documents, "Deployment"):
        name, pod = workload["metadata"]["name"], manifests.pod_of(workload)
        models = [one for one in manifests.containers_of(pod) if one["name"] != "sluice"]
        for container in manifests.containers_of(pod):
            if hook_of(container) != hook:
                yield f"{name}/{container['name']}: its preStop hook takes {hook_of(container)}, not {hook:g} s"
        wished = hook + (MODEL if models else 0) + LEAVE
        if pod["terminationGracePeriodSeconds"] != wished:
            yield f"{name}: terminationGracePeriodSeconds is {pod['terminationGracePeriodSeconds']}, not {wished:g}"
