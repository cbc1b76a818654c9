"""What can be known of a command without running it: that its verb, its options and its files exist."""

import functools
import json
import pathlib
import re
import shlex
import subprocess

# Options for the makers of these pages, which --help does not show.
HIDDEN = {"schema": {"--reference", "--error-codes"}}
OPERATORS = {"|", "||", "&", "&&", ";", "|&", "(", ")", "{", "}", "!", "then", "do", "else", "if", "while"}
PREFIXES = {"sudo", "time", "exec", "nohup", "env"}


class Programs:
    """The programs of a build and the scripts of the tree."""

    def __init__(self, root, folder):
        self.root, self.folder = pathlib.Path(root), pathlib.Path(folder)

    @functools.cache
    def help(self, program, verb=""):
        run = subprocess.run([self.folder / program, *([verb] if verb else []), "--help"], capture_output=True, text=True,
                             timeout=30)
        return run.stdout if run.returncode == 0 else None

    @functools.cache
    def verbs(self, program):
        listed = self.help(program).partition("\nSubcommands:\n")[2].partition("\n\n")[0]
        return set(re.findall(r"^  ([a-z]+)", listed, re.M))

    @functools.cache
    def options(self, program, verb):
        listed = re.findall(r"^  (-[^\s]*)", self.help(program, verb), re.M)
        return {option for names in listed for option in names.split(",")} | HIDDEN.get(verb, set())

    @functools.cache
    def presets(self):
        presets = json.loads((self.root / "CMakePresets.json").read_text())
        return {preset["name"] for preset in presets["configurePresets"] if not preset.get("hidden")}

    def check_program(self, program, words):
        verb = next((word for word in words if not word.startswith("-")), "")
        if verb in ("", "…"):
            verb, unknown = "", []
        elif program == "sluice":
            named = verb.rstrip(",.:").split("|")
            unknown = [f"`sluice` has no verb `{name}`" for name in named if name not in self.verbs(program)]
            verb = named[0]
        else:
            verb, unknown = verb if verb in self.verbs(program) else "", []
        if unknown:
            return unknown
        known = self.options(program, verb)
        return [f"`{program} {verb}` has no option `{word}`" for word in options_of(words) if word not in known]

    def check_script(self, path, words):
        file = self.root / path
        if not file.is_file():
            return [f"there is no `{path}`"]
        text = file.read_text()
        return [f"`{path}` does not know `{word}`" for word in options_of(words) if not re.search(re.escape(word) + r"\b", text)]

    def check_build(self, words):
        """Presets, and the targets if the build can be asked."""
        after = {option: [words[at + 1] for at, word in enumerate(words[:-1]) if word == option] for option in ("--preset", "--target")}
        problems = [f"there is no preset `{name}`" for name in after["--preset"] if name not in self.presets()]
        ninja = self.folder.parent / "build.ninja"
        if ninja.exists() and after["--target"]:
            text = ninja.read_text()
            problems += [f"there is no target `{name}`" for name in after["--target"] if f"\nbuild {name}: phony" not in text]
        return problems

    def check_simple(self, words):
        """Problems of one command without pipes."""
        while words and (words[0] in PREFIXES or re.match(r"\w+=", words[0])):
            words = words[1:]
        if not words:
            return []
        problems = [f"there is no `{word}`" for word in words if looks_like_path(word) and not self.is_there(word)]
        name = words[0].rpartition("/")[2]
        if name in ("sluice", "sluice-sample-model"):
            problems += self.check_program(name, words[1:])
        elif re.match(r"(\./)?(deploy|tests)/\S+\.sh$", words[0]):
            problems += self.check_script(words[0].removeprefix("./"), words[1:])
        elif name in ("cmake", "ctest"):
            problems += self.check_build(words[1:])
        elif name == "kubectl" and {"-k", "kustomize"} & set(words):
            folders = [word for word in words if looks_like_path(word)]
            problems += [f"`{word}` has no kustomization.yaml" for word in folders if not (self.root / word / "kustomization.yaml").exists()]
        for suite in re.findall(r"--gtest_filter='?(\w+)\.", " ".join(words)):
            if not any(re.search(rf"\bTEST(_F|_P)?\({suite},", path.read_text()) for path in self.root.glob("tests/**/*_test.cpp")):
                problems.append(f"no tests are called `{suite}`")
        return list(dict.fromkeys(problems))

    def check(self, text):
        """Problems of a piece of shell."""
        problems = []
        for words in simple_commands(text):
            problems += self.check_simple(words)
        return problems

    def is_there(self, path):
        """Whether the tree has such a file or folder; a file may be named without its end, or by a pattern."""
        path = path.removeprefix("./").rstrip("/")
        if re.search(r"/[A-Z]+[/.]", path) and not path.endswith("README.md"):
            return True  # a module M, a GROUP: stands for any
        bases = [path] + ([path.replace("include/", "include/sluice/", 1)] if path.startswith("include/") else [])
        wanted = [name for base in bases for name in expand_braces(base)]
        return any((self.root / name).exists() or next(self.root.glob(name + ".*"), None) or
                   ("*" in name and next(self.root.glob(name), None)) for name in wanted)


def expand_braces(path):
    braces = re.search(r"\{([^{}]*)\}", path)
    if not braces:
        return [path]
    return [path[:braces.start()] + part + path[braces.end():] for part in braces.group(1).split(",")]


def looks_like_path(word):
    return re.fullmatch(r"(\./)?(src|include|tests|config|deploy|docs|dashboard)/[\w./*{},@-]*", word) and not word.endswith("/…")


def options_of(words):
    """`--option` and `-o`, without values."""
    for word in words:
        option = re.match(r"(--[a-z][a-z0-9-]*|-[a-zA-Z])(=.*)?$", word)
        if option:
            yield option.group(1)


def simple_commands(text):
    """The commands of a piece of shell as lists of words. What is too involved for this is left out."""
    text = re.sub(r"(^|\s)#.*$", "", text.replace("\\\n", " "), flags=re.M).replace("\n", " ;\n")
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # an apostrophe, or one half of a quotation
        words = text.split()
    command = []
    for word in [*words, ";"]:
        if word in OPERATORS or set(word) <= set(";&|()"):
            if command:
                yield command
            command = []
        else:
            command.append(word)
