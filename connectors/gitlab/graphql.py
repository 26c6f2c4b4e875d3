"""GraphQL questions whose pages shrink until the server can answer them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import (
    BrokenAnswer,
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.gitlab.documents import document
from connectors.transport import ATTEMPTS, Answer, Transport

#: Path of the API below the server's address.
PATH = "api/graphql"
#: Records per page to begin with; nested lists make a merge request dear.
FIRST_SIZES = {"issues": 100, "change_details": 50, "runs": 50}
#: What the server says where a page is too large for it.
_TOO_DEAR = ("exceeds max complexity", "query is too complex")
#: What it says where its schema is another one: older, or without what was deprecated.
_UNKNOWN = ("doesn't exist on type", "doesn't accept argument", "isn't a defined input type")
_TOO_SLOW = ("timeout", "timed out", "execution expired")
#: A gateway that gives up says nothing of the reason: after so many smaller pages it is trouble.
_SMALLER = 3


class TooLarge(Exception):
    """The server cannot answer a question of this size; a smaller one may do."""

    def __init__(self, what: str, cause: Unavailable | BrokenAnswer | None = None) -> None:
        """`cause`: the error of a gateway, which may have other reasons than the size."""
        super().__init__(what)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question cost, in the server's own points."""

    score: int
    limit: int
    size: int


class TooDear(Unavailable):
    """The server cannot answer a question even for one record: REST has to."""


class Refused(UnexpectedAnswer):
    """The server answers with errors: perhaps one record of the page is broken."""


class NotUnderstood(Refused):
    """The server's schema lacks something that a question asks for: REST has to."""


#: What no smaller page helps against.
HOPELESS = (TooDear, NotUnderstood)
#: What makes a walk go by REST for the rest of the run.
REST_HAS_TO = (TooDear, Refused)


class GraphQL:
    """Questions to one server; remembers for a run how large each of them may be."""

    def __init__(self, transport: Transport, page_size: int) -> None:
        """`page_size`: the most records that a person wants per page."""
        self._transport = transport
        self._sizes = {name: min(size, page_size) for name, size in FIRST_SIZES.items()}
        #: fields that this server knows and others do not: `Issue.weight`.
        self.known: frozenset[str] = frozenset()
        #: question -> what it cost last.
        self.costs: dict[str, Cost] = {}

    def size(self, name: str) -> int:
        """How many records a page of this question may hold at present."""
        return self._sizes[name]

    def ask(
        self, name: str, variables: Mapping[str, Any], *, patient: bool = False
    ) -> tuple[dict[str, Any], Answer]:
        """The data of one answer. Raises TooLarge and SourceErrors.

        `patient`: trouble that may have to do with the size is waited for like any other.
        """
        body = {"query": document(name, self.known), "variables": dict(variables)}
        try:
            answer = self._transport.post(PATH, body, attempts=ATTEMPTS if patient else 2)
        except Unavailable as error:
            if patient:
                raise
            if any(mark in error.what.casefold() for mark in _TOO_SLOW):
                raise TooLarge(error.what) from error
            # Gateways in front of the server end what takes too long.
            if any(f"HTTP {status}" in error.what for status in (500, 502, 503, 504)):
                raise TooLarge(error.what, error) from error
            # Whatever else passes is waited for as anywhere.
            answer = self._transport.post(PATH, body)
        except TooManyRequests:
            if patient:
                raise
            answer = self._transport.post(PATH, body)
        except BrokenAnswer as error:
            if patient:
                raise
            # Something between the server and us may cut what is large.
            raise TooLarge(error.what, error) from error
        found = answer.object()
        errors = found.get("errors")
        if errors:
            raise _trouble(name, errors)
        data = found.get("data")
        if not isinstance(data, dict):
            raise UnexpectedAnswer("the answer has no data", where=f"GraphQL {name}")
        return data, answer

    def shrinking(
        self, name: str, variables: Callable[[int], Mapping[str, Any]]
    ) -> tuple[dict[str, Any], int]:
        """The project's part of an answer, and the size of the page that was answered.

        `variables`: those of a page of the given size. A page that is too dear or too slow is
        asked for again at half its size, which is kept for the run. Raises SourceErrors.
        """
        wanted, shrunk, patient = self._sizes[name], 0, False
        while True:
            size = self._sizes[name]
            try:
                data, _ = self.ask(name, variables(size), patient=patient)
            except (Unavailable, BrokenAnswer):
                if patient:
                    self._sizes[name] = wanted
                raise
            except TooLarge as error:
                shrunk += 1
                if error.cause is not None and (size <= 1 or shrunk > _SMALLER):
                    patient = True
                    continue
                if size <= 1:
                    raise TooDear(
                        f"the server cannot answer even for one record: {error}",
                        where=f"GraphQL {name}",
                        todo='Set `api = "rest"` for this connection.',
                    ) from error
                self._sizes[name] = max(1, size // 2)
                continue
            self._note(name, data.get("queryComplexity"), size)
            project = data.get("project")
            if not isinstance(project, dict):
                raise NotFound("not there, or not visible for this token", where=f"GraphQL {name}")
            return project, size

    def _note(self, name: str, told: Any, size: int) -> None:
        if not isinstance(told, dict):
            return
        score, limit = told.get("score"), told.get("limit")
        if isinstance(score, int) and isinstance(limit, int):
            self.costs[name] = Cost(score, limit, size)


def _trouble(name: str, errors: Any) -> Exception:
    """What the errors of an answer mean; they come with status 200."""
    said = "; ".join(
        str(one.get("message") if isinstance(one, dict) else one)
        for one in (errors if isinstance(errors, list) else [errors])[:3]
    )[:300]
    low, where = said.casefold(), f"GraphQL {name}"
    if any(mark in low for mark in (*_TOO_DEAR, *_TOO_SLOW)):
        return TooLarge(said)
    if "invalid token" in low or "insufficient_scope" in low:
        return CannotAuthenticate(
            f"the server refuses the credentials: {said}",
            where=where,
            todo="Check that the token has not expired and has the scope read_api.",
        )
    if "permission" in low or "not authorized" in low:
        return NotAllowed(f"the token has no permission for this: {said}", where=where)
    if any(mark in low for mark in _UNKNOWN):
        return NotUnderstood(f"the server does not know the question: {said}", where=where)
    return Refused(
        f"the server refuses the question: {said}",
        where=where,
        todo='Set `api = "rest"` for this connection, and report it with the server\'s version.',
    )


def nodes(connection: Any) -> list[dict[str, Any]]:
    """The records of a connection that say which they are; null stands for a hidden one."""
    found = connection.get("nodes") if isinstance(connection, dict) else None
    rows = found if isinstance(found, list) else []
    return [one for one in rows if isinstance(one, dict) and one.get("id") is not None]


def has_more(connection: Any) -> bool:
    """Whether a connection goes on after these records."""
    info = connection.get("pageInfo") if isinstance(connection, dict) else None
    return isinstance(info, dict) and info.get("hasNextPage") is True


def number(gid: Any) -> str:
    """The id inside a global id: `gid://gitlab/Issue/12` is `12`."""
    return str(gid).rpartition("/")[2]
