"""A page of Markdown as the tests see it: fences, the invisible orders to the test, and the text around them.

An order is a comment at the beginning of a line, `<!-- test: WORD … -->`, over one line or several. Orders that say
something about a block stand directly above its fence.
"""

import dataclasses
import re

# Orders that act by themselves, where they stand. All others belong to the block below them.
STANDING = {"with", "do", "host", "folder"}
# Those, and the languages for which they mean something.
OF_BLOCK = {
    "not run": {"sh"}, "exits": {"sh", "console"}, "let": {"sh", "console"},
    "output contains": {"sh", "text"}, "output resembles": {"text"}, "output is": {"text"},
    "at": {"yaml"}, "given": {"yaml"}, "fails": {"yaml"}, "warns": {"yaml"},
    "file": {"yaml", "json", "text", "python", "sh"},
}


@dataclasses.dataclass
class Order:
    line: int
    word: str
    argument: str


@dataclasses.dataclass
class Block:
    line: int       # of the opening fence, from 1
    language: str   # what stands behind the fence
    text: str       # without the indentation of the fence
    orders: list

    def arguments(self, word):
        return [order.argument for order in self.orders if order.word == word]


class Malformed(Exception):
    def __init__(self, line, message):
        super().__init__(message)
        self.line = line


def parse_order(line, text):
    for word in sorted(STANDING | set(OF_BLOCK), key=len, reverse=True):
        rest = text[len(word):]
        if text.startswith(word) and (not rest or rest[0] in " \n:"):
            return Order(line, word, rest.lstrip(":").strip())
    raise Malformed(line, f"the test does not know the order `{text.split(chr(10))[0]}`")


def read_order(lines, at):
    """The order that begins in line `at` (from 0) and the line behind it."""
    text, end = lines[at].strip(), at
    while "-->" not in text:
        end += 1
        if end == len(lines):
            raise Malformed(at + 1, "this comment never ends")
        text += "\n" + lines[end]
    return parse_order(at + 1, re.match(r"<!-- test:\s*(.*?)\s*-->", text, re.S).group(1)), end + 1


def read_block(lines, at, orders):
    opening = re.match(r"(\s*)(`{3,}|~{3,})\s*(\S*)", lines[at])
    indent, fence, language = opening.groups()
    body, end = [], at + 1
    while not re.match(r"\s*" + re.escape(fence[0]) + "{" + str(len(fence)) + r",}\s*$", lines[end]):
        body.append(lines[end].removeprefix(indent))
        end += 1
        if end == len(lines):
            raise Malformed(at + 1, "this fence is never closed")
    for order in orders:
        if language not in OF_BLOCK[order.word]:
            raise Malformed(order.line, f"`{order.word}` means nothing above a block of {language or 'no language'}")
    return Block(at + 1, language, "\n".join(body) + "\n", orders), end + 1


def read_page(text):
    """Blocks and standing orders as they come, and the lines outside of blocks as (number, text)."""
    lines, items, outside, pending, at = text.splitlines(), [], [], [], 0
    while at < len(lines):
        if lines[at].lstrip().startswith("<!-- test:"):
            order, at = read_order(lines, at)
            (items if order.word in STANDING else pending).append(order)
        elif re.match(r"\s*(```|~~~)", lines[at]):
            block, at = read_block(lines, at, pending)
            items.append(block)
            pending = []
        else:
            if lines[at].strip() and pending:
                raise Malformed(pending[0].line, "no block stands below this order")
            outside.append((at + 1, lines[at]))
            at += 1
    if pending:
        raise Malformed(pending[0].line, "no block stands below this order")
    return items, without_comments(outside)


def without_comments(outside):
    """What a reader sees; the numbers of the lines stay."""
    numbers = [number for number, _ in outside]
    shown = re.sub(r"<!--.*?-->", lambda comment: "\n" * comment.group().count("\n"), "\n".join(line for _, line in outside), flags=re.S)
    return list(zip(numbers, shown.split("\n")))


def code_spans(outside):
    """What stands between backticks in the text, as (line, span); in tables `\\|` is a bar."""
    for number, line in outside:
        for match in re.finditer(r"(`+)(.+?)\1(?!`)", line):
            yield number, match.group(2).strip().replace("\\|", "|")
