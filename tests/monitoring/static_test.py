#!/usr/bin/env python3
"""What can be said of rules, runbooks and board without running anything but promtool.

    tests/monitoring/static_test.py
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from pages import REFERENCE, documented
from queries import BOARD, ROOT, RULES, board, families, filled, panel_queries, panels, rules

RUNBOOKS = ROOT / "docs/runbooks"
FAMILIES = sorted((ROOT / "src/metrics").glob("*_families.cpp"))
RULE_TESTS = sorted(pathlib.Path(__file__).resolve().parent.glob("rules_*_test.yaml"))
SEVERITIES = {"critical", "warning", "info"}


def run(*command):
    """A problem with what the program printed, if it fails or is not there."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
    except FileNotFoundError:
        return [f"{command[0]} is not installed; deploy/install-deps.sh --tests installs it"]
    return [] if done.returncode == 0 else [f"{' '.join(map(str, command))}:\n{done.stdout}"]


def alerts_are_whole():
    problems = []
    for rule in rules("alert"):
        name, notes = rule["alert"], rule["annotations"]
        if rule["labels"].get("severity") not in SEVERITIES:
            problems.append(f"{name} has no severity of {sorted(SEVERITIES)}")
        if notes.get("runbook_url") != f"docs/runbooks/{name}.md":
            problems.append(f"{name} does not name its runbook")
        says_a_number = "$value" in notes.get("description", "") or re.search(r"absent\(| [=>] ?=? ?[01]$", rule["expr"])
        if not notes.get("summary") or not notes.get("description") or not says_a_number:
            problems.append(f"{name} lacks a summary, or a description with its number")
    return problems


def runbooks_fit():
    """A page for every alert and no other, all in the index, with the severity and the delay of the rule."""
    names = {rule["alert"] for rule in rules("alert")}
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| ([^|]*) \| ([^|]*) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    index = {name for name, _, _ in rows}
    problems = [f"no docs/runbooks/{name}.md" for name in names - pages]
    problems += [f"docs/runbooks/{name}.md is about no alert" for name in pages - names]
    problems += [f"docs/runbooks/README.md does not list {name}" for name in names - index]
    problems += [f"docs/runbooks/README.md lists {name}, which is none" for name in index - names]
    for name, severity, after in rows:
        of_it = [rule for rule in rules("alert") if rule["alert"] == name]
        said = ", ".join(rule["labels"]["severity"] for rule in of_it), of_it[0].get("for", "at once") if of_it else ""
        if of_it and said != (severity, after):
            problems.append(f"docs/runbooks/README.md says {severity}, {after} of {name}, which is {said}")
    for name in names & pages:
        text = (RUNBOOKS / f"{name}.md").read_text()
        severities = {rule["labels"]["severity"] for rule in rules("alert") if rule["alert"] == name}
        if not text.startswith(f"# {name}\n"):
            problems.append(f"docs/runbooks/{name}.md does not begin with its name")
        if not all(re.search(rf"\*\*{severity}\*\*", text, re.IGNORECASE) for severity in severities):
            problems.append(f"docs/runbooks/{name}.md does not say that it is {severities}")
    return problems


def alerts_are_tested():
    """Both ways: for whom it is, and that it stays silent."""
    fires, silent = set(), set()
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
    names = {rule["alert"] for rule in rules("alert")}
    problems = [f"no test that {name} fires" for name in names - fires]
    return problems + [f"no test that {name} is silent" for name in names - silent]


def families_are_documented():
    known = set(documented())
    texts = {"rules.yaml": "\n".join(rule["expr"] for rule in rules("alert") + rules("record"))}
    texts["sluice.json"] = "\n".join(query.expression for query in panel_queries())
    for page in (*RUNBOOKS.glob("*.md"), ROOT / "docs/monitoring.md", ROOT / "docs/metrics.md"):
        texts[page.name] = page.read_text()
    recorded = {rule["record"] for rule in rules("record")}
    problems = []
    for where, text in texts.items():
        made = set(re.findall(r"\b\w+:\w+:\w+\b", text))
        problems += [f"{where} names {name}, which is not in {REFERENCE.name}" for name in families(text) - known]
        problems += [f"{where} names {name}, which no rule records" for name in made - recorded]
    return problems


def declarations_are_in_the_reference():
    """And all of them are explained in words. Also those that the specimen of tests/metrics/reference_test.cpp might have no series for."""
    declared = set()
    for path in FAMILIES:
        for name in re.findall(r'\b\w*(?:counter|gauge|histogram|plain)\(\s*"(\w+)"', path.read_text()):
            declared.add(name if name.startswith("process_") else f"sluice_{name}")
    if len(declared) < 100:
        return [f"only {len(declared)} declarations are found in src/metrics"]
    explained = (ROOT / "docs/metrics.md").read_text()
    problems = [f"{name} is not in {REFERENCE.name}" for name in declared - set(documented())]
    unexplained = [name for name in documented() if f"`{name.removeprefix('sluice_')}`" not in explained]
    return problems + [f"{name} is not explained in docs/metrics.md" for name in unexplained]


def board_can_be_imported():
    problems = []
    text = BOARD.read_text()
    sources = set(re.findall(r'"uid": "([^"]*)"', text)) - {"sluice"}
    if sources != {"${datasource}"}:
        problems.append(f"the board names data sources: {sources}")
    one = board()
    if one.get("uid") != "sluice" or one.get("schemaVersion", 0) < 36 or "id" in one:
        problems.append("the board needs its uid, a schemaVersion and no id")
    ids = collections.Counter(panel["id"] for panel in panels())
    problems += [f"{count} panels have the id {number}" for number, count in ids.items() if count > 1]
    taken = {}
    for panel in panels():
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            problems.append(f"{panel['title']} is wider than the board")
        for cell in ((place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])):
            if taken.setdefault(cell, panel["title"]) != panel["title"]:
                problems.append(f"{panel['title']} lies on {taken[cell]}")
                break
        if panel["type"] != "row" and not (panel["description"] and panel["targets"]):
            problems.append(f"{panel['title']} has no description or no query")
    return problems


def numbers_of_a_quiet_gateway():
    """While no rollout is under way, their number is 0 and not missing."""
    phases = ("Idle", "Pending", "Progressing", "Paused", "Held", "RollingBack")
    series = [
        {"series": f'sluice_rollout_phase{{job="sluice",instance="a",route="fraud",phase="{phase}"}}', "values": f"{int(phase == 'Idle')}x5"}
        for phase in phases
    ]
    every = {name: ["$__all"] for name in ("job", "route", "version")}
    numbers = [target["expr"] for panel in panels() if panel["type"] == "stat" for target in panel["targets"]]
    asked = [
        {"expr": filled(expression, every), "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": 0}]}
        for expression in numbers
        if "sluice_rollout_phase" in expression
    ]
    if len(asked) < 2:
        return ["the board has no numbers of rollouts"]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}]}, file)
        file.flush()
        return run("promtool", "test", "rules", file.name)


UNITS = {"error-rate": "percentunit", "disagreement": "percentunit", "score-drift": "percentunit", "latency-p99": "s",
         "latency-mean": "s", "ttfb-p95": "s", "gpu-memory": "short"}


def checks_have_their_unit():
    """Each has its value and its limit in one column each, of its unit; also the second check of a name."""
    table = next(panel for panel in panels() if panel["title"] == "Checks")
    units = {
        override["matcher"]["options"]: one["value"]
        for override in table["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    }
    names = table["transformations"][1]["options"]["renameByName"]
    problems = []
    for check, unit in [pair for name, unit in UNITS.items() for pair in ((name, unit), (f"{name}#2", unit))]:
        for family in ("sluice_check_value", "sluice_check_threshold"):
            shown = []
            for target in table["targets"]:
                selected = [bool(re.fullmatch(which, check)) == (how == "=~")
                            for how, which in re.findall(r'check(=~|!~)"([^"]*)"', target["expr"])]
                if family in target["expr"] and all(selected):
                    shown.append(units[names[f"Value #{target['refId']}"]])
            if shown != [unit]:
                problems.append(f"{family} of {check} is shown as {shown} and not as {unit}")
    return problems


def kubernetes_example():
    """Debian's Prometheus is built without discovery in Kubernetes, so something else finds the targets here."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/scrape-kubernetes.yaml").read_text())
    for job in config["scrape_configs"]:
        if job.pop("kubernetes_sd_configs", None) != [{"role": "pod"}]:
            return ["scrape-kubernetes.yaml discovers something else than pods"]
        job["static_configs"] = [{"targets": ["127.0.0.1:9464"]}]
    config["rule_files"] = [str(RULES.parent / name) for name in config["rule_files"]]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        return run("promtool", "check", "config", file.name)


def programs_agree():
    problems = run("promtool", "check", "rules", str(RULES))
    problems += run("promtool", "check", "config", "deploy/prometheus/scrape.yaml")
    problems += kubernetes_example()
    problems += run("promtool", "test", "rules", *map(str, RULE_TESTS))
    return problems + run(sys.executable, "deploy/grafana/generate.py", "--check")


def main():
    problems = []
    for check in (
        alerts_are_whole,
        runbooks_fit,
        alerts_are_tested,
        families_are_documented,
        declarations_are_in_the_reference,
        board_can_be_imported,
        numbers_of_a_quiet_gateway,
        checks_have_their_unit,
        programs_agree,
    ):
        found = check()
        print(f"{check.__name__}: {'ok' if not found else f'{len(found)} problems'}")
        problems += found
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
