"""Pages of metrics as text, and docs/metrics-reference.md, as the same plain data."""

import re
import urllib.request

from queries import ROOT

REFERENCE = ROOT / "docs/metrics-reference.md"


def scraped(port):
    """Families of a gateway's page: name -> (type, help, names of labels, without le)."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    families = {}
    for line in lines:
        if match := re.match(r"# HELP (\w+) (.*)", line):
            families[match[1]] = ["", match[2], set()]
        elif match := re.match(r"# TYPE (\w+) (\w+)", line):
            families.setdefault(match[1], ["", "", set()])[0] = match[2]
        elif match := re.match(r"(\w+)\{(.*)\} ", line):
            name = match[1] if match[1] in families else re.sub(r"_(bucket|sum|count)$", "", match[1])
            families[name][2].update(set(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', match[2])) - {"le"})
    return {name: tuple(family) for name, family in families.items()}


def documented():
    """The same of the reference."""
    families = {}
    for line in REFERENCE.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and cells[1] in ("counter", "gauge", "histogram"):
            name = cells[0].strip("`")
            families[name] = (cells[1], cells[4].replace("\\|", "|"), set(re.findall(r"`(\w+)`", cells[3])))
    return families


def differences(port):
    """What the page of a real gateway says otherwise than the reference."""
    known, problems = documented(), []
    for name, (kind, text, labels) in scraped(port).items():
        if name not in known:
            problems.append(f"{name} is not in {REFERENCE.name}")
        elif known[name][:2] != (kind, text) or not labels <= known[name][2]:
            problems.append(f"{name} is {kind} {sorted(labels)} {text!r}, and in {REFERENCE.name} {known[name]}")
    return problems
