"""The part of Jira's query language that clients of the simulator may use."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.simulator.world import Credential, Issue, World

Predicate = Callable[[Issue], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?P<op>!=|>=|<=|=|>|<|\(|\)|,)|(?P<word>[^\s()=<>!,"']+))"""
)


def _always(issue: Issue) -> bool:
    return True


class BadQuery(Exception):
    """Jira's answer 400: the message is shown to the client."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this server reads queries."""

    #: accepts epoch milliseconds as a time.
    epoch_ms: bool = True
    #: honours `id > n`; a server that does not ignores the clause.
    id_clause: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    matches: Predicate
    #: (field, descending).
    order: tuple[tuple[str, bool], ...]
    #: project ids it is bound to by a top-level clause; None if by none.
    projects: frozenset[int] | None
    #: lower bound of `updated` from a top-level clause, to start reading there.
    updated_from: datetime | None
    #: lower bound (exclusive) of `id` from a top-level clause.
    id_above: int | None


def parse(
    text: str, world: World, credential: Credential, now: datetime, dialect: Dialect
) -> Query:
    """Raises BadQuery with Jira's words."""
    return _Parser(text, world, credential, now, dialect).query()


class _Parser:
    def __init__(
        self, text: str, world: World, credential: Credential, now: datetime, dialect: Dialect
    ) -> None:
        self.world, self.credential, self.now, self.dialect = world, credential, now, dialect
        self.tokens = self._tokens(text)
        self.at = 0
        self.depth = 0
        self.projects: frozenset[int] | None = None
        self.updated_from: datetime | None = None
        self.id_above: int | None = None
        self.clauses = 0

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        out, at = [], 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadQuery(f"Error in the JQL Query near character {at}.")
            kind = match.lastgroup or "word"
            value = match[kind]
            out.append((kind, value[1:-1] if kind == "string" else value))
            at = match.end()
        return out

    def query(self) -> Query:
        predicate: Predicate = _always
        if self._word() not in ("", "order"):
            predicate = self._or()
        order: list[tuple[str, bool]] = []
        if self._word() == "order":
            self._take()
            if self._word() != "by":
                raise BadQuery("Expecting 'BY' after 'ORDER'.")
            self._take()
            while True:
                name = self._take()[1].lower()
                if name not in _SORTABLE:
                    raise BadQuery(f"Not able to sort using field '{name}'.")
                if len(order) == MOST_SORTS:
                    raise BadQuery(f"At most {MOST_SORTS} fields can be sorted by.")
                descending = False
                if self._word() in ("asc", "desc"):
                    descending = self._take()[1].lower() == "desc"
                order.append((name, descending))
                if self._word() == ",":
                    self._take()
                else:
                    break
        if self.at < len(self.tokens):
            raise BadQuery(f"Error in the JQL Query: unexpected '{self.tokens[self.at][1]}'.")
        if self.clauses == 0:
            raise BadQuery(
                "Unbounded JQL queries are not allowed here. Please add a search restriction."
            )
        return Query(predicate, tuple(order), self.projects, self.updated_from, self.id_above)

    def _or(self) -> Predicate:
        parts = [self._and()]
        while self._word() == "or":
            self._take()
            # A bound inside an alternative bounds nothing.
            self.projects, self.updated_from, self.id_above = None, None, None
            parts.append(self._and())
            if self.depth == 0:
                self.projects, self.updated_from, self.id_above = None, None, None
        return parts[0] if len(parts) == 1 else (lambda i: any(part(i) for part in parts))

    def _and(self) -> Predicate:
        parts = [self._clause()]
        while self._word() == "and":
            self._take()
            parts.append(self._clause())
        return parts[0] if len(parts) == 1 else (lambda i: all(part(i) for part in parts))

    def _clause(self) -> Predicate:
        if self._word() == "(":
            self._take()
            self.depth += 1
            held = (self.projects, self.updated_from, self.id_above)
            inner = self._or()
            self.projects, self.updated_from, self.id_above = held
            self.depth -= 1
            if self._take()[1] != ")":
                raise BadQuery("Expecting ')'.")
            return inner
        if self._word() == "not":
            self._take()
            held = (self.projects, self.updated_from, self.id_above)
            negated = self._clause()
            self.projects, self.updated_from, self.id_above = held
            return lambda issue: not negated(issue)
        name = self._take()[1].lower()
        op = self._take()[1].lower()
        if op == "not" and self._word() == "in":
            self._take()
            op = "not in"
        values = self._values(op)
        self.clauses += 1
        return self._predicate(name, op, values)

    def _values(self, op: str) -> list[tuple[str, str]]:
        if op not in ("in", "not in"):
            if op not in ("=", "!=", ">", ">=", "<", "<="):
                raise BadQuery(f"Error in the JQL Query: '{op}' is no operator.")
            return [self._take()]
        if self._take()[1] != "(":
            raise BadQuery("Expecting '(' after 'in'.")
        values = []
        while True:
            values.append(self._take())
            mark = self._take()[1]
            if mark == ")":
                return values
            if mark != ",":
                raise BadQuery("Expecting ',' or ')'.")

    def _predicate(self, name: str, op: str, values: list[tuple[str, str]]) -> Predicate:
        words = [value for _, value in values]
        if name == "project":
            return self._project(op, words)
        if name in ("id", "issuekey", "key", "issue"):
            return self._issue(op, words)
        if name in ("updated", "created"):
            return self._time(name, op, values[0])
        if name == "statuscategory":
            keys = {_CATEGORIES.get(word.lower(), word.lower()) for word in words}
            positive = op in ("=", "in")
            return lambda issue: (issue.category in keys) is positive
        if name == "fixversion":
            return _any_of(op, self._versions(words), lambda issue: issue.versions)
        if name == "sprint":
            return _any_of(op, self._sprints(words), lambda issue: issue.sprints)
        raise BadQuery(f"Field '{name}' does not exist or you do not have permission to view it.")

    def _versions(self, words: list[str]) -> set[int]:
        known = [one for one in self.world.versions.values() if not one.deleted]
        return _named(words, "fixVersion", ((one.id, one.name) for one in known))

    def _sprints(self, words: list[str]) -> set[int]:
        known = [one for one in self.world.sprints.values() if not one.deleted]
        return _named(words, "Sprint", ((one.id, one.name) for one in known))

    def _project(self, op: str, words: list[str]) -> Predicate:
        ids: set[int] = set()
        for word in words:
            found = [
                one
                for one in self.world.projects.values()
                if one.is_called(word) and self.world.project_listed(self.credential, one)
            ]
            if not found:
                raise BadQuery(f"The value '{word}' does not exist for the field 'project'.")
            ids.add(found[0].id)
        if op in ("=", "in"):
            if self.depth == 0:
                self.projects = frozenset(ids)
            return lambda issue: issue.project_id in ids
        return lambda issue: issue.project_id not in ids

    def _issue(self, op: str, words: list[str]) -> Predicate:
        if op in (">", ">=", "<", "<="):
            if not self.dialect.id_clause:
                return lambda issue: True
            if not words[0].isdecimal():
                raise BadQuery(f"The value '{words[0]}' is not a number for the field 'id'.")
            bound = int(words[0])
            if op == ">" and self.depth == 0:
                self.id_above = bound
            compare = _COMPARE[op]
            return lambda issue: compare(issue.id, bound)
        ids = {int(w) if w.isdecimal() else self.world.by_key.get(w.upper()) for w in words}
        positive = op in ("=", "in")
        return lambda issue: (issue.id in ids) is positive

    def _time(self, name: str, op: str, value: tuple[str, str]) -> Predicate:
        moment = self._moment(value)
        if name == "updated" and op in (">", ">=") and self.depth == 0:
            self.updated_from = moment
        compare = _COMPARE.get(op)
        if compare is None:
            raise BadQuery(f"The operator '{op}' is not supported by the '{name}' field.")
        return lambda issue: compare(getattr(issue, name), moment)

    def _moment(self, value: tuple[str, str]) -> datetime:
        kind, text = value
        if kind == "word" and re.fullmatch(r"-\d+[mhdw]", text):
            unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[text[-1]]
            return self.now - timedelta(**{unit: int(text[1:-1])})
        if kind == "word" and text.isdecimal() and self.dialect.epoch_ms:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        zone = ZoneInfo(self.credential.time_zone)
        for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d"):
            try:
                local = datetime.strptime(text, form).replace(tzinfo=zone)
            except ValueError:
                continue
            if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(
                tzinfo=None
            ):
                break
            return local.astimezone(UTC)
        raise BadQuery(
            f"Date value '{text}' for field 'updated' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period."
        )

    def _word(self) -> str:
        if self.at >= len(self.tokens):
            return ""
        kind, value = self.tokens[self.at]
        return "" if kind == "string" else value.lower()

    def _take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise BadQuery("Error in the JQL Query: it ends too early.")
        self.at += 1
        return self.tokens[self.at - 1]


#: Fields a query may sort by, and how many of them (the vendor's limit).
_SORTABLE = frozenset({"id", "issuekey", "key", "issue", "updated", "created"})
MOST_SORTS = 7
_CATEGORIES = {"to do": "new", "in progress": "indeterminate", "done": "done"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _named(words: list[str], field: str, known: Iterable[tuple[int, str]]) -> set[int]:
    """Ids of what is named by id or by name."""
    pairs = list(known)
    found: set[int] = set()
    for word in words:
        mine = {id_ for id_, name in pairs if word in (str(id_), name)}
        if not mine:
            raise BadQuery(f"The value '{word}' does not exist for the field '{field}'.")
        found |= mine
    return found


def _any_of(op: str, ids: set[int], get: Callable[[Issue], list[int]]) -> Predicate:
    if op not in ("=", "!=", "in", "not in"):
        raise BadQuery(f"The operator '{op}' is not supported here.")
    positive = op in ("=", "in")
    return lambda issue: bool(ids.intersection(get(issue))) is positive
