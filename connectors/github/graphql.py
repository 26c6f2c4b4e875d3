"""GraphQL in one place: one question, its partial answers, and pages that shrink under load."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import (
    BrokenAnswer,
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    SourceError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
)
from connectors.github.client import graphql_url
from connectors.transport import Transport

#: Successful pages after which a shrunken page grows again.
GROW_AFTER = 8

#: Kinds of errors that say "too much at once"; a smaller question may be answered.
_TOO_MUCH = frozenset({"MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "TIMEOUT"})
_TIMED_OUT = ("timeout", "timed out", "something went wrong while executing")


class TooMuch(Unavailable):
    """The server cannot answer a question of this size."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that left a hole in an answer that is otherwise good."""

    #: vendor's kind: `FORBIDDEN`, `NOT_FOUND`, …
    kind: str
    message: str
    path: tuple[str | int, ...]

    @property
    def status(self) -> int:
        """The HTTP status that REST would give for it."""
        return {"FORBIDDEN": 403, "NOT_FOUND": 404}.get(self.kind, 500)


@dataclass(frozen=True, slots=True)
class Found:
    """What a question gave; `holes` say which parts are missing and why."""

    data: dict[str, Any]
    holes: tuple[Trouble, ...] = ()

    def holes_below(self, *path: str | int) -> tuple[Trouble, ...]:
        """Holes inside one part of the data."""
        return tuple(one for one in self.holes if one.path[: len(path)] == path)


@dataclass(slots=True)
class Sizes:
    """Page sizes that worked, per scope and question; shared by the threads of a run."""

    _held: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, scope: str, question: str, most: int) -> int:
        """The size to try, at most `most`."""
        with self._lock:
            return min(most, self._held.get((scope, question), [most, 0])[0])

    def recall(self, scope: str, question: str, size: object) -> None:
        """A size that an earlier run ended with, kept in its cursor; None: it never shrank."""
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            with self._lock:
                self._held.setdefault((scope, question), [size, 0])

    def shrunken(self, scope: str, question: str) -> int | None:
        """The size to keep for the next run; None where it never shrank."""
        with self._lock:
            held = self._held.get((scope, question))
            return None if held is None else held[0]

    def shrink(self, scope: str, question: str, size: int) -> int:
        """Half of a size that was too much."""
        with self._lock:
            half = max(1, size // 2)
            self._held[scope, question] = [half, 0]
            return half

    def worked(self, scope: str, question: str, most: int) -> None:
        """A page of the present size was answered: after some of them it grows by half."""
        with self._lock:
            held = self._held.get((scope, question))
            if held is None:
                return
            held[1] += 1
            if held[1] >= GROW_AFTER and held[0] < most:
                held[:] = [min(most, held[0] + max(1, held[0] // 2)), 0]


def ask(
    transport: Transport,
    text: str,
    variables: Mapping[str, Any],
    *,
    where: str,
    can_shrink: bool = False,
) -> Found:
    """The answer to one document.

    `can_shrink`: the question can be made smaller; where the server is overloaded by it, TooMuch is
    raised at once in place of asking the same again. Raises NotFound or NotAllowed where nothing of
    what was asked for came, and other SourceErrors.
    """
    found = _post(transport, {"query": text, "variables": dict(variables)}, where, can_shrink)
    troubles = tuple(_trouble(one) for one in _list(found.get("errors")))
    data = found.get("data")
    if any(_too_much(one) for one in troubles):
        kind = TooMuch if can_shrink else Unavailable
        raise kind(
            f"the server cannot answer so much at once: {troubles[0].message[:200]}",
            where=where,
            todo="The next run goes on; nothing is lost.",
        )
    if not isinstance(data, dict) or (troubles and not any(_asked_for(data))):
        raise failed(troubles, where)
    return Found(data, troubles)


def _post(
    transport: Transport, body: Mapping[str, Any], where: str, can_shrink: bool
) -> dict[str, Any]:
    url = graphql_url(transport.base_url)
    if can_shrink:
        try:
            return transport.post(url, body, attempts=1).object()
        except Unavailable as error:
            # An overload costs points each time; other trouble passes and is waited for below.
            if _is_overload(error):
                raise TooMuch(error.what, where=where, todo=error.todo) from error
        except (TooManyRequests, BrokenAnswer):
            pass
    return transport.post(url, body).object()


def repository(found: Found, repository_id: str, where: str) -> dict[str, Any]:
    """The repository that a document asks for by its node. Raises SourceErrors."""
    node = found.data.get("node")
    if not isinstance(node, dict) or str(node.get("databaseId")) != repository_id:
        raise (
            failed(found.holes, where)
            if found.holes
            else NotFound("the repository is gone or out of sight", where=where)
        )
    return node


def connection(parent: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    """A connection with its nodes. Raises UnexpectedAnswer if it is none."""
    held = parent.get(name)
    if not isinstance(held, dict) or not isinstance(held.get("nodes"), list):
        raise UnexpectedAnswer(f"the answer has no {name}", where=where)
    return held


def next_cursor(held: Mapping[str, Any], after: str | None = None) -> str | None:
    """Cursor of the next page; None at the end.

    Raises UnexpectedAnswer if it is the one that was asked from, `after`.
    """
    info = held.get("pageInfo")
    if not isinstance(info, dict) or info.get("hasNextPage") is not True:
        return None
    cursor = info.get("endCursor")
    if not isinstance(cursor, str):
        return None
    if cursor == after:
        raise UnexpectedAnswer("the server repeats a page for ever", where="GraphQL")
    return cursor


def _is_overload(error: SourceError) -> bool:
    """A gateway that gave up, or no answer in time: what GitHub does after ten seconds."""
    return any(word in error.what for word in ("HTTP 502", "HTTP 504", "timed out"))


def _too_much(one: Trouble) -> bool:
    said = one.message.lower()
    return one.kind in _TOO_MUCH or (not one.path and any(word in said for word in _TIMED_OUT))


def _asked_for(data: Mapping[str, Any]) -> list[bool]:
    return [bool(value) for name, value in data.items() if name != "rateLimit"]


def _trouble(raw: Any) -> Trouble:
    one = raw if isinstance(raw, dict) else {}
    extensions = one.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    path = tuple(part for part in _list(one.get("path")) if isinstance(part, (str, int)))
    return Trouble(
        str(one.get("type") or code or "UNKNOWN"), str(one.get("message") or "no reason"), path
    )


def failed(troubles: Sequence[Trouble], where: str) -> SourceError:
    """The error that these holes amount to where they are all that came."""
    kinds = {one.kind for one in troubles}
    said = "; ".join(dict.fromkeys(one.message for one in troubles))[:300] or "no data"
    if "FORBIDDEN" in kinds or "INSUFFICIENT_SCOPES" in kinds:
        todo = "Run `driftline check` to see which permission is missing."
        if "saml" in said.lower():
            todo = "Open the token's settings on GitHub, choose Configure SSO and authorise it."
        return NotAllowed(f"the token has no permission for this: {said}", where=where, todo=todo)
    if kinds == {"NOT_FOUND"}:
        return NotFound(f"not there, or not visible for this token: {said}", where=where)
    if "UNAUTHENTICATED" in kinds:
        return CannotAuthenticate(f"the server refuses the credentials: {said}", where=where)
    return UnexpectedAnswer(
        f"the server refuses the question: {said}",
        where=where,
        todo='Write api = "rest" for this connection, and report it with the server\'s version.',
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
