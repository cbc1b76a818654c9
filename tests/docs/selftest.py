"""The tests of the pages against pages with every kind of mistake: each must be found, in its line, and nothing else.

    selftest.py ROOT PROGRAMS

A mistake is announced in the page itself: what stands behind `expect:` in a comment must be said about the line that
follows the comment (for a block: about its fence or the line in it that the comment counts).
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def expected(text):
    """(line, part of the message) of every announcement; `+2` in front counts lines from the one below."""
    for number, line in enumerate(text.splitlines(), 1):
        for offset, message in re.findall(r"<!-- expect(\+\d+)?: (.*?) -->", line):
            yield number + 1 + int(offset or 0), message


def run(script, *arguments):
    command = [sys.executable, "-B", HERE / script, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout + result.stderr


def compare(name, text, status, printed):
    """Complaints about what was and what was not found in a page."""
    found = [(int(line), message) for line, message in re.findall(rf"^{re.escape(str(name))}:(\d+): (.*)", printed, re.M)]
    wanted = list(expected(text))
    wrong = [f"{name}:{line}: nobody says: {message}" for line, message in wanted
             if not any(line == at and message in said for at, said in found)]
    wrong += [f"{name}:{line}: why this? {said}" for line, said in found
              if not any(line == at and message in said for at, message in wanted)]
    if bool(wanted) != (status != 0) or "Traceback" in printed:
        wrong.append(f"{name}: ended with {status}:\n{printed}")
    return wrong


def pages(root, programs):
    for path in sorted((HERE / "bad").glob("*.md")):
        text = path.read_text()
        assert path.name == "good.md" or any(expected(text)), f"{path} announces nothing"
        yield from compare(path.relative_to(root), text, *run("page.py", root, programs, str(path.relative_to(root))))


def texts(programs):
    """A tree of two pages, one of which nothing leads to."""
    with tempfile.TemporaryDirectory(prefix="sluice-docs-") as folder:
        tree = pathlib.Path(folder)
        for name, text in TREE.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        status, printed = run("text.py", tree, programs)
        for name, text in TREE.items():
            yield from (wrong for wrong in compare(name, text, status, printed) if "ended with" not in wrong or "Traceback" in wrong)
        if status == 0:
            yield f"text.py finds nothing:\n{printed}"


TREE = {
    "README.md": """# A tree
<!-- expect: the link leads nowhere: docs/gone.md -->
[gone](docs/gone.md), [there](docs/README.md), [elsewhere](https://example.org/x)
<!-- expect: the page has no such heading: docs/README.md#gone -->
[no heading](docs/README.md#gone), [heading](docs/README.md#one-code-and-two), [the second of its name](docs/README.md#twice-1)
<!-- expect: `sluice` has no verb `prmote` -->
Say `sluice prmote fraud`, or `sluice promote fraud --full`.
<!-- expect: `sluice status` has no option `--wacht` -->
Say `sluice status fraud --wacht`.
<!-- expect: there is no `docs/absent.yaml` -->
See `docs/absent.yaml` and `docs/README.md`.
<!-- expect: `deploy/do.sh` does not know `--twice` -->
Run `deploy/do.sh --once --twice`.
<!-- expect: a policy has no field `drain.dely` -->
Set `drain.dely` and `drain.timeout: 5s`; `digits.csv` is a file.
<!-- expect: no field `steps` of a policy may be -->
Write `steps: [{setWeigth: 5}]`, `steps: [{setWeight: 5}]` or `pause: {duration}`.
<!-- expect: no field `maxWeight` of a policy may be -->
Write `stable: v1, maxWeight: ten`, or `certified: because it was found to be so`.
<!-- expect: there is no file `gone.cpp` -->
Read `gone.cpp` and `do.sh`.
""",
    "config/a.yaml": "# as a person says: sluice promote fraud\n# <!-- expect: `sluice` has no verb `demote` -->\na: 1  # sluice demote fraud\n",
    "docs/README.md": "# Pages\n## One `code` and two\n## Twice\n## Twice\n[to](sub/)\n`[no](link.md)`\n",
    "docs/sub/reached.md": "# Reached by way of its folder\n",
    "docs/lost.md": "# Nobody comes here\n",
    "deploy/do.sh": "#!/bin/bash\n# --once\n",
}


def main():
    root, programs = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    wrong = list(pages(root, programs)) + [line for line in texts(programs) if "lost.md:1: why this? no way" not in line]
    print("\n".join(wrong) or "every mistake is noticed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
