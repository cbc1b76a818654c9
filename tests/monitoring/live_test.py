#!/usr/bin/env python3
"""Every query of the Grafana board and every rule against a real Prometheus that scrapes real gateways.

    tests/monitoring/live_test.py SLUICE SAMPLE_MODEL

One gateway is well, with every strategy under way: every query of the board and every recording rule must return data,
every alert's expression must find what it compares, and none may be true. Another gateway has about everything wrong:
the alerts that are meant for that must be true. How long they must be true is tested by promtool. What both have on
their pages must be in docs/metrics-reference.md, with the same type, labels and help.
"""

import contextlib
import pathlib
import sys
import tempfile
import time

from pages import differences
from prometheus import Prometheus
from queries import Query, filled, panel_queries, rules, told_apart, variables
from world import Broken, Gateway, Load, break_policy, eventually, models, policy_text

PATIENCE = 60.0  # seconds until everything must have been seen; about 10 are needed

ALL = {name: ["$__all"] for name in ("job", "route", "version")}
CHOSEN = {
    "job": ["sluice"],
    "route": ["canary", "shadow", "bandit", "experiment", "rolling", "plain"],
    "version": ["v1", "v2"],
}

SHOWN_OF_MIRRORS = (
    "sluice_shadow_requests_total",
    "sluice_shadow_duration_seconds",
    "sluice_shadow_comparisons_total",
    "sluice_shadow_disagreement_ratio",
)

# Alerts that must be true of what is ill, and for whom.
TRUE_OF_THE_ILL = {
    "SluiceRolloutAborted": {"route": "aborted", "result": "RolledBack"},
    "SluiceRolloutStuck": {"route": "held", "phase": "Held"},
    "SluiceCandidateErrors": {"route": "parachute", "version": "v2"},
    "SluiceCheckErrors": {"route": "parachute", "check": "gpu-memory"},
    "SluiceShadowDropping": {"route": "shadow", "version": "v2"},
    "SluiceRequestsFailing": {"route": "deserted"},
    "SluiceOverloaded": {"route": "overloaded"},
    "SluiceParachuteUsed": {"route": "parachute"},
    "SluiceNoHealthyEndpoint": {"route": "deserted", "version": "v1"},
    "SluiceVersionPanic": {"route": "deserted", "version": "v1"},
    "SluiceEndpointsOut": {"route": "deserted", "version": "v1"},
    "SluiceOutcomesUnmatched": {"job": "sluice-ill"},
    "SluiceReloadFailed": {"job": "sluice-ill"},
    "SluiceStateDegraded": {"job": "sluice-damaged"},
    "SluiceTargetDown": {"job": "sluice-gone"},
}
# What a gateway that is well may show for a moment: a pause, which alarms after a day, and evidence of a split that is
# not sound, which chance alone brings to 20 now and then.
MAY_BE_TRUE_OF_THE_WELL = {"SluiceRolloutWaiting", "SluiceSampleRatioMismatch"}


def asked(prometheus, query):
    """Whether it returns data; ValueError when it is no PromQL."""
    if query.instant:
        return bool(prometheus.query(query.expression))
    now = time.time()
    return bool(prometheus.query_range(query.expression, now - 60, now, 5))


def all_queries():
    """What must return data: of the board with its variables filled in both ways, and of the rules."""
    queries = [
        Query(f"panel {query.where}, {words}", filled(query.expression, chosen), query.instant)
        for query in panel_queries()
        for words, chosen in (("all", ALL), ("chosen", CHOSEN))
    ]
    # Copies and pairs of a mirror beside a canary are on the same panels as a shadow's.
    beside = {**ALL, "route": ["canary"]}
    queries += [
        Query(f"panel {query.where}, of a mirror", filled(query.expression, beside), query.instant)
        for query in panel_queries()
        if any(name in query.expression for name in SHOWN_OF_MIRRORS)
    ]
    queries += [Query(f"record {rule['record']}", rule["record"]) for rule in rules("record")]
    queries += [Query(f"alert {rule['alert']}", told_apart(rule["expr"])) for rule in rules("alert")]
    return queries


def wait_for_data(prometheus):
    """Asks until everything has returned data once; a list of what never did."""
    missing = all_queries()
    count = len(missing)

    def look():
        missing[:] = [query for query in missing if not asked(prometheus, query)]
        return not missing

    with contextlib.suppress(Broken):
        eventually("every query returns data", look, PATIENCE)
    print(f"{count - len(missing)} of {count} queries return data")
    return [f"no data: {query.where}: {query.expression}" for query in missing]


def true_alerts(prometheus):
    """Name and labels of everything that an alert's expression returns now."""
    return [(rule["alert"], one["metric"]) for rule in rules("alert") for one in prometheus.query(rule["expr"])]


def wait_for_alerts(prometheus):
    """Asks until everything has been true that must be; a list of what never was."""
    missing = dict(TRUE_OF_THE_ILL)

    def look():
        for name, labels in true_alerts(prometheus):
            if name in missing and missing[name].items() <= labels.items():
                del missing[name]
        return not missing

    with contextlib.suppress(Broken):
        eventually("what is ill is noticed", look, PATIENCE)
    print(f"{len(TRUE_OF_THE_ILL) - len(missing)} of {len(TRUE_OF_THE_ILL)} illnesses are noticed")
    return [f"not true, though it should be: {name} {labels}" for name, labels in missing.items()]


def wait_for_silence(prometheus):
    """Asks until nothing is true of the gateway that is well: one scrape may come too late on a busy machine."""
    wrong = []

    def look():
        wrong[:] = [
            f"true of a gateway that is well: {name} {labels}"
            for name, labels in true_alerts(prometheus)
            if labels.get("job") == "sluice" and name not in MAY_BE_TRUE_OF_THE_WELL
        ]
        return not wrong

    with contextlib.suppress(Broken):
        eventually("nothing is true of what is well", look, PATIENCE)
    return wrong


def check_variables(prometheus):
    problems = []
    for name, label, selector in variables():
        values = set(prometheus.label_values(label, filled(selector, ALL)))
        if not set(CHOSEN[name]) <= values:
            problems.append(f"the variable {name} offers {sorted(values)}")
    return problems


def check_rules(prometheus):
    """Prometheus itself must not have stumbled over a rule, as over two series with the same labels."""
    return [f"{rule['name']}: {rule['lastError']}" for rule in prometheus.rules() if rule.get("lastError")]


def run(sluice, sample_model, folder):
    (folder / "damaged.db").write_text("This is no database, but it is long enough to be looked at.\n" * 100)
    with contextlib.ExitStack() as stack:
        addresses = stack.enter_context(models(folder, sample_model))
        well, ill, damaged = (
            stack.enter_context(Gateway(folder, name, sluice, policy_text(f"{name}.yaml", addresses, folder)))
            for name in ("well", "ill", "damaged")
        )
        # Its counter is 1 when Prometheus first sees it.
        stack.callback(Load(ill, "aborted").stop)
        eventually("a rollout goes back before the first scrape", lambda: ill.status("aborted")["rollout"]["phase"] == "RolledBack")
        jobs = {"sluice": well, "sluice-ill": ill, "sluice-damaged": damaged}
        targets = {name: f"127.0.0.1:{gateway.metrics}" for name, gateway in jobs.items()}
        prometheus = stack.enter_context(Prometheus(folder, {**targets, "sluice-gone": "127.0.0.1:1"}))
        for route in ("canary", "shadow", "rolling"):
            stack.callback(Load(well, route).stop)
        for route in ("bandit", "experiment"):
            stack.callback(Load(well, route, outcome="click").stop)
        stack.callback(Load(well, "plain", threads=3).stop)
        for route in ("parachute", "deserted", "shadow"):
            stack.callback(Load(ill, route).stop)
        stack.callback(Load(ill, "held", outcome="click", forged=True).stop)
        stack.callback(Load(ill, "overloaded", threads=3).stop)
        break_policy(ill)
        problems = wait_for_data(prometheus) + wait_for_alerts(prometheus) + wait_for_silence(prometheus)
        problems += check_variables(prometheus) + check_rules(prometheus)
        return problems + differences(well.metrics) + differences(ill.metrics)


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluice-monitoring-") as folder:
        problems = run(sys.argv[1], sys.argv[2], pathlib.Path(folder))
    print("\n".join(problems) or f"all is as it should be, after {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
