"""Reports how long our files are; the aim is a median near 100 lines and nothing above 400."""

import pathlib
import statistics
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    sizes = {}
    for folder in ("src", "include", "tests"):
        for path in (root / folder).rglob("*.[ch]pp"):
            sizes[path.relative_to(root).as_posix()] = len(path.read_text().splitlines())
    ordered = sorted(sizes.values())
    print(f"{len(sizes)} files, {sum(ordered)} lines, median {statistics.median(ordered):.0f}, "
          f"95 of 100 have at most {ordered[int(len(ordered) * 0.95)]}")
    for path, lines in sorted(sizes.items(), key=lambda item: -item[1]):
        if lines > 400:
            print(f"  {lines:5} {path}: probably holds two ideas")
    return 0


if __name__ == "__main__":
    sys.exit(main())
