"""Everything that asks Prometheus something: the rules, and the panels of the Grafana board, as plain data."""

import dataclasses
import json
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/rules.yaml"
BOARD = ROOT / "deploy/grafana/sluice.json"


@dataclasses.dataclass(frozen=True)
class Query:
    """`where` is for people: the rule's or the panel's name. `instant`: of one moment, not of a range of time."""

    where: str
    expression: str
    instant: bool = True


def rules(kind):
    """Rules as in the file; `kind` is "alert" or "record"."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def board():
    return json.loads(BOARD.read_text())


def panels(of=None):
    """All panels, those of collapsed rows too."""
    for panel in (of or board())["panels"]:
        yield panel
        yield from panel.get("panels", [])


def panel_queries():
    """Every target of every panel, with its variables as they stand in the file."""
    return [
        Query(f"{panel['title']} ({target['refId']})", target["expr"], target["instant"])
        for panel in panels()
        for target in panel.get("targets", [])
    ]


def variables():
    """The variables that ask: name, label and selector of their label_values()."""
    found = []
    for variable in board()["templating"]["list"]:
        if variable["type"] == "query":
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            found.append((variable["name"], label, selector))
    return found


def filled(expression, chosen):
    """With Grafana's variables filled in: `chosen` has lists of values; "$__all" is what stands for all. Several
    values become an alternative of a regular expression, as in Grafana."""
    values = {"__rate_interval": "10s", "__range": "60s", "__interval": "5s"}
    for name, selected in chosen.items():
        escaped = [re.sub(r"([\\/^$.*+?()\[\]{}|-])", r"\\\\\1", value) for value in selected]
        values[name] = ".*" if selected == ["$__all"] else escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
    return re.sub(r"\$(\w+)", lambda match: values[match[1]], expression)


def told_apart(expression):
    """An alert's expression whose comparisons say 0 or 1 in place of nothing or something: it then returns data also
    while all is well, if what it names exists and its sides match."""
    compared = re.sub(r" (==|>=|<=|>|<) (?=[\d-])", r" \1 bool ", expression)
    return re.sub(r"\babsent\(([^()]*)\)", r"\1", compared)


def families(text):
    """Names of our families and of the process's in an expression or a page, without what a histogram adds. Names
    that rules record are none: behind a colon there is no family."""
    names = set(re.findall(r"(?<![:\w])(?:sluice|process)_[a-z0-9_]+(?!:)\b", text))
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in names if not name.endswith("_")}
