"""One person behind several accounts: only by configuration; what looks alike is suggested."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.pasted import toml
from sync.store import schema
from sync.store.tables_judged import person_account

#: Addresses of many accounts at once, or of none.
_NO_ONES = ("noreply", "no-reply", "donotreply")


@dataclass(frozen=True, slots=True)
class Login:
    """An account of one system."""

    connection_id: int
    #: name of the connection.
    connection: str
    account_id: str
    name: str | None = None
    login: str | None = None
    email: str | None = None
    is_bot: bool = False

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from others."""
        return self.connection_id, self.account_id

    @property
    def word(self) -> str:
        """How the configuration names it: `github:ada`."""
        return f"{self.connection}:{self.login or self.email or self.account_id}"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Accounts that are likely one person's, and the line that says so."""

    name: str
    accounts: tuple[Login, ...]

    @property
    def line(self) -> str:
        """The line to add to `[people]`."""
        words = ", ".join(toml(one.word) for one in self.accounts)
        return f"{toml(self.name)} = [{words}]"


@dataclass(frozen=True, slots=True)
class Matched:
    """Whose account is whose, and entries of the configuration that cannot be followed."""

    persons: Mapping[tuple[int, str], str]
    problems: tuple[str, ...] = ()


def match(people: Mapping[str, Sequence[str]], accounts: Iterable[Login]) -> Matched:
    """Accounts by person, as configured: `CONNECTION:WORD`.

    The word is an id, login, e-mail address or name, whichever of these finds one first; letters of
    either case. An entry that names nobody, or more than one, or somebody twice, is told and not
    followed.
    """
    held = list(accounts)
    persons: dict[tuple[int, str], str] = {}
    problems: list[str] = []
    for person, words in people.items():
        for written in words:
            found = _named(written, held)
            if len(found) != 1:
                what = "names no account that was read" if not found else "names several accounts"
                problems.append(f"{person}: {written!r} {what}")
                continue
            (login,) = found
            other = persons.get(login.key)
            if other is not None and other != person:
                problems.append(f"{person}: {written!r} is the account of {other} already")
                continue
            persons[login.key] = person
    return Matched(persons, tuple(problems))


def _named(written: str, accounts: Sequence[Login]) -> list[Login]:
    connection, _, word = written.partition(":")
    mine = [one for one in accounts if one.connection == connection]
    wanted = word.strip().casefold()
    for pick in (_id, _login, _email, _name):
        found = [one for one in mine if wanted and (pick(one) or "").casefold() == wanted]
        if found:
            return found
    return []


def _id(one: Login) -> str | None:
    return one.account_id


def _login(one: Login) -> str | None:
    return one.login


def _email(one: Login) -> str | None:
    return one.email


def _name(one: Login) -> str | None:
    return one.name


def suggest(
    accounts: Iterable[Login], persons: Mapping[tuple[int, str], str]
) -> tuple[Suggestion, ...]:
    """Accounts of several systems with one e-mail address that are not one person yet.

    Nothing is merged by it: people share addresses, and change them.
    """
    by_address: dict[str, list[Login]] = {}
    for one in accounts:
        address = (one.email or "").strip().casefold()
        if "@" in address and not one.is_bot and not any(word in address for word in _NO_ONES):
            by_address.setdefault(address, []).append(one)
    found: list[Suggestion] = []
    for alike in by_address.values():
        if len({one.connection_id for one in alike}) < 2:
            continue
        known = {persons.get(one.key) for one in alike}
        if len(known) == 1 and None not in known:
            continue
        alike.sort(key=lambda one: (one.connection, one.account_id))
        named = sorted(name for name in known if name is not None)
        name = named[0] if named else next((one.name for one in alike if one.name), alike[0].word)
        found.append(Suggestion(name, tuple(alike)))
    return tuple(sorted(found, key=lambda one: one.name))


def logins(conn: sa.Connection) -> list[Login]:
    """Every account that was read, in a fixed order."""
    a, c = schema.account.c, schema.connection.c
    rows = conn.execute(
        sa.select(a.connection_id, c.name, a.source_id, a.name, a.login, a.email, a.is_bot)
        .join(schema.connection, c.id == a.connection_id)
        .order_by(c.name, a.source_id)
    )
    return [Login(*row) for row in rows]


def refresh(conn: sa.Connection, now: datetime, people: Mapping[str, Sequence[str]]) -> int:
    """Keep whose account is whose as the configuration says it; rows written. `now` in UTC."""
    p = person_account.c
    held = {
        (row.connection_id, row.account_id): (row.person, row.known_from)
        for row in conn.execute(sa.select(person_account).where(p.known_to.is_(None)))
    }
    if not people and not held:
        return 0
    wanted = match(people, logins(conn)).persons
    written = 0
    for key, (person, known_from) in held.items():
        if wanted.get(key) != person:
            conn.execute(
                sa.update(person_account)
                .where(
                    p.connection_id == key[0], p.account_id == key[1], p.known_from == known_from
                )
                .values(known_to=now)
            )
            written += 1
    added = [
        {
            "connection_id": key[0],
            "account_id": key[1],
            "person": person,
            "known_from": now,
            "known_to": None,
        }
        for key, person in wanted.items()
        if held.get(key, ("", None))[0] != person
    ]
    if added:
        conn.execute(sa.insert(person_account), added)
    return written + len(added)
