"""What a connector promises and what the engine may ask: data, a protocol, and the errors.

A connector speaks one vendor's dialect: it fetches raw records page by page and proves what it
read. It writes nothing, prints nothing and never sleeps by itself (`transport.py` owns waiting).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

#: Major version of this contract; the registry refuses a connector that declares another.
CONTRACT = 1


class Order(StrEnum):
    """In which order a stream's records arrive, by its cursor field."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    UNORDERED = "unordered"


class Deletions(StrEnum):
    """How a deletion becomes visible in a stream."""

    REPORTED = "reported"
    BY_FULL_LISTING = "by_full_listing"
    INVISIBLE = "invisible"


class Mode(StrEnum):
    """How a stream is read.

    `SNAPSHOT`: whole listing each run, small. `INCREMENTAL`: by cursor. `FOLLOW_UP`: for ids that
    the engine hands over because their child data is pending. `CENSUS`: ids only, proves absence.
    """

    SNAPSHOT = "snapshot"
    INCREMENTAL = "incremental"
    FOLLOW_UP = "follow_up"
    CENSUS = "census"


#: JSON object made and read by the connector only; the engine stores it and looks at nothing in it.
Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream a connector offers: static data, known without a request."""

    name: str
    #: scope kind it is read for: `site`, `project`, `board`, `repository`, `group`.
    scope_kind: str
    mode: Mode
    order: Order = Order.UNORDERED
    deletions: Deletions = Deletions.INVISIBLE
    #: kinds of normalized records it feeds, for documentation and `needs` of detectors. A complete
    #: listing of `status`, `field`, `release` or a kind of milestone ends what it does not name; a
    #: FOLLOW_UP that feeds `history` is asked for by the state of each item; parents of others are
    #: change requests or runs where `of` feeds `change_request` or `pipeline_run`, else work items.
    #: `board_item`: lines of a board that say something of items of other scopes; it is read after
    #: those, and a line that its whole listing missed is looked at (`Connector.look`).
    feeds: tuple[str, ...] = ()
    #: how far a cursor is set back at each run, and once a day.
    overlap: timedelta = timedelta(minutes=15)
    daily_overlap: timedelta = timedelta(hours=24)
    #: streams of the same connection whose rows must be stored before this one is read.
    after: tuple[str, ...] = ()
    #: FOLLOW_UP: how many ids one call of `read` takes at most.
    batch: int = 500
    #: FOLLOW_UP: the stream whose items need it; CENSUS: the stream whose rows it counts.
    of: str | None = None
    #: FOLLOW_UP: read again while the item may still change without a sign in `of`: an open change
    #: request, or one that landed within this time (its checks may finish late); likewise a run or
    #: a work item that is not over, or ended within this time.
    watch: timedelta | None = None
    #: permissions needed, in the vendor's own words.
    permissions: tuple[str, ...] = ()
    #: declared price: requests per changed item (upper bound), asserted in tests.
    requests_per_item: float = 1.0
    #: whether a missing permission or feature makes it `unavailable` and not a failure.
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ScopeRef:
    """A scope to read: kind, immutable id, and what a person calls it."""

    kind: str
    source_id: str
    key: str
    name: str = ""
    #: immutable id of the project that a board belongs to.
    parent_id: str | None = None
    #: vendor facts the connector wants back at `read` (for example the board's type). `error`: why
    #: it cannot be read, a sentence. `open`: {streams joined by `+`: how many open records of them
    #: the server counts}, where that costs no request: where we count others, a census is due.
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RawRecord:
    """One record as the server sent it, minus secrets. `payload` is JSON bytes."""

    stream: str
    source_id: str
    payload: bytes
    #: the vendor's own change instant, if the record has one.
    updated_at: datetime | None = None
    #: version of the query shape (fields asked for); a new shape re-reads.
    shape: int = 1
    #: what `payload` decodes to, where the connector has it at hand: it is not decoded again. The
    #: engine takes it out when it has read it, as it needs far more memory than the payload.
    parsed: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that the server named but that could not be read, with the reason."""

    source_id: str
    reason: str
    #: `missing` (gone or hidden), `forbidden`, `broken` (answer not understood), `cut` (truncated).
    kind: str = "broken"


@dataclass(frozen=True, slots=True)
class Page:
    """What one request (or one bundle) gave: the unit of commit.

    A record names its stream itself: a page may bring records of a FOLLOW_UP stream of the same
    scope along (a pull request with its reviews), which then has nothing left to ask for them.
    `cursor` is true *after* this page (progress of the walk), or None when this page allows none.
    `committed` marks the last page: `cursor` is then the next run's starting point.
    """

    records: tuple[RawRecord, ...]
    cursor: Cursor | None = None
    committed: bool = False
    unreadable: tuple[Unreadable, ...] = ()
    #: what the server says the whole walk will bring, if it says so; for progress only.
    expected: int | None = None
    #: ids asked for in a FOLLOW_UP whose child data came whole in this page.
    done_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """What the engine wants from one call of `read`."""

    #: server time at the start of the run (UTC); no cursor may be later.
    run_started_at: datetime
    #: lower bound for closed work at a first load (UTC); None = everything.
    since: datetime | None = None
    #: overlap to apply in this run (the short one or the daily one).
    overlap: timedelta = timedelta(minutes=15)
    #: FOLLOW_UP: ids whose child data is pending; CENSUS of absence: ids to look at one by one.
    ids: tuple[str, ...] = ()
    #: FOLLOW_UP: what people call these ids (`ABC-12`, `owner/name#7`), as far as it is stored.
    keys: Mapping[str, str] = field(default_factory=dict)
    #: forget the cursor and read everything again.
    full: bool = False
    #: names that map a field to a role for this connection (estimate fields and the like).
    hints: Mapping[str, Any] = field(default_factory=dict)


class GoneReason(StrEnum):
    """Why something is no longer where it was; never guessed."""

    DELETED = "deleted"
    MOVED = "moved"
    TRANSFERRED = "transferred"
    HIDDEN = "hidden"
    LEFT_SCOPE = "left_scope"
    CONVERTED = "converted"
    #: the server tells deleted from hidden for nobody: one of the two.
    DELETED_OR_HIDDEN = "deleted_or_hidden"


@dataclass(frozen=True, slots=True)
class Gone:
    """The answer to a look at one id that a census missed.

    `reason` None: it is alive in the scope (the census was behind); the record comes along.
    """

    source_id: str
    reason: GoneReason | None
    #: new scope id and key after a move or transfer.
    to_scope_id: str | None = None
    to_key: str | None = None
    record: RawRecord | None = None
    detail: str = ""


class Outcome(StrEnum):
    """How a stream's reading ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    #: the vendor does not offer it here (no permission needed by optional data, feature off).
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server was found to honour, kept with an expiry instead of assumed."""

    name: str
    value: Any
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what answered at connect."""

    #: normalized server identity: the same site configured twice is detected by it.
    server_id: str
    server_name: str
    version: str
    #: `cloud`, `datacenter`, `enterprise`, `gitlab.com`, `self-managed`.
    deployment: str
    account_id: str
    account_name: str
    #: IANA time zone of the account's profile, which some query languages use.
    account_time_zone: str
    #: server clock minus ours, seconds, from the Date header; None if it sent none.
    clock_offset_seconds: float | None
    #: the server's time at connect (UTC).
    server_time: datetime
    base_url: str
    capabilities: tuple[Capability, ...] = ()
    token_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of `driftline check`: what was looked at, whether it holds, what to do."""

    name: str
    ok: bool | None
    detail: str
    #: what becomes *not checked* without it, and what to do or ask for.
    remedy: str = ""
    #: permission in the vendor's words, when the item is about one.
    permission: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Notice that requests wait for a limit; shown instead of a silent sleep."""

    until: datetime
    reason: str
    #: the limit, `*` for one on all that the token does; empty: the server has trouble.
    bucket: str
    #: False: it is longer than the run may wait, so what needs this bucket ends here.
    waits: bool = True


class Connector(Protocol):
    """The promises of a connector. Constructing it and listing streams makes no request."""

    name: str
    contract: int

    def streams(self) -> Sequence[StreamSpec]:
        """Every stream it offers; static."""
        ...

    def connect(self) -> Identity:
        """Authenticate, find out server kind and capabilities. Raises `SourceError`s."""
        ...

    def scopes(self) -> Sequence[ScopeRef]:
        """The configured scopes, resolved to immutable ids (the `site` scope first).

        A scope that cannot be resolved comes with `facts["error"]` (a sentence) and an empty id.
        """
        ...

    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        """Pages of a stream; stopped after any and resumed from its cursor, nothing is lost."""
        ...

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        """Look at ids that a census, or the listing of a board, missed: one answer for each.

        Raises NotAllowed where the scope itself is out of sight: then nothing is proven.
        `scope.facts["keys"]` holds what people call them, as far as it is stored.
        """
        ...

    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        """Source ids of scopes proven to have nothing new in `stream`; empty set when unsure."""
        ...

    def check(self) -> Sequence[CheckItem]:
        """What works, which permission is missing, for `driftline check`.

        A connector may also offer `whereabouts(scope) -> Gone`: what became of a scope that it no
        longer lists. LEFT_SCOPE with a `detail` (it is archived) is the only answer that ends the
        reading; any other, or none, leaves what is stored as it is and is told as trouble.
        """
        ...

    def close(self) -> None:
        """Release sessions."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the engine lends a connector: clock, waiting, notices and the shared budget."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    on_pause: Callable[[Pause], None] = lambda pause: None
    #: called after each answered request with (bucket, limit, remaining, reset_at) when told.
    on_budget: Callable[[str, int | None, int | None, datetime | None], None] = (
        lambda bucket, limit, remaining, reset: None
    )
    #: instant (UTC) before which another process of the same token found a bucket closed, if any.
    closed_until: Callable[[str], datetime | None] = lambda bucket: None
    #: longest total waiting for limits in one run, seconds.
    max_wait_seconds: float = 900.0
    #: share of a limit kept free for people, 0 to 1.
    reserve: float = 0.1
    #: proxies and CA bundle for every client, as configured.
    proxy: str | None = None
    ca_bundle: str | None = None
    timeout_seconds: float = 30.0
    #: largest answer that is taken, unpacked; what is larger is refused while it arrives.
    max_answer_bytes: int = 64 * 2**20
    user_agent: str = "driftline"


@dataclass(frozen=True, slots=True)
class ScopeOption:
    """An option that chooses what is read: another value of it moves the fence."""

    #: kind of the scopes that it names.
    kind: str
    #: value with which the connector finds by itself what there is.
    everything: Any = ()


@dataclass(frozen=True, slots=True)
class ConnectorEntry:
    """What a registry entry names: how to validate options and build the connector."""

    name: str
    contract: int
    options: type[BaseModel]
    build: Callable[[str, Any, Runtime], Connector]
    #: one line for `connectors list`.
    summary: str = ""
    streams: Callable[[], Sequence[StreamSpec]] = tuple
    #: options that choose scopes: one that they no longer name has left; one that is not listed
    #: though they are as before is trouble. Without them any change of an option counts.
    choosing: Mapping[str, ScopeOption] = field(default_factory=dict)
    #: kinds of token that it takes; of driftline's own each has a page in `docs/tokens`.
    tokens: tuple[str, ...] = ()


# --- errors, grouped by what to do next -----------------------------------------------------


class SourceError(Exception):
    """Trouble with one source; the others go on.

    `what` happened, `where` (system and request), `todo` (what to do). Never holds a secret.
    """

    #: whether another attempt may help within this run.
    retryable = False

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        """Keep the three parts apart, so that reports can show them apart."""
        self.what, self.where, self.todo = what, where, todo
        said = f"{what} ({where})" if where else what
        if todo and said[-1:] not in ".!?)":
            said += "."
        super().__init__(f"{said} {todo}".rstrip())


class CannotAuthenticate(SourceError):
    """The server refused the credentials. Stop the source; never retry a login.

    `counts`: the server counts refused logins of this kind and locks the account, so that no later
    run may try them by itself.
    """

    def __init__(self, what: str, *, where: str = "", todo: str = "", counts: bool = False) -> None:
        """Keep what a later run must know."""
        super().__init__(what, where=where, todo=todo)
        self.counts = counts


class NotAllowed(SourceError):
    """The credentials are fine and the permission is missing."""


class NotFound(SourceError):
    """Not there, or not visible for this token."""


class WrongAddress(SourceError):
    """The address answers, but not as this vendor's API (HTML page, other host)."""


class TooManyRequests(SourceError):
    """The limit was hit and waiting would take longer than allowed."""

    retryable = True

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", until: datetime | None = None
    ) -> None:
        """Remember until when the server wants us to pause (UTC)."""
        super().__init__(what, where=where, todo=todo)
        self.until = until


class Unavailable(SourceError):
    """Server trouble or no network, after the attempts allowed."""

    retryable = True


class UnexpectedAnswer(SourceError):
    """An answer that contradicts the vendor's contract; the stream stops, its cursor stays."""


class BrokenAnswer(UnexpectedAnswer):
    """An answer that was garbled or cut on its way; another attempt may bring it whole."""

    retryable = True


class FeatureOff(SourceError):
    """The vendor says this part does not exist here (board without sprints, feature disabled)."""
