"""Keys as people write them: `owner/name#7`."""


def number_of(key: str | None) -> int | None:
    """The number in a key; None if it holds none."""
    tail = (key or "").rpartition("#")[2]
    return int(tail) if tail.isascii() and tail.isdecimal() and int(tail) else None
