"""No number about one person or two: what rests on fewer than three is not told; pure."""

from collections.abc import Iterable

#: From this many people on a number says nothing of one of them.
LEAST = 3
#: What stands in place of the number.
HIDDEN = "fewer than three people"

#: Tells one person from another: (connection id, person of the configuration, else account).
Person = tuple[int, str]


def may_be_told(people: Iterable[Person | None]) -> bool:
    """Whether a number that rests on the work of these people may be told; nobody is named twice.

    Accounts of two systems may be one person's, so people are counted within a system. Work of
    which nobody is known rests on nobody: it is not told either.
    """
    by_system: dict[int, set[str]] = {}
    for one in people:
        if one is not None:
            by_system.setdefault(one[0], set()).add(one[1])
    return any(len(names) >= LEAST for names in by_system.values())
