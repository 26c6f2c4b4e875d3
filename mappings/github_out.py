"""Records made of one payload of GitHub so far, and how its two APIs write the same things."""

import re
from functools import lru_cache
from typing import Any, ClassVar

from mappings import out
from mappings.records import Account, DataIssue, Link, Links
from mappings.values import items, table, text
from mappings.vocabulary import LinkKind

#: REST adds it to the login of a bot, GraphQL does not.
_BOT = "[bot]"
#: Robots that sign in as people do.
_ROBOTS = re.compile(r"(?i)^(?:dependabot|renovate|greenkeeper|snyk|github-actions)(?:-.*|bot)?$")


class Out(out.Out):
    """Collects the records of one payload."""

    __slots__ = ()

    vendor: ClassVar[str] = "GitHub"

    def account(self, raw: Any) -> str | None:
        """Id of an account; its record is added once. None for an account that was deleted."""
        if not isinstance(raw, dict):
            return None
        id_ = text(raw.get("databaseId") if "__typename" in raw else raw.get("id"))
        if not id_:
            return None
        if id_ in self.accounts:
            return id_
        self.accounts.add(id_)
        page = raw.get("url" if "__typename" in raw else "html_url")
        self.records.append(_account(id_, text(raw.get("login")), text(page), is_bot(raw)))
        return id_


# The same few people are named by thousands of payloads.
@lru_cache(maxsize=4096)
def _account(id_: str, login: str | None, page: str | None, bot: bool) -> Account:
    name = None if login is None else login.removesuffix(_BOT)
    return Account(source_id=id_, login=name, is_bot=bot, url=page)


def is_bot(raw: Any) -> bool:
    """Whether an account is one that no person has."""
    who = table(raw)
    if who.get("type") == "Bot" or who.get("__typename") == "Bot":
        return True
    page = text(who.get("html_url")) or text(who.get("url")) or ""
    return _is_robot(text(who.get("login")) or "", page)


@lru_cache(maxsize=4096)
def _is_robot(login: str, page: str) -> bool:
    # As the author of a commit an App is told as a user, with the page of the App.
    return login.endswith(_BOT) or "/apps/" in page or _ROBOTS.match(login) is not None


def broken(stream: str, why: str) -> DataIssue:
    """A payload of which nothing can be used."""
    return out.broken(stream, why, Out.vendor)


def by_graphql(raw: dict[str, Any]) -> bool:
    """Whether a payload came by GraphQL; what says nothing came by REST."""
    return raw.get("__api") == "graphql"


def scope_of(raw: dict[str, Any]) -> str:
    """Id of the repository that a payload belongs to."""
    return text(table(raw.get("__repository")).get("id")) or ""


def name_of(raw: dict[str, Any]) -> str:
    """`owner/name` of the repository that a payload belongs to."""
    return text(table(raw.get("__repository")).get("name")) or ""


def is_private(raw: dict[str, Any]) -> bool:
    """Whether only some may see the repository that a payload belongs to."""
    return table(raw.get("__repository")).get("private") is True


def id_of(raw: dict[str, Any]) -> str | None:
    """The id that both APIs know."""
    if "fullDatabaseId" in raw or "databaseId" in raw:
        return text(raw.get("fullDatabaseId")) or text(raw.get("databaseId"))
    return text(raw.get("id"))


def nodes(value: Any) -> list[Any]:
    """What a connection holds, or a list itself."""
    return items(value if isinstance(value, list) else table(value).get("nodes"))


def lower(value: Any) -> str | None:
    """A word as REST writes it: GraphQL writes the same ones in capitals."""
    found = text(value)
    return None if found is None else found.lower()


def labels_of(raw: dict[str, Any], out: Out) -> tuple[str, ...]:
    """Names of the labels, in order, without those that say nothing."""
    ignored = out.mapping.ignored_labels
    found = {
        name
        for one in nodes(raw.get("labels"))
        if (name := text(table(one).get("name")) if isinstance(one, dict) else text(one))
    }
    return tuple(sorted(name for name in found if name.casefold() not in ignored))


def milestone_of(raw: dict[str, Any]) -> str | None:
    """Id of the milestone: GraphQL knows its number only, which is fixed within a repository."""
    number = text(table(raw.get("milestone")).get("number"))
    return f"{scope_of(raw)}:{number}" if number else None


def blocked(id_: str, blockers: list[Any]) -> Links:
    """What an issue is blocked by, as a set."""
    others = (id_of(table(one)) for one in blockers)
    return Links(
        id_,
        tuple(
            Link(f"{other}>{id_}", other, id_, LinkKind.BLOCKS, "blocked_by")
            for other in others
            if other
        ),
    )


def why_not(part: Any) -> str | None:
    """Why a part was not read; None if it was."""
    return text(table(part).get("unavailable")) if isinstance(part, dict) else None
