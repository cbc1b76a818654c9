"""What the pages say between their fences: links lead somewhere, and commands, options and files that are named exist.

    text.py ROOT PROGRAMS

All pages in one go. Every page below docs/ must be reachable from docs/README.md.
"""

import pathlib
import re
import sys

import inline_yaml
import markdown
from commands import Programs, looks_like_path
from policies import Schema

FOLDERS = ("config", "deploy", "docs", "tests")
ABOUT_CODE = {"extending.md"}  # what it names is C++, and files that are yet to be written


def pages_of(root):
    found = [root / "README.md"]
    for folder in FOLDERS:
        found += sorted(path for path in (root / folder).rglob("*.md")
                        if "node_modules" not in path.parts and not path.is_relative_to(root / "tests/docs/bad"))
    return found


def plain(text):
    """A heading without its markup."""
    return re.sub(r"`|\*\*|\[([^\]]*)\]\([^)]*\)", r"\1", text)


def anchors_of(outside):
    """The names by which headings can be linked to, as GitHub makes them."""
    found, seen = set(), {}
    for _, line in outside:
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            slug = re.sub(r"[^\w\- ]", "", plain(heading.group(1)).lower()).replace(" ", "-")
            number = seen[slug] = seen.get(slug, -1) + 1
            found.add(f"{slug}-{number}" if number else slug)
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def links_of(outside):
    for number, line in outside:
        text = re.sub(r"(`+).+?\1(?!`)", lambda code: "" if "](" in code.group() else code.group(), line)
        for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text):
            if not re.match(r"[a-z][a-z+.-]*:", target):
                yield number, target


class Texts:
    def __init__(self, root, programs):
        self.root = root
        self.known = Programs(root, programs)
        self.schema = Schema(programs / "sluice")
        self.files = {path.name for folder in FOLDERS + ("src", "include") for path in (root / folder).rglob("*.*")}
        self.pages, self.blocks, self.problems, self.links = {}, {}, [], {}
        for path in pages_of(root):
            try:
                items, self.pages[path] = markdown.read_page(path.read_text())
                self.blocks[path] = [item for item in items if isinstance(item, markdown.Block)]
            except markdown.Malformed as malformed:
                self.problem(path, malformed.line, str(malformed))
        self.anchors = {path: anchors_of(outside) for path, outside in self.pages.items()}

    def problem(self, path, line, message):
        self.problems.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def check_links(self, path, outside):
        for number, target in links_of(outside):
            name, _, anchor = target.partition("#")
            to = (path.parent / name).resolve() if name else path
            self.links.setdefault(path, set()).add(to)
            if not to.exists():
                self.problem(path, number, f"the link leads nowhere: {target}")
            elif anchor and to in self.anchors and anchor not in self.anchors[to]:
                self.problem(path, number, f"the page has no such heading: {target}")

    def check_code(self, path, outside):
        for number, span in markdown.code_spans(outside):
            if re.match(r"(\S*/)?(sluice|sluice-sample-model|cmake|ctest) [a-z-]", span):
                messages = self.known.check(span)
            elif looks_like_path(span) and not self.known.is_there(span):
                messages = [f"there is no `{span}`"]
            elif re.match(r"(\./)?(deploy|tests)/\S+\.sh ", span):
                messages = self.known.check(span)
            else:
                messages = self.check_name(path, span)
            for message in messages:
                self.problem(path, number, message)

    def check_name(self, path, span):
        """A field of a policy, `drain.delay` or `limits.bodyBytes: 1MiB`; a file of the tree without its folder."""
        if path.name in ABOUT_CODE:
            return []
        if re.fullmatch(r"[a-z_0-9]+\.([ch]pp|sh|awk|lua|py)", span) and span not in self.files:
            return [f"there is no file `{span}`"]
        if re.search(r"\.([ch]pp|sh|awk|lua|py|js|css|html|yaml|json|ndjson|gz|db)$", span):
            return []
        dotted = re.match(r"((?:[a-z][A-Za-z]*\.)+[a-z][A-Za-z]*)(:.*)?$", span)
        if dotted and dotted.group(1).split(".")[0] in self.schema.fields and not self.schema.has_path(dotted.group(1)):
            return [f"a policy has no field `{dotted.group(1)}`"]
        return inline_yaml.problems(self.schema, span)

    def check_comments(self):
        """Commands in the comments of YAML that is shipped, and the examples of --help."""
        for path in sorted([*(self.root / "config").rglob("*.yaml"), *(self.root / "deploy").rglob("*.yaml")]):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for command in re.findall(r"#.*?(?<![\w/-])(sluice [a-z][a-z|]*(?![\w:.])[^;)\"]*)", line):
                    for message in self.known.check(command.rstrip(".,")):
                        self.problem(path, number, message)
        for verb in sorted(self.known.verbs("sluice")):
            examples = self.known.help("sluice", verb).partition("\nExample:")[2]
            self.problems += [f"sluice {verb} --help: {message}" for line in examples.splitlines() for message in self.known.check(line)]
            if not examples:
                self.problems.append(f"sluice {verb} --help has no example")

    def check_reachable(self):
        begin = self.root / "docs/README.md"
        reached, queue = {begin}, [begin]
        for page in queue:
            for to in self.links.get(page, ()):
                found = sorted(to.glob("*.md")) if to.is_dir() else [to]
                for path in found:
                    if path not in reached and path in self.pages:
                        reached.add(path)
                        queue.append(path)
        for path in self.pages:
            if path.is_relative_to(self.root / "docs") and path not in reached:
                self.problem(path, 1, "no way leads here from docs/README.md")

    def run(self):
        for path, outside in self.pages.items():
            self.check_links(path, outside)
            self.check_code(path, outside)
        self.check_comments()
        self.check_reachable()
        left_out = [f"{path.relative_to(self.root)}:{block.line}: {reason}" for path, blocks in self.blocks.items()
                    for block in blocks for reason in block.arguments("not run")]
        print(f"{len(left_out)} blocks of commands are not run:", *left_out, sep="\n  ")
        print("\n".join(self.problems) or
              f"{len(self.pages)} pages, {sum(map(len, self.links.values()))} links, every command and file named exists")
        return 1 if self.problems else 0


if __name__ == "__main__":
    sys.exit(Texts(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()).run())
