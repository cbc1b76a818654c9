"""Lists of names that the source declares and a page explains are the same on both sides.

    names.py ROOT PROGRAMS

The policy reference and the error codes are written by the program itself, which tests/policy compares; the families of
metrics have a test of their own. Here is the rest.
"""

import pathlib
import re
import sys

from commands import Programs


def section(text, heading):
    """What stands below a heading up to the next of its kind."""
    found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^\1 |\Z)", text, re.M | re.S)
    assert found, f"there is no heading `{heading}`"
    return found.group(2)


def array(text, name):
    """The words of an array of names in C++."""
    return set(re.findall(r'"(\w+)"', re.search(name + r"[^;{]*(?:\{|= \{)(.*?)\};", text, re.S).group(1)))


def sources(root, *folders):
    return "".join(path.read_text() for folder in folders for path in sorted((root / folder).rglob("*.[ch]pp")))


def words(text):
    return set(re.findall(r"`([A-Za-z_0-9/]+)`", text))


def compare(page, what, declared, explained):
    assert len(declared) > 2, f"no {what} could be read from the source"
    return [f"{page} does not have the {what} `{name}`" for name in sorted(declared - explained)] + \
           [f"{page} has the {what} `{name}`, which the source does not" for name in sorted(explained - declared)]


def failure_reasons(root):
    page = section((root / "docs/metrics.md").read_text(), "Reasons of `request_failures_total`")
    declared = array((root / "src/metrics/reasons.cpp").read_text(), "kFailureNames")
    return compare("docs/metrics.md", "reason", declared, words(page))


def refusals(root):
    """What is said of requests that break a rule (behind their status), and of answers that do."""
    page = section((root / "docs/protocol.md").read_text(), "Refused requests")
    rows = [row.split("|") for row in page.splitlines() if re.match(r"\| [\d`]", row)]
    cells = [row[2] if "`" not in row[1] else row[1] for row in rows]
    declared = set(re.findall(r'Refusal k\w+\{\d+, "(\w+)"', sources(root, "src/http", "include/sluice/http")))
    return compare("docs/protocol.md", "refusal", declared, words(" ".join(cells)))


def phases(root):
    page = section((root / "docs/rollouts.md").read_text(), "Phases").split("\n\n")[1]
    cells = ", ".join(row.split("|")[1] for row in page.splitlines()[2:])
    declared = array((root / "src/strategy/rollout_state.cpp").read_text(), "phase_names")
    return compare("docs/rollouts.md", "phase", declared, set(re.findall(r"\w+", cells)))


def events(root):
    """Kinds that a strategy tells are on the page; kinds on the page are told by somebody."""
    page = section((root / "docs/rollouts.md").read_text(), "Events")
    explained = words(re.search(r"one of these kinds: (.*?\.)", page, re.S).group(1))
    text = sources(root, "src/strategy", "src/rollout", "src/app")
    told = set(re.findall(r'\btell\("([A-Z]\w+)"', text))
    return compare("docs/rollouts.md", "kind of event", told | {kind for kind in explained if f'"{kind}"' in text}, explained)


def runbook_reasons(root):
    """Reasons that the runbooks of rollouts explain are given somewhere, and those for which a rollout stands or goes back
    are explained."""
    text = sources(root, "src/strategy", "src/rollout")
    pages = [root / f"docs/runbooks/SluiceRollout{what}.md" for what in ("Aborted", "Stuck", "Waiting")]
    cells = " ".join(row.split("|")[1] for page in pages for row in page.read_text().splitlines() if row.startswith("| "))
    explained = {word for word in words(cells) if re.match(r"[A-Z]", word)}
    given = set(re.findall(r'(?:\b(?:roll_back|retreat|hold)\(|Phase::(?:Held|Paused|Pending|RolledBack), |Kind::Failed, )"(\w+)"', text))
    given -= {"Begun", "MeasuringTraffic"}  # over within one look
    return compare("docs/runbooks/SluiceRollout*.md", "reason", given | {name for name in explained if f'"{name}"' in text}, explained)


def admin_paths(root):
    page = (root / "docs/admin.md").read_text()
    declared = set(re.findall(r'string_view k\w+ = "(/api/v1/\w+)"', (root / "src/admin/api.cpp").read_text()))
    assert len(declared) > 4, "no paths could be read from the source"
    return [f"docs/admin.md does not have `{path}`" for path in sorted(declared) if path not in page]


def families(root):
    """Families of metrics that any page names are declared somewhere."""
    text = "".join(path.read_text() for path in [root / "README.md", *sorted((root / "docs").rglob("*.md"))])
    literals = set(re.findall(r'"(?:sluice_)?(\w+)"', sources(root, "src", "include")))
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"(?<![\w:])sluice_([a-z0-9_]+)", text)}
    assert len(named) > 50, "no families could be read from the pages"
    return [f"a page names the family `sluice_{name}`, which the source does not" for name in sorted(named - literals)]


def layers(root):
    """The picture of the layers has every module, and none below what its row in the table lets it use."""
    table = {name: set(uses.split()) for name, uses in
             re.findall(r"^sluice_module\((\w+)(?: USES([a-z_ ]*))?", (root / "src/CMakeLists.txt").read_text(), re.M)}
    drawn = {}
    for number, line in re.findall(r"^layer (\d)   (.*)$", (root / "docs/architecture.md").read_text(), re.M):
        drawn.update({name: int(number) for name in re.findall(r"\w+", re.split(r" {6,}(?=[a-z]+ [a-z])", line)[0])})
    wrong = compare("docs/architecture.md", "module", set(table), set(drawn))
    return wrong or [f"docs/architecture.md draws {name} below {used}, which it uses"
                     for name, uses in table.items() for used in sorted(uses) if drawn[used] > drawn[name]]


def verbs(root, programs):
    """Every verb is shown somewhere, with the program's name in front of it or beside others that have it."""
    text = "".join(path.read_text() for path in [root / "README.md", *sorted((root / "docs").rglob("*.md"))])
    return [f"no page shows `sluice {verb}`" for verb in sorted(Programs(root, programs).verbs("sluice"))
            if not re.search(rf"\bsluice ([a-z|]+\|)?{verb}\b", text)]


def main():
    root, programs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    wrong = failure_reasons(root) + refusals(root) + phases(root) + events(root) + admin_paths(root)
    wrong += runbook_reasons(root) + layers(root) + families(root) + verbs(root, programs)
    print("\n".join(wrong) or "reasons of failures and of rollouts, refusals, phases, events, paths and verbs are what the pages say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
