"""A Dockerfile as a list of instructions."""

import json
import re

KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


class Instruction:
    def __init__(self, line, word, rest):
        self.line, self.word, self.rest = line, word, rest

    def words(self):
        """Arguments without options; the JSON form where it is used."""
        if self.rest.startswith("["):
            return json.loads(self.rest)
        return [word for word in self.rest.split() if not word.startswith("--")]

    def option(self, name):
        found = re.search(rf"--{name}=(\S+)", self.rest)
        return found.group(1) if found else None

    def __str__(self):
        return f"{self.line}: {self.word} {self.rest}"


def parse(text):
    """Every instruction with the line it begins on. Raises ValueError for one that is not known."""
    instructions, lines = [], text.splitlines()
    number = 0
    while number < len(lines):
        begin, line = number + 1, lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        while line.endswith("\\"):
            line = line[:-1] + lines[number]
            number += 1
        word, _, rest = line.strip().partition(" ")
        if word not in KNOWN:
            raise ValueError(f"line {begin}: {word} is no instruction that is known here")
        instructions.append(Instruction(begin, word, rest.strip()))
    return instructions


def variables(rest):
    """NAME=VALUE pairs of an ENV."""
    return dict(pair.split("=", 1) for pair in rest.split())
