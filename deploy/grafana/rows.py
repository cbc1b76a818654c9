"""The rows of the board: what serves, what is being tried, and how each strategy sees it."""

from panels import row, series, stat, table, thresholds, timeline
from promql import PROCESS, RATE, ROUTE, VERSION, failing, largest, mean, playing, quantile, quantiles, rate, total, usable

FAILS = thresholds(("orange", 0.01), ("red", 0.05))
AT = "{{route}} {{version}}"  # legend of one version
PHASES = [
    ("Idle", "#6b7280"),
    ("Pending", "#a78bfa"),
    ("Progressing", "#3b82f6"),
    ("Paused", "#eab308"),
    ("Held", "#f97316"),
    ("RollingBack", "#ef4444"),
    ("Promoted", "#22c55e"),
    ("Concluded", "#14b8a6"),
    ("RolledBack", "#b91c1c"),
    ("Aborted", "#7f1d1d"),
    ("Superseded", "#9ca3af"),
]


def numbers():
    """What is there, in six numbers."""
    under_way = ROUTE + ',phase=~"Pending|Progressing|Paused|Held|RollingBack"'
    held = ROUTE + ',phase="Held"'
    return [
        stat("Gateways", "Gateways that answer Prometheus.", f"count(sluice_build_info{{{PROCESS}}})"),
        stat("Requests", "Answers a second, refusals included.",
             f"sum(rate(sluice_requests_total{{{ROUTE}}}{RATE}))", "reqps"),
        stat("Failing", "Share of the answers that are 5xx.", failing("", ROUTE), "percentunit", FAILS, decimals=2),
        stat("Rollouts under way", "Routes whose rollout has not ended.",
             f'sum({largest("sluice_rollout_phase", "route", under_way)})'),
        stat("Rollouts held", "Routes whose rollout waits for a person because something failed.",
             f'sum({largest("sluice_rollout_phase", "route", held)})', limits=thresholds(("orange", 1))),
        stat("Overhead, p99", "What the gateway adds to the endpoint's own time.",
             quantile(0.99, "sluice_overhead_seconds", "", ROUTE), "s", thresholds(("orange", 0.005), ("red", 0.025))),
    ]


def overview():
    # One phase for a route, also while replicas differ for a moment.
    phase = f'topk by (route) (1, {largest("sluice_rollout_phase", "route, phase", ROUTE)} == 1)'
    alert = "alertname, severity, alertstate, route, version, instance"
    played = largest("sluice_version_info", "route, version, role, strategy")
    return [
        row("Overview"),
        *numbers(),
        table(
            "Routes and versions",
            "Target and observed are shares of the route's decisions; failing counts 5xx that clients saw.",
            ("route", "version"),
            ("", "short", f"{played} * on (route) group_left (phase) ({phase})", None),
            ("target", "percentunit", mean("sluice_target_weight_ratio"), None),
            ("observed", "percentunit", mean("sluice_observed_weight_ratio"), None),
            ("requests", "reqps", rate("sluice_requests_total"), None),
            ("failing", "percentunit", failing(), FAILS),
            ("p50", "s", quantile(0.5, "sluice_request_duration_seconds"), None),
            ("p99", "s", quantile(0.99, "sluice_request_duration_seconds"), None),
            ("in flight", "short", total("sluice_requests_in_flight"), None),
            ("usable endpoints", "short", usable(), None),
            shown=("strategy", "role", "phase"),
            height=10,
        ),
        table(
            "Alerts",
            "Pending and firing, of rules.yaml. What to do about one: its page in docs/runbooks.",
            ("alertname",),
            ("", "short", largest("ALERTS", alert, PROCESS + ',alertname=~"Sluice.*"'), None),
            shown=("severity", "alertstate", "route", "version", "instance"),
            height=6,
        ),
    ]


def column(title, roles, copies=False):
    """One of two columns; lines of the same height stand beside each other. With `copies` those for shadows too."""
    requests = [(playing(rate("sluice_requests_total"), roles), AT)]
    failed = [(playing(failing(), roles), AT)]
    durations = [(playing(expr, roles), legend) for expr, legend in quantiles("sluice_request_duration_seconds", AT)]
    in_flight = [(playing(total("sluice_requests_in_flight"), roles), AT)]
    if copies:
        requests.append((rate("sluice_shadow_requests_total"), AT + " copies"))
        failed.append((failing(family="sluice_shadow_requests_total"), AT + " copies"))
        durations += quantiles("sluice_shadow_duration_seconds", AT + " copies")
        in_flight.append((total("sluice_shadow_requests_in_flight"), AT + " copies"))
    return [
        series(f"{title}: requests", "Answers a second.", *requests, unit="reqps", width=12),
        series(f"{title}: failing", "Share of the answers that are 5xx, as clients saw them.", *failed,
               unit="percentunit", limits=FAILS, width=12),
        series(f"{title}: latency", "From the first byte of the request to the last byte of the answer.", *durations,
               unit="s", width=12),
        series(f"{title}: in flight", "Requests whose answer is not complete.", *in_flight, width=12),
    ]


def two_columns():
    """Left what serves, right what is being tried."""
    left = column("Live", "stable|live|active|control")
    right = column("Candidate", "candidate|preview|variant|arm", copies=True)
    return [row("Live against candidate"), *(one for pair in zip(left, right) for one in pair)]


def phase_numbers():
    """The place of each route's phase in PHASES, from 1."""
    selectors = [f'{ROUTE},phase="{name}"' for name, _ in PHASES]
    numbered = [f'({largest("sluice_rollout_phase", "route", one)} == 1) * {i}' for i, one in enumerate(selectors, 1)]
    return " or ".join(numbered)


def checks():
    """A line per check. Seconds, shares and numbers have columns of their own, since a column has one unit; which of them a check
    fills follows from its name."""
    by = "route, version, check"
    times, shares = "(latency|ttfb)-.*", "(error-rate|disagreement|score-drift)(#.*)?"
    columns = []
    for words, unit, which in (
        (" (time)", "s", f'check=~"{times}"'),
        (" (share)", "percentunit", f'check=~"{shares}"'),
        ("", "short", f'check!~"{times}|{shares}"'),
    ):
        columns += [
            (f"value{words}", unit, largest("sluice_check_value", by, f"{VERSION},{which}"), None),
            (f"limit{words}", unit, largest("sluice_check_threshold", by, f"{VERSION},{which}"), None),
        ]
    return table(
        "Checks",
        "The last look at every check: its value, the limit, how many requests it was of, and how far it is from being certain.",
        ("route", "version", "check"),
        *columns,
        ("requests", "short", largest("sluice_check_samples", by), None),
        ("evidence", "percentunit", largest("sluice_check_evidence_ratio", by), None),
    )


def rollouts():
    return [
        row("Rollout"),
        timeline("Phases", "The phase that each route's rollout is in.", phase_numbers(), "{{route}}", PHASES),
        series("Target share", "What the plan wants.", (mean("sluice_target_weight_ratio"), AT),
               unit="percentunit", stack=True, width=12),
        series("Observed share", "Of the decisions by weight or bandit since the weights last changed.",
               (mean("sluice_observed_weight_ratio"), AT), unit="percentunit", stack=True, width=12),
        checks(),
        series("Looks at checks", "By what they came to.",
               (rate("sluice_check_runs_total", "route, check, verdict", ROUTE), "{{route}} {{check}} {{verdict}}"),
               unit="ops", width=12),
        series("Segments: evidence of harm", "1: certainly worse in this segment, which goes back to stable.",
               (largest("sluice_segment_evidence_ratio", "route, version, segment"), AT + " {{segment}}"),
               unit="percentunit", top=1, limits=thresholds(("red", 1)), width=12),
        series("Step", "Where the rollout is; what it counts is the strategy's.",
               (largest("sluice_rollout_step", "route", ROUTE), "{{route}}"), width=12),
        series("Rollouts that ended", "Over the time shown, by how.",
               (f"sum by (route, result) (increase(sluice_rollouts_total{{{ROUTE}}}[$__range]))", "{{route}} {{result}}"), width=12),
    ]


def experiments():
    by, outcome = "route, version, outcome", AT + " {{outcome}}"
    lift = [
        (largest(f"sluice_experiment_lift_ratio{suffix}", "route, version, metric"), AT + " {{metric}}" + words)
        for suffix, words in (("", ""), ("_lower", " at least"), ("_upper", " at most"))
    ]
    mean_value = f'{rate("sluice_outcome_value_total", by)} / {rate("sluice_outcomes_total", by)}'
    return [
        row("A/B test and outcomes"),
        series("Lift over the control",
               "The variant's metric over the control's, less 1, and where the truth lies, however often one looks.",
               *lift, unit="percentunit", least=None),
        series("Sample-ratio mismatch",
               "Evidence that versions do not get what is drawn for them: 20 warns, from 1000 on nothing is promoted.",
               (largest("sluice_experiment_sample_ratio_mismatch", "route", ROUTE), "{{route}}"),
               limits=thresholds(("orange", 20), ("red", 1000)), log=True),
        series("Outcomes", "Reported or read from answers, and counting.",
               (rate("sluice_outcomes_total", by), outcome), unit="ops"),
        series("Mean outcome", "Of what was reported in the time of one point.", (mean_value, outcome), least=None),
        series("Unmatched", "Reported and not counted, by reason.",
               (rate("sluice_outcome_unmatched_total", "reason", PROCESS), "{{reason}}"), unit="ops"),
        series("Delay of outcomes, p90", "From the decision to the report.",
               (quantile(0.9, "sluice_outcome_delay_seconds", by), outcome), unit="s"),
    ]


def bandits():
    return [
        row("Bandit"),
        series("Shares", "Share of the traffic that each arm gets.", (mean("sluice_bandit_share_ratio"), AT),
               unit="percentunit", stack=True, width=12),
        series("Probability of being the best", "What the bandit believes of each arm.",
               (mean("sluice_bandit_probability_best_ratio"), AT), unit="percentunit", top=1, width=12),
    ]
