"""How hosts of code write the names of their issues and changes; pure."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_NUMBER = re.compile(r"^(?P<path>[^\s#!]*)(?P<mark>[#!])(?P<number>[1-9][0-9]*)$")
_SHORT = re.compile(r"^GH-(?P<number>[1-9][0-9]*)$", re.IGNORECASE)
#: One thing under two addresses: the host sends a reader from one to the other.
_SAME = ((re.compile(r"/pull/(\d+)$"), r"/issues/\1"), (re.compile(r"/work_items/"), "/issues/"))


@dataclass(frozen=True, slots=True)
class Place:
    """The repository or project that a text stands in."""

    #: `owner/name` or `group/subgroup/project`, as it is now.
    path: str


def hosted_keys(target: str, place: Place) -> tuple[str, ...]:
    """Keys that a text may mean here: `#7` is the place's own, `name!3` a neighbour's too."""
    short = _SHORT.match(target)
    if short is not None:
        return (f"{place.path}#{short['number']}",)
    match = _NUMBER.match(target)
    if match is None:
        return ()
    tail = match["mark"] + match["number"]
    path = match["path"].strip("/")
    if not path:
        return (place.path + tail,)
    if "/" in path:
        return (path + tail,)
    neighbour = "/".join((*place.path.split("/")[:-1], path))
    return (neighbour + tail, path + tail)


def address(text: str) -> str | None:
    """One spelling of the address of an issue or change; None: the text is no address."""
    if not text.lower().startswith(("http://", "https://")):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    path = parts.path.rstrip("/")
    for pattern, instead in _SAME:
        path = pattern.sub(instead, path)
    usual = port is None or (parts.scheme.lower(), port) in (("http", 80), ("https", 443))
    return f"{host}{'' if usual else f':{port}'}{path}".lower()
