"""Every policy in config/ passes `sluice check`, and every strategy has one."""

import pathlib
import subprocess
import sys

STRATEGIES = ["shadow", "abTest", "bandit", "canary", "rolling", "blueGreen", "stages"]


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    files = sorted(folder.rglob("*.yaml"))
    failed = 0
    for path in files:
        result = subprocess.run([binary, "check", path], capture_output=True, text=True, timeout=30)
        print(f"{path.relative_to(folder)}: {result.stdout.splitlines()[-1] if result.stdout else result.stderr}")
        if result.returncode != 0:
            print(result.stdout)
            failed = 1
    text = "".join(path.read_text() for path in files)
    for strategy in STRATEGIES:
        if f"\n    {strategy}:" not in text:
            print(f"no example has the strategy {strategy}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
