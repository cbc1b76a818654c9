"""Every field of the schema stands in docs/policy-reference.md, under the object that it belongs to."""

import json
import pathlib
import subprocess
import sys


def main():
    binary, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([binary, "schema"], capture_output=True, check=True, timeout=30).stdout)
    sections = {}
    for section in (root / "docs/policy-reference.md").read_text().split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        sections[title.strip()] = body
    missing = [
        f"{name}.{field}"
        for name, definition in schema["definitions"].items()
        for field in definition["properties"]
        if f"\n| `{field}` |" not in sections.get(name, "")
    ]
    count = sum(len(definition["properties"]) for definition in schema["definitions"].values())
    print("\n".join(missing) or f"{count} fields are documented")
    assert count > 150, "the schema could not be read"
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
