"""Issue keys in a text, told by the project keys that exist; pure.

A word boundary misses the second key of `ABC-1-ABC-2` and the one in `v2_ABC-12_x`, and takes
`UTF-8` for a key: here a key is a known project key, a hyphen and a number.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class KeyFound:
    """One key in a text."""

    #: in the spelling of its project: `ABC-12`.
    key: str
    project: str
    #: letters stand right behind the number (`ABC-12fix`): believed only where such an item exists.
    glued: bool = False


def find(text: str, projects: Collection[str], *, ignore_case: bool = False) -> list[KeyFound]:
    """All keys of known projects, each once, in the order of the text.

    `ignore_case` is for names of branches, where people write `abc-12-login`.
    """
    if not projects or "-" not in text:
        return []
    found: dict[str, KeyFound] = {}
    for one in _all(text, frozenset(projects), ignore_case):
        held = found.get(one.key)
        if held is None or held.glued:
            found[one.key] = one
    return list(found.values())


def _all(text: str, projects: frozenset[str], ignore_case: bool) -> Iterator[KeyFound]:
    spelling = {one.upper(): one for one in projects} if ignore_case else {}
    for match in _pattern(projects, ignore_case).finditer(text):
        written = match["project"]
        project = spelling[written.upper()] if ignore_case else written
        glued = bool(match["tail"])
        if glued and ignore_case and written != project:
            continue
        yield KeyFound(f"{project}-{match['number']}", project, glued)


@lru_cache(maxsize=32)
def _pattern(projects: frozenset[str], ignore_case: bool) -> re.Pattern[str]:
    # The longest first: of `X_ABC` and `ABC` the first names the key in `X_ABC-1`.
    names = "|".join(re.escape(one) for one in sorted(projects, key=lambda one: (-len(one), one)))
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<project>{names})-(?P<number>[1-9][0-9]*)(?![0-9])(?P<tail>(?=[A-Za-z])[A-Za-z]|)",
        re.IGNORECASE if ignore_case else 0,
    )


def project_of(key: str) -> str | None:
    """The project part of a tracker's key (`ABC` of `ABC-12`); None for any other text."""
    project, hyphen, number = key.rpartition("-")
    return project if hyphen and project and number.isdigit() else None
