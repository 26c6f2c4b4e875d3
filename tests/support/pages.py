"""Pages as a reader follows them: which of their blocks are typed, and in which folder.

What a page cannot say in its own words stands in HTML comments above a block:

* `<!-- not run: REASON -->`: nobody types this block here, and why.
* `<!-- given: company -->`: from here on in a new folder with `driftline.toml` and a store in which
  the simulated company was read twice; `connections`: with the configuration alone; `empty`.
* `<!-- before: COMMAND -->`: what a reader has by then and the page does not make is made by this.
* `<!-- file: NAME -->`: the reader saves the block under that name; `append to: NAME`: at its end.
* `<!-- exit: CODE: REASON -->`: at least one command of the block ends with that code.
* `<!-- answers: A | B -->`: what the reader answers to the questions of the block's commands.
* `<!-- prints: TEXT -->`: the block's commands print this.
* `<!-- from: FILE -->`: the block is a piece of that file, word for word.
* `<!-- listed: COMMAND -->`: with the example package installed, this command says that.
* `<!-- said: SCENE -->`: what `driftline check` says in a scene of `support/tokens.py`.

Pages without a mark begin in an empty folder.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from support.checkout import ROOT

#: Blocks whose lines are typed.
TYPED = frozenset({"sh"})
#: Blocks that are read.
READ = frozenset({"ini", "json", "markdown", "python", "sql", "text", "toml"})
GIVEN = frozenset({"empty", "connections", "company"})

_MARK = re.compile(
    r"^ *<!-- (not run|given|before|file|append to|exit|answers|prints|from|listed|said): "
    r"(.+?) -->$",
    re.M | re.S,
)
_FENCE = re.compile(r"^(?P<in> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^ *```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, with what the page's source says above it."""

    line: int
    language: str
    text: str
    #: (mark, what it says), in their order.
    marks: tuple[tuple[str, str], ...] = ()

    def told(self, mark: str) -> list[str]:
        """What a mark says, each time that it stands there."""
        return [said for name, said in self.marks if name == mark]

    @property
    def not_run(self) -> str | None:
        """Why nobody types it here."""
        return next(iter(self.told("not run")), None)

    @property
    def commands(self) -> list[str]:
        """Its command lines; one that goes on after a backslash is one."""
        if self.language not in TYPED:
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    @property
    def exit_code(self) -> int:
        """The code that one of its commands ends with; 0 where all go well."""
        return int(self.told("exit")[0].partition(":")[0]) if self.told("exit") else 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page and its blocks, from top to bottom."""

    name: str
    blocks: tuple[Block, ...]
    #: comments above a block that are no mark, and commands in no block: (line, text).
    lost: tuple[tuple[int, str], ...]


def pages() -> Iterator[Page]:
    """Every page that a person reads, but those that others write wholly."""
    paths = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    paths += [ROOT / "deploy/README.md", ROOT / "examples/acme-tracker/README.md"]
    for path in sorted([*paths, *(ROOT / "docs").rglob("*.md")]):
        yield page(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def page(name: str, text: str) -> Page:
    """A page's blocks and marks."""
    blocks: list[Block] = []
    lost: list[tuple[int, str]] = []
    end = 0
    for fence in _FENCE.finditer(text):
        between = text[end : fence.start()]
        marks, stray = _marks(between)
        line = text.count("\n", 0, fence.start()) + 1
        lost += [(line, one) for one in stray]
        indent = len(fence["in"])
        lines = [one[indent:] for one in fence["text"].splitlines()]
        body = "".join(f"{one}\n" for one in lines)
        blocks.append(Block(line, fence["language"], body, marks))
        end = fence.end()
    indented = re.finditer(r"\n\n    \$? ?(?:driftline|make|pip|python) ", text)
    lost += [(text.count("\n", 0, one.start()) + 3, one[0].strip()) for one in indented]
    return Page(name, tuple(blocks), tuple(lost))


def _marks(text: str) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Marks between two blocks, and comments that are none."""
    found = tuple((one[1], " ".join(one[2].split())) for one in _MARK.finditer(text))
    # A comment that stands right above a block was meant for it.
    above = re.search(r"(?:^ *<!--(?:(?!-->).)*-->\s*)+\Z", text, re.M | re.S)
    return found, re.findall("<!--.*?-->", _MARK.sub("", above[0] if above else ""), re.S)
