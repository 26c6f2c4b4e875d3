"""The GraphQL documents that are sent: files of `queries/`, cut to what a server knows."""

import re
from collections.abc import Collection
from functools import cache
from importlib.resources import files

#: `weight # if Issue.weight`: sent only to servers that know the field.
_CONDITION = re.compile(r"#\s*if (\w+\.\w+)\s*$")


def document(name: str, known: Collection[str]) -> str:
    """A document without comments and without fields outside of `known` (`Issue.weight`)."""
    return _cut(name, frozenset(known) & conditions(name))


@cache
def conditions(name: str) -> frozenset[str]:
    """The fields of a document that not every server knows."""
    found = (_CONDITION.search(line) for line in _text(name).splitlines())
    return frozenset(one[1] for one in found if one)


@cache
def _cut(name: str, known: frozenset[str]) -> str:
    lines: list[str] = []
    for line in _text(name).splitlines():
        condition = _CONDITION.search(line)
        bare = line.split("#", 1)[0].rstrip()
        if bare and (condition is None or condition[1] in known):
            lines.append(bare)
    return "\n".join(lines) + "\n"


@cache
def _text(name: str) -> str:
    return (files("connectors.gitlab") / "queries" / f"{name}.graphql").read_text("utf-8")
