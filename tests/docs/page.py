"""Runs what stands on one page of the documentation: commands, policies, answers.

    page.py ROOT PROGRAMS PAGE

ROOT is the tree, PROGRAMS the folder of the built programs, PAGE a path below ROOT. Every fence is looked at; one that
the test can do nothing with is a failure. README.md says what the invisible orders mean.
"""

import ast
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import markdown
import sandbox
from commands import Programs
from session import Failed, Session, as_on_a_terminal, is_watched, split_commands, stays_until, without_escapes

SHOWN = {"text", "cpp", "cmake", "js", "ini", "dockerfile", "html", "css", "diff", "http"}


def shape(line):
    """A line of output without what differs from run to run: numbers, times, identities; names such as v2 and p95 stay."""
    line = re.sub(r"\b(?=[a-f-]*\d)[0-9a-f]{8,}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?\b", "0", line)  # identities and hashes
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "0", line)
    line = re.sub(r"\b(\d+(\.\d+)?(ms|us|µs|s|m|h|d))+\b", "0s", line)
    line = re.sub(r"[✔✘◌॥▶■⏸]", "", line)
    line = re.sub(r"(>(?=\d)|(?<![\w.)])[+-](?=\d))?(?<![A-Za-z_\d.])\d+([.:]\d+| \d{3}(?![\d.]))*(e[+-]?\d+)?", "0", line)
    return re.sub(r"\s+", " ", line).strip()


class Page:
    def __init__(self, root, programs, path):
        self.root, self.programs, self.path = root, programs, path
        self.known = Programs(root, programs)
        self.problems, self.left_out, self.counts = [], [], {}
        self.folder = self.session = self.overlays = None
        self.output = ""    # of the last block of commands
        self.schema = None

    def problem(self, line, message):
        self.problems.append(f"{self.path}:{line}: {message}")

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    # ---- fences by language

    def block(self, block):
        handler = getattr(self, "block_" + block.language.replace("-", "_"), None)
        if handler:
            handler(block)
        elif block.language in SHOWN:
            self.count("shown")
        elif not block.language:
            return self.problem(block.line, "this fence does not name its language: sh, console, yaml, json, promql, text")
        else:
            return self.problem(block.line, f"the test does not know the language `{block.language}`")
        for name in block.arguments("file"):
            (self.folder / name).write_text(block.text)
        if block.language == "text":
            self.compare_output(block)

    def block_sh(self, block):
        reasons = block.arguments("not run")
        if reasons:
            self.left_out.append(f"{block.line}: {reasons[0]}")
            self.count("not run")
            if len(reasons[0]) < 10:
                self.problem(block.line, "`not run` needs a reason")
            for message in self.known.check(block.text):
                self.problem(block.line, message)
            return
        self.count("run")
        self.run_commands(block, [(block.line + 1 + at, command) for at, command in split_commands(block.text)])
        for wanted in quoted(block.arguments("output contains")):
            if wanted not in self.output:
                self.problem(block.line, f"the output has no {wanted!r}:\n{self.output}")

    def block_console(self, block):
        """Commands behind `$`, each followed by what it prints."""
        self.count("run")
        for part in re.split(r"^(?=\$ )", block.text, flags=re.M):
            if not part.startswith("$ "):
                if part.strip():
                    self.problem(block.line, "this does not begin with `$ ` and a command")
                continue
            line = block.line + 1 + block.text[:block.text.index(part)].count("\n")
            command, _, expected = part[2:].partition("\n")
            while command.endswith("\\"):
                more, _, expected = expected.partition("\n")
                command += "\n" + more
            self.run_commands(block, [(line, command)])
            self.resembles(line, expected)

    def block_yaml(self, block):
        import policies
        import other_yaml
        self.count("checked")
        try:
            documents = policies.compose(block.text)
            if not documents:
                return self.problem(block.line, "there is nothing in it")
            message = other_yaml.check(block.text, documents)
            if message is None:
                self.check_policy(policies, block)
            elif message:
                self.problem(block.line, message)
        except policies.yaml.YAMLError as error:
            if "E004" not in block.arguments("fails"):
                self.problem(block.line, str(error))
        except policies.Misplaced as error:
            self.problem(block.line, str(error))

    def check_policy(self, policies, block):
        self.schema = self.schema or policies.Schema(self.programs / "sluice")
        whole = policies.complete(self.schema, block.text, next(iter(block.arguments("at")), None),
                                  "\n".join(block.arguments("given")))
        status, printed = policies.check(self.programs / "sluice", whole)
        fails, warns = block.arguments("fails"), block.arguments("warns")
        if (status != 0) != bool(fails):
            return self.problem(block.line, f"`sluice check` ends with {status}:\n{printed}" + ("" if fails else f"of\n{whole}"))
        for code in fails + warns:
            if f"[{code}]" not in printed:
                self.problem(block.line, f"`sluice check` does not say {code}:\n{printed}")

    def block_json(self, block):
        """One object over several lines, or one in each line; `…` stands for what is left out."""
        self.count("checked")
        text = re.sub(r',?\s*…(?=\s*[\]}])', "", block.text)
        if self.is_json(text):
            return
        for at, line in enumerate(text.splitlines()):
            if line.strip() and not self.is_json(line):
                return self.problem(block.line + 1 + at, "this is no JSON")

    @staticmethod
    def is_json(text):
        try:
            json.loads(text)
            return True
        except ValueError:
            return False

    def block_promql(self, block):
        """A query each line; an indented line goes on with the one before."""
        self.count("checked")
        queries = re.sub(r"\n[ \t]+", " ", re.sub(r"^#.*\n", "", block.text, flags=re.M)).splitlines()
        rules = [{"record": "a:query", "expr": query, "labels": {"line": str(at)}} for at, query in enumerate(filter(str.strip, queries))]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"groups": [{"name": "page", "rules": rules}]}, file)
            file.flush()
            run = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, timeout=30)
        if run.returncode != 0:
            self.problem(block.line, "Prometheus does not understand it: " + " ".join(run.stderr.replace(file.name, "").split()))

    def block_python(self, block):
        self.count("checked")
        try:
            ast.parse(block.text)
        except SyntaxError as error:
            self.problem(block.line + error.lineno, f"Python does not understand it: {error.msg}")

    # ---- commands

    def run_commands(self, block, commands):
        printed = []
        exits = [re.match(r'(\d+)\s*(?:"(.*)")?', argument).groups() for argument in block.arguments("exits")]
        whole = "\n".join(command for _, command in commands)
        for _, part in exits:
            if part is not None and part not in whole:
                self.problem(block.line, f"no command contains {part!r}")
        try:
            words = self.meanings(block)
            for line, command in commands:
                for word, meaning in words.items():
                    command = re.sub(rf"\b{word}\b", lambda _, to=meaning: to, command)
                printed.append(self.run_command(line, command, exits))
        except Failed as failure:
            self.problem(block.line, str(failure))
        self.output = "".join(printed)

    def meanings(self, block):
        words = {}
        for argument in block.arguments("let"):
            word, _, meaning = argument.partition("=")
            status, output = self.session.run(f"printf %s {meaning.strip()}")
            if status != 0 or not output.strip():
                raise Failed(f"`let {argument}` gives nothing ({status})\n" + "".join(self.session.logs()))
            words[re.escape(word.strip())] = output.strip()
            if not re.search(rf"\b{re.escape(word.strip())}\b", block.text):
                raise Failed(f"no command contains {word.strip()!r}")
        return words

    def run_command(self, line, command, exits):
        try:
            if (said := stays_until(command)) is not None:
                return self.session.keep(command, said)
            if is_watched(command):
                return without_escapes(self.session.watch(as_on_a_terminal(command)))
            status, output = self.session.run(as_on_a_terminal(command))
            output = without_escapes(output)
        except Failed as failure:
            self.problem(line, f"`{command}` {failure}\n" + "".join(self.session.logs()))
            return ""
        wanted = next((int(code) for code, part in exits if part is None or part in command), 0)
        if status != wanted:
            self.problem(line, f"`{command}` ends with {status}:\n{output}\n" + "".join(self.session.logs()))
        return output

    def compare_output(self, block):
        for wanted in quoted(block.arguments("output contains")):
            for where, text in (("the page", block.text), ("the output", self.output)):
                if wanted not in text:
                    self.problem(block.line, f"{where} has no {wanted!r}:\n{text}")
        if block.arguments("output resembles"):
            self.resembles(block.line, block.text)
        if block.arguments("output is"):
            self.resembles(block.line, block.text, lambda text: " ".join(text.split()))

    def resembles(self, line, expected, shape=shape):
        """Every line of the page stands in the output, in this order; what `…` leaves out may differ, and so may numbers
        where the shape of a line has none."""
        lines, at = [shape(text) for text in self.output.splitlines()], 0
        for number, text in enumerate(expected.splitlines(), 1):
            if not text.strip() or text.lstrip().startswith("…"):
                continue
            pattern = ".*".join(map(re.escape, shape(text).split("…")))
            at = next((found + 1 for found in range(at, len(lines)) if re.fullmatch(pattern, lines[found])), None)
            if at is None:
                return self.problem(line + number, f"the output has no such line (any more): {text}\n{self.output}")

    # ---- standing orders

    def order(self, order):
        try:
            if order.word == "host":
                self.overlays.add_host(order.argument)
            elif order.word == "folder":
                self.overlays.add_folder(order.argument)
            elif order.word == "do":
                before = len(self.problems)
                self.output = "".join(self.run_command(order.line, command, []) for _, command in split_commands(order.argument))
                if len(self.problems) > before:
                    raise Failed("`do` fails")
            else:
                self.begin(*order.argument.split(maxsplit=1))
        except Failed as failure:
            self.problem(order.line, f"{failure}\n" + "".join(self.session.logs()))

    def begin(self, what, argument=""):
        """What a page needs around it."""
        import policies
        self.session.end_all()
        if what in ("gateway", "models"):
            for command in model_commands(policies, (self.folder / argument).read_text()):
                self.session.keep(command, "^listening ")
            if what == "gateway":
                self.session.keep(f"sluice serve {argument}", "^ready$")
        elif what == "quickstart":
            self.output = self.session.keep("deploy/quickstart.sh --no-install --build-dir build/release", "^Ctrl-C stops", 120)
        elif what != "nothing":
            raise Failed(f"the test does not know `with {what}`")

    # ---- all of it

    def run(self, items):
        needs_shell = any(isinstance(item, markdown.Order) or item.language in ("sh", "console") and not item.arguments("not run")
                          for item in items)
        needs_folder = needs_shell or any(isinstance(item, markdown.Block) and item.arguments("file") for item in items)
        if needs_shell:
            sandbox.enter()
            sandbox.open_network()
        with contextlib.ExitStack() as stack:
            if needs_folder:
                self.folder = sandbox.make_folder(self.root, [self.programs / name for name in ("sluice", "sluice-sample-model")])
                stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
                self.overlays = sandbox.Overlays(self.folder)
                stack.callback(self.overlays.close)
            if needs_shell:
                path = f"{self.folder}/build/release/bin:{os.environ['PATH']}"
                self.session = Session(str(self.folder), path, self.root / "tests/docs/session.sh")
                stack.callback(self.session.close)
            for item in items:
                (self.order if isinstance(item, markdown.Order) else self.block)(item)

    def report(self):
        for problem in self.problems:
            print(problem.rstrip().replace(str(self.folder) + "/", ""))
        print(f"{self.path}: " + (", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())) or "no blocks"))
        for reason in self.left_out:
            print(f"  not run, line {reason}")
        return 1 if self.problems else 0


def quoted(arguments):
    return [json.loads(argument) for argument in arguments]


def model_commands(policies, text):
    """A sample model for every endpoint on this machine: named as the path says, of the variant that the version is named."""
    started = set()
    for node in policies.compose(text):
        spec = policies.get(node, "spec")
        versions = policies.get(spec, "versions")
        path = re.search(r"/v2/models/([\w-]+)", policies.yaml.serialize(node))
        for version in versions.value if versions else []:
            name = policies.get(version, "name").value
            for endpoint in policies.get(version, "endpoints").value:
                address, port = re.fullmatch(r"http://([\d.]+):(\d+)", endpoint.value).groups()
                if (address, port) not in started:
                    started.add((address, port))
                    yield (f"sluice-sample-model --variant {name if name in ('v1', 'v2', 'v3') else 'v1'} "
                           f"--address {address} --port {port} --model {path.group(1) if path else 'digits'}")


def main():
    root, programs, path = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3]
    page = Page(root, programs, path)
    try:
        items, _ = markdown.read_page((root / path).read_text())
        page.run(items)
    except markdown.Malformed as malformed:
        page.problem(malformed.line, str(malformed))
    except (FileNotFoundError, ModuleNotFoundError) as missing:
        sys.exit(f"{path}: {missing}; what the tests need is installed by `deploy/install-deps.sh --tests`")
    return page.report()


if __name__ == "__main__":
    sys.exit(main())
