"""What the suite asks of the served world behind a connector under test."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from connectors.contract import Connector, ConnectorEntry, ScopeRef


class Fault(StrEnum):
    """What a world can be told to do wrong, until it is healed."""

    #: every answer refuses the credentials (HTTP 401).
    REFUSED = "refused"
    #: the stream's answers say that a permission is missing (HTTP 403).
    FORBIDDEN = "forbidden"
    #: the stream's answers say that it is not there (HTTP 404).
    MISSING = "missing"
    #: the limit is reached for longer than the run may wait (HTTP 429).
    BUSY = "busy"
    #: the server has trouble and goes on having it (HTTP 503).
    DOWN = "down"
    #: pages hand out the same continuation for ever.
    REPEATING = "repeating"
    #: the server sends the reader to another host.
    ELSEWHERE = "elsewhere"


class World(Protocol):
    """A served world with at least three pages of the incremental stream in its first scope.

    Waiting in it is virtual. Faults echo the secret in their texts, as careless servers do.
    """

    entry: ConnectorEntry
    #: the secret that `connector()` logs in with.
    secret: str
    #: valid options, as a person would write them.
    options: Mapping[str, Any]
    #: check -> why this vendor cannot be asked that.
    cannot: Mapping[str, str]

    def connector(self, *, unknown_scope: bool = False) -> Connector:
        """A new connector, not connected; with a configured scope that does not exist if asked."""
        ...

    def requests(self) -> int:
        """Requests the server has received."""
        ...

    def requests_elsewhere(self) -> int:
        """Requests that reached any other host."""
        ...

    def now(self) -> datetime:
        """The server's present (UTC)."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def known(self, stream: str, scope: ScopeRef) -> frozenset[str] | None:
        """Ids that a whole reading of the stream must bring; None if the world does not say."""
        ...

    def facts(self, stream: str, source_id: str) -> Mapping[str, Any]:
        """Top-level values of the record as the server sends them; empty if it does not say."""
        ...

    def touch(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        """Change the record now."""
        ...

    def remove(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        """Delete the record for good."""
        ...

    def fail(self, fault: Fault, stream: str, *, after_pages: int = 0) -> None:
        """Go wrong from the stream's page after `after_pages` on, until `heal`."""
        ...

    def heal(self) -> None:
        """Serve properly again."""
        ...
