"""The rows of the board below those of the rollouts: shadows, endpoints, traffic, the gateway itself."""

from panels import row, series, table, thresholds
from promql import PROCESS, RATE, ROUTE, VERSION, each, largest, quantile, quantiles, rate, total, usable

AT = "{{route}} {{version}}"  # legend of one version
HERE = "{{instance}}"


def pairs():
    """What comparing the answers of live and shadow found."""
    by = "route, version, output"
    flips = f'{rate("sluice_shadow_flips_total", by)} / {rate("sluice_shadow_rows_total", by)}'
    return [
        series("Pairs", "Pairs of answers by what comparing them came to.",
               (rate("sluice_shadow_comparisons_total", "route, version, result"), AT + " {{result}}"),
               unit="ops", stack=True),
        series("Disagreement", "Share of the compared pairs of the window that disagree, beyond noise.",
               (largest("sluice_shadow_disagreement_ratio"), AT), unit="percentunit", top=1),
        series("Fields that differ", "The ten that differ most often.",
               (f'topk(10, {rate("sluice_shadow_field_mismatches_total", "route, version, field")})', AT + " {{field}}"),
               unit="ops"),
        series("Largest difference, p95", "Between two numbers of a pair, relative: 0 to 2.",
               (quantile(0.95, "sluice_shadow_difference"), AT)),
        series("Flips", "Rows of an output whose largest number stands elsewhere: another class.",
               (flips, AT + " {{output}}"), unit="percentunit"),
        series("Twins and noise", "Copied requests that live answered twice, and fields found to differ by themselves.",
               (rate("sluice_shadow_twins_total", "route, result"), "{{route}} twins {{result}}"),
               (largest("sluice_shadow_noisy_fields"), AT + " noisy fields")),
    ]


def drift():
    by, legend = "route, version, of, against", AT + " {{of}} against {{against}}"
    return [
        series("Drift: distance", "Kolmogorov–Smirnov distance of scores, largest difference of a share of classes.",
               (largest("sluice_drift_distance_ratio", by), legend), unit="percentunit", top=1),
        series("Drift: evidence", "That two distributions are not alike. 20 is much, however often one looks.",
               (largest("sluice_drift_e_value", by), legend), limits=thresholds(("orange", 20), ("red", 1000)), log=True),
        series("Predictions by bin", "Of the window, of scores by the upper end of the bin and of classes.",
               (total("sluice_drift_values", "route, version, of, bin"), AT + " {{of}} {{bin}}"), stack=True),
    ]


def shadows():
    return [
        row("Shadow"),
        series("Copies answered", "By status.",
               (rate("sluice_shadow_requests_total", "route, version, code"), AT + " {{code}}"), unit="reqps", stack=True),
        series("Copies dropped", "Not sent, or not answered, by reason.",
               (rate("sluice_shadow_dropped_total", "route, version, reason"), AT + " {{reason}}"), unit="reqps"),
        series("Duration of copies", "From a copy's start to the end of the shadow's answer.",
               *quantiles("sluice_shadow_duration_seconds", AT), unit="s"),
        *pairs(),
        *drift(),
        series("Pairs lost", "Not compared, by reason.",
               (rate("sluice_shadow_pairs_lost_total", "reason", PROCESS), "{{reason}}"), unit="ops", width=12),
        series("Processors that comparing takes", "One thread compares, so 1 is all there is.",
               (each("sluice_shadow_compare_seconds_total"), HERE), width=12),
    ]


def endpoints():
    out = total("sluice_endpoints", labels=VERSION + ',state=~"ejected|unhealthy"')
    ejections = f"sum by (route, version, reason) (increase(sluice_endpoint_ejections_total{{{VERSION}}}{RATE}))"
    return [
        row("Endpoints"),
        series("Endpoints by state", "What they may do.", (total("sluice_endpoints", "state"), "{{state}}"), stack=True),
        table(
            "Usable, and not",
            "Out: ejected or unhealthy. Panic: too few are usable, so all are used.",
            ("route", "version"),
            ("usable", "short", usable(), None),
            ("out", "short", out, thresholds(("orange", 1))),
            ("panic", "short", largest("sluice_version_panic"), thresholds(("red", 1))),
            width=8,
            height=8,
        ),
        series("Ejections", "Endpoints taken out because of how requests went.", (ejections, AT + " {{reason}}")),
        series("Health checks", "By result.",
               (rate("sluice_health_checks_total", "route, version, result"), AT + " {{result}}"), unit="ops"),
        series("Duration of health checks, p95", "Connection included.",
               (quantile(0.95, "sluice_health_check_duration_seconds"), AT), unit="s"),
        series("Connections to endpoints", "In use, and idle in the pools.",
               (total("sluice_endpoint_connections", "route, version, state"), AT + " {{state}}")),
        series("Connects", "Established, and failed.", (rate("sluice_endpoint_connects_total"), AT),
               (rate("sluice_endpoint_connect_failures_total"), AT + " failed"), unit="ops"),
        series("Warm-ups", "Requests sent to new endpoints.",
               (rate("sluice_warm_up_requests_total", "route, version, result"), AT + " {{result}}"), unit="ops"),
        series("Names", "Behind dns:// endpoints, by what is known of them.",
               (total("sluice_dns_names", "state", PROCESS), "{{state}}"), stack=True),
    ]


def traffic():
    return [
        row("Traffic"),
        series("Answers by status", "As clients saw them.",
               (rate("sluice_requests_total", "code", ROUTE), "{{code}}"), unit="reqps", stack=True),
        series("Failed by the gateway", "Why it answered itself or cut off.",
               (rate("sluice_request_failures_total", "reason", PROCESS), "{{reason}}"), unit="reqps"),
        series("Decisions", "By what chose the version.",
               (rate("sluice_decisions_total", "route, version, reason"), AT + " {{reason}}"), unit="reqps"),
        series("Answered by another version", "Calls that a version failed and another one answered.",
               (rate("sluice_fallbacks_total", "route, version, reason"), AT + " {{reason}}"), unit="reqps"),
        series("Further attempts", "Retries, hedges, and those that the budget forbade.",
               (rate("sluice_retries_total"), AT + " retries"), (rate("sluice_hedges_total"), AT + " hedges"),
               (rate("sluice_retries_denied_total"), AT + " denied"), unit="ops"),
        series("Waiting", "Requests that wait for their turn at a limit.",
               (total("sluice_requests_waiting", labels=ROUTE), AT)),
        series("Wait for a turn, p99", "Of requests that had to wait.",
               (quantile(0.99, "sluice_queue_wait_seconds", "route", ROUTE), "{{route}}"), unit="s"),
        series("Adaptive limits", "Requests in flight that they allow.", (total("sluice_concurrency_limit"), AT)),
        series("Time to first byte, p95", "From the request sent to the first byte of the endpoint's answer.",
               (quantile(0.95, "sluice_time_to_first_byte_seconds"), AT), unit="s"),
        series("Overhead", "What the gateway adds to the endpoint's own time.",
               *quantiles("sluice_overhead_seconds", "{{route}}", by="route", labels=ROUTE), unit="s", width=24),
    ]


def policy_and_store():
    at = "instance"
    return table(
        "Policy and store",
        "Reload and store: 1 when the last policy was taken, and the last change kept. Degraded: 1 while the store is not right.",
        (at,),
        ("", "short", largest("sluice_build_info", "instance, version", PROCESS), None),
        ("reload", "short", largest("sluice_config_last_reload_successful", at, PROCESS), None),
        ("generation", "short", largest("sluice_config_generation", at, PROCESS), None),
        ("taken", "dateTimeAsIso", largest("sluice_config_last_reload_success_timestamp_seconds", at, PROCESS) + " * 1000", None),
        ("store", "short", largest("sluice_state_up", at, PROCESS), None),
        ("degraded", "short", largest("sluice_state_degraded", at, PROCESS), thresholds(("orange", 1))),
        ("started", "dateTimeAsIso", largest("process_start_time_seconds", at, PROCESS) + " * 1000", None),
        shown=("version",),
        height=7,
    )


def gateway():
    ledger = f"sluice_outcome_ledger_reports{{{PROCESS}}} / sluice_outcome_ledger_capacity{{{PROCESS}}}"
    files = f"process_open_fds{{{PROCESS}}} / process_max_fds{{{PROCESS}}}"
    come_and_go = [(each(f"sluice_connections_{word}_total"), f"{HERE} {word}") for word in ("accepted", "refused", "failed")]
    lost = {
        "observations_lost": "observations",
        "decision_log_lost": "lines of the decision log",
        "outcome_posts_turned_away": "posts of outcomes",
        "log_dropped_lines": "log lines",
    }
    return [
        row("Gateway"),
        policy_and_store(),
        series("Processor", "Processors in use.", (each("process_cpu_seconds_total"), HERE)),
        series("Memory", "Resident.", (f"process_resident_memory_bytes{{{PROCESS}}}", HERE), unit="bytes"),
        series("File descriptors", "Open, as a share of the limit.", (files, HERE),
               unit="percentunit", limits=thresholds(("orange", 0.8)), top=1),
        series("Client connections", "Open; and a second: accepted, refused, failed.",
               (f"sluice_connections_open{{{PROCESS}}}", HERE + " open"), *come_and_go),
        series("Bytes", "From and to clients.", (each("sluice_received_bytes_total"), HERE + " received"),
               (each("sluice_sent_bytes_total"), HERE + " sent"), unit="Bps"),
        series("Ledger of outcomes", "Share of what it takes.", (ledger, HERE),
               unit="percentunit", limits=thresholds(("orange", 0.9)), top=1),
        series("Lost", "What found no room, a second.",
               *((each(f"sluice_{name}_total"), f"{HERE} {words}") for name, words in lost.items()), unit="ops", width=12),
        series("Names that share _other", "Routes and versions beyond what has names of its own.",
               (total("sluice_capped_names", "kind", PROCESS), "{{kind}}"), width=12),
    ]
