"""The manual as data: its pages, with their sections, fenced blocks, tables and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[3]
_FENCE = re.compile(r"^```(?P<language>\S*) ?(?P<file>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_RULE = re.compile(r"\|[\s:|-]+\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which it begins.

    `file` is the name of the file that it is, from the fence's line, or "".
    """

    language: str
    text: str
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. A section of it is a page too."""

    name: str
    text: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        return [
            Block(match["language"], match["text"], self.text.count("\n", 0, match.start()) + 1, match["file"])
            for match in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """Everything but the fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def headings(self) -> list[str]:
        return [heading for _, heading in _HEADING.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """What a link into this page may name after its #."""
        return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in self.headings}

    @property
    def links(self) -> list[str]:
        """Where the page's links lead."""
        return _LINK.findall(self.prose)

    @property
    def code(self) -> list[str]:
        """What stands in backticks."""
        return [" ".join(code.split()) for code in _CODE.findall(self.prose)]

    def section(self, heading: str) -> Page:
        """What stands under this heading, sub-sections too."""
        begin = re.search(rf"^(#+) {re.escape(heading)}$", self.text, re.MULTILINE)
        assert begin, f"{self.name} has no section {heading!r}; there are {self.headings}"
        rest = self.text[begin.end() :]
        # No heading of ours is in a block, but a comment in a shell example looks like one.
        ends = [match.start() for match in _HEADING.finditer(_blanked(rest)) if len(match[1]) <= len(begin[1])]
        return Page(f"{self.name}, {heading}", rest[: min(ends, default=None)])

    @property
    def tables(self) -> list[list[dict[str, str]]]:
        """The rows of every table, each by the names in the head of its table."""
        return [[dict(zip(head, row, strict=True)) for row in body] for head, *body in _tables(self.prose)]

    @property
    def table(self) -> list[dict[str, str]]:
        """The rows of the first table."""
        tables = self.tables
        assert tables, f"{self.name} has no table"
        return tables[0]

    def column(self, head: str) -> list[str]:
        """The cells below this head, of all tables that have it, without their backticks."""
        return [unquoted(row[head]) for rows in self.tables for row in rows if head in row]

    def bullets(self) -> list[str]:
        """The names in backticks that begin the items of its lists."""
        return re.findall(r"^- `([^`]+)`", self.prose, re.MULTILINE)


def _blanked(text: str) -> str:
    return _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _tables(text: str) -> Iterator[list[list[str]]]:
    """The rows of each table, without the rule below its head."""
    for is_table, lines in groupby(text.splitlines(), key=lambda line: line.startswith("|")):
        if is_table:
            yield [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not _RULE.fullmatch(line)]


@cache
def page(name: str) -> Page:
    """The page of this name, as it stands in the checkout: `docs/control.md`."""
    return Page(name, (ROOT / name).read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """Every page of the manual."""
    names = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return [page(path.relative_to(ROOT).as_posix()) for path in sorted(names)]


def unquoted(cell: str) -> str:
    """A cell of a table without its backticks."""
    return cell.strip("`")
