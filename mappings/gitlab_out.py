"""Records made of one payload of GitLab so far, and how its two APIs write the same things."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from mappings import dates, out
from mappings.records import Account, DataIssue, Link, Links
from mappings.values import table, text
from mappings.vocabulary import LinkKind

#: Accounts of access tokens, and of the usual robots.
_BOT = re.compile(r"(?i)^(?:project|group)_\d+_bot|(?:^|[-_])bot\d*$|renovate|dependabot")
#: Stands for everybody whose account was deleted: nobody in particular.
_GHOST = "ghost"


class Out(out.Out):
    """Collects the records of one payload."""

    __slots__ = ()

    vendor: ClassVar[str] = "GitLab"

    def moment(self, value: Any, field: str) -> datetime | None:
        """An instant in UTC, in whole seconds; what is none is left empty, with an issue."""
        return _whole_second(super().moment(value, field))

    def account(self, raw: Any) -> str | None:
        """Id of an account; its record is added once. None for an account that was deleted."""
        if not isinstance(raw, dict):
            return None
        id_, login = gid(raw.get("id")), text(raw.get("username"))
        if not id_ or login == _GHOST:
            return None
        if id_ in self.accounts:
            return id_
        self.accounts.add(id_)
        state = text(raw.get("state"))
        self.records.append(
            Account(
                source_id=id_,
                name=text(raw.get("name")),
                login=login,
                is_bot=is_bot(login),
                active=None if state is None else state.lower() == "active",
                url=text(raw.get("web_url")) or text(raw.get("webUrl")),
            )
        )
        return id_


def instant(value: Any) -> datetime | None:
    """An instant in UTC, in whole seconds as GraphQL writes it; REST tells milliseconds."""
    return _whole_second(dates.instant(value))


def _whole_second(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(microsecond=0)


@lru_cache(maxsize=4096)
def is_bot(login: str | None) -> bool:
    """Whether a login is one that no person has."""
    return login is not None and _BOT.search(login) is not None


def broken(stream: str, why: str) -> DataIssue:
    """A payload of which nothing can be used."""
    return out.broken(stream, why, Out.vendor)


def is_private(raw: dict[str, Any]) -> bool:
    """Whether only its members may see the project that a payload belongs to."""
    return raw.get("__visibility") == "private"


def gid(value: Any) -> str | None:
    """The id in a global id (`gid://gitlab/Issue/12`), or a number as text."""
    found = text(value)
    if found is None or "/" not in found:
        return found or None
    return found.rpartition("/")[2] or None


def get(raw: dict[str, Any], rest: str, graphql: str) -> Any:
    """A value by the name that the API of this payload uses."""
    return raw.get(rest) if rest in raw else raw.get(graphql)


def rows(part: Any) -> list[dict[str, Any]] | None:
    """The objects of a part: a list by REST, a connection by GraphQL; None if it was not read."""
    held = part if isinstance(part, list) else table(part).get("nodes")
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else None


def why_not(part: Any) -> str:
    """Why a part was not read."""
    return text(table(part).get("unavailable")) or "the server did not tell"


def blocked(id_: str, blockers: Iterable[dict[str, Any]]) -> Links:
    """What an issue waits for, as a set; a relation without a direction is none of it."""
    others = sorted({other for one in blockers if (other := gid(one.get("id")))})
    return Links(
        id_,
        tuple(
            Link(f"{other}>{id_}", other, id_, LinkKind.BLOCKS, "blocked_by") for other in others
        ),
    )
