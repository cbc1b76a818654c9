"""Each module includes only what its row in src/CMakeLists.txt allows, and each library only where it belongs."""

import pathlib
import re
import sys

# Libraries that stay behind one module or, where a file is named, behind that one file.
LIBRARY_HOMES = {
    "boost": {"http", "upstream", "gateway", "admin", "cli", "app", "asio"},
    "yaml-cpp": {"src/policy/document.cpp"},
    "prometheus": {"metrics"},
    "spdlog": {"base"},
    "CLI": {"cli", "app"},
    "simdjson.h": {"traffic", "outcomes", "compare"},
    "ares.h": {"src/upstream/name_service.cpp", "src/upstream/ares_answer.hpp"},
    "re2": {"traffic"},
    "openssl": {"http", "asio", "src/state/journal.cpp", "src/outcomes/token.cpp"},
    "sqlite3.h": {"src/state/database.hpp"},
}


def rows(root):
    """The module table: name -> modules that it may include."""
    text = (root / "src/CMakeLists.txt").read_text()
    table = {}
    for name, rest in re.findall(r"^sluice_module\((\w+)([^)]*)\)", text, re.M):
        uses = re.search(r"USES((?:\s+[a-z_]+)+)", rest)
        table[name] = set(uses.group(1).split()) if uses else set()
    return table


def module_files(root):
    for folder in ("src", "include/sluice"):
        for path in sorted((root / folder).glob("*/**/*.[ch]pp")):
            yield path.relative_to(root / folder).parts[0], path


def main():
    root = pathlib.Path(sys.argv[1])
    table = rows(root)
    wrong = []
    for module, path in module_files(root):
        if module not in table and module != "asio":
            continue  # a program of its own, such as the sample model
        relative = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not include:
                continue
            parts = include.group(1).split("/")
            where = f"{relative}:{number}: includes {include.group(1)}"
            if parts[0] == "sluice" and len(parts) > 1 and module in table:
                if parts[1] != module and parts[1] not in table[module]:
                    wrong.append(f"{where}, which the row of {module} does not allow")
            homes = LIBRARY_HOMES.get(parts[0])
            if homes and module not in homes and relative not in homes:
                wrong.append(f"{where}, which belongs to {', '.join(sorted(homes))}")
    print("\n".join(wrong) or f"{len(table)} modules stay within their rows")
    assert len(table) >= 14, "the module table could not be read"
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
