"""Every kustomization of deploy/kubernetes renders with every kubectl at hand, to the same, and what it renders to is sound.

  check.py ROOT SLUICE KUBECTL...
"""

import pathlib
import subprocess
import sys
import tempfile

import additions
import faults
import grace
import manifests
import rules

RULES = rules.ALL + [grace.grace_follows_from_the_policy]


def problems_of(documents):
    return [f"{rule.__name__}: {sentence}" for rule in RULES for sentence in rule(documents)]


def check_policy(sluice, documents):
    """What the pods will find in their directory, as the gateway itself judges it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in manifests.policies_of(documents).items():
            pathlib.Path(folder, name).write_text(text)
        done = subprocess.run([sluice, "check", folder], capture_output=True, text=True, timeout=60)
    return [] if done.returncode == 0 else [f"sluice check: {done.stdout}{done.stderr}"]


def check(root, sluice, clients):
    problems, all_rendered = [], {}
    for folder in manifests.folders(root):
        name = folder.relative_to(root)
        renderings = [manifests.comparable(manifests.render(kubectl, folder)) for kubectl in clients]
        first = renderings[0]
        all_rendered[str(name)] = first
        found = []
        if any(other != first for other in renderings):
            found.append(f"{' and '.join(clients)} do not render the same")
        if not first:
            found.append("renders to nothing")
        if folder.parent.name == "overlays":
            found += problems_of(first) + check_policy(sluice, first)
            found += faults.unnoticed(first, problems_of, faults.of_overlay(first))
        print(f"{name}: {len(first)} objects, {len(found)} problems")
        problems += [f"{name}: {sentence}" for sentence in found]
    problems += additions.problems_of(all_rendered, root.parent.parent)
    problems += faults.unnoticed(all_rendered, lambda broken: additions.problems_of(broken, root.parent.parent), additions.FAULTS)
    return problems


def main():
    root, sluice, clients = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    problems = check(root / "deploy" / "kubernetes", sluice, clients)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
