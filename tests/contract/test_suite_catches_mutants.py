"""Each check of the contract suite is failed by a connector that is broken in just that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from pydantic import BaseModel, ConfigDict, SecretStr
from support.toy import PAGE, SECRET, STREAMS, ToyConnector, ToyOptions, ToyServer, ToyWorld

from connectors.contract import (
    CONTRACT,
    CannotAuthenticate,
    Cursor,
    Gone,
    Identity,
    Mode,
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    SourceError,
    StreamSpec,
    Unavailable,
    UnexpectedAnswer,
    Window,
    WrongAddress,
)
from connectors.testing.checks import CHECKS
from connectors.testing.suite import ContractSuite


class TestToy(ContractSuite):
    """The honest toy keeps every promise."""

    @pytest.fixture
    def world(self) -> ToyWorld:
        return ToyWorld()


class OtherContract(ToyConnector):
    contract = CONTRACT + 1


class Talkative(ToyConnector):
    """Asks for something while it is built."""

    def __init__(self, server: ToyServer, options: ToyOptions) -> None:
        super().__init__(server, options)
        server.ask("me")


class TwoOfOneName(ToyConnector):
    def streams(self) -> Sequence[StreamSpec]:
        return (*STREAMS, STREAMS[0])


class LaxOptions(BaseModel):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")

    token: SecretStr


class OpenOptions(ToyOptions):
    """Shows its token."""

    token: str  # type: ignore[assignment] # wrong on purpose


class NaiveTime(ToyConnector):
    def connect(self) -> Identity:
        found = super().connect()
        return replace(found, server_time=found.server_time.replace(tzinfo=None))


class SilentAboutScopes(ToyConnector):
    def scopes(self) -> Sequence[ScopeRef]:
        return [one for one in super().scopes() if one.source_id]


class StopsAtShortPages(ToyConnector):
    """Takes a page that is not full for the last one, and drops the rest of it."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        for page in super().items(scope, cursor, window):
            if len(page.records) < PAGE and not cursor:
                yield Page((), page.cursor, committed=True)
                return
            yield page


class RepeatsARecord(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        last: tuple[RawRecord, ...] = ()
        for page in super().items(scope, cursor, window):
            yield replace(page, records=(*last, *page.records))
            last = page.records[-1:]


class Backwards(ToyConnector):
    def records(self, items: Any) -> tuple[RawRecord, ...]:
        return super().records(items)[::-1]


class DateInCursor(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        for page in super().items(scope, cursor, window):
            yield replace(page, cursor={**(page.cursor or {}), "at": window.run_started_at})


class MovesCursorTooSoon(ToyConnector):
    """Its cursor names the page after the one that was handed over."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        held: Page | None = None
        for page in super().items(scope, cursor, window):
            if held is not None:
                yield replace(held, cursor=page.cursor if not page.committed else held.cursor)
            held = page
        if held is not None:
            yield held


class CommitsNow(ToyConnector):
    """Takes the end of the run for its start."""

    def started(self, window: Window) -> int:
        return int(self.server.now.timestamp() * 1000)


class ByOffset(ToyConnector):
    """Pages by position through an order that moves."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        if cursor or self.server.fault is not None:
            yield from super().items(scope, cursor, window)
            return
        offset = 0
        since = 0
        while True:
            answer = self.server.ask("item-at", scope=scope.source_id, offset=offset)
            records = self.records(answer["items"])
            offset += PAGE
            if len(records) < PAGE:
                yield Page(records, {"since": self.started(window)}, committed=True)
                return
            last = answer["items"][-1]
            yield Page(records, {"since": since, "after": [last["updated"], last["id"]]})


class RenamesAField(ToyConnector):
    def record(self, item: Mapping[str, Any]) -> RawRecord:
        renamed = {("name" if key == "title" else key): value for key, value in item.items()}
        return replace(super().record(item), payload=orjson.dumps(renamed))


class KeepsATokenInThePayload(ToyConnector):
    def record(self, item: Mapping[str, Any]) -> RawRecord:
        payload = orjson.dumps({**item, "token": SECRET})
        return replace(super().record(item), payload=payload)


class ForgetsAnId(ToyConnector):
    def notes(self, window: Window) -> Iterator[Page]:
        for page in super().notes(window):
            yield Page(page.records[1:], committed=True, done_ids=page.done_ids[1:])


class WatchesItsItems(ToyConnector):
    """Only child data can be watched."""

    def streams(self) -> Sequence[StreamSpec]:
        return [
            replace(spec, watch=timedelta(days=1)) if spec.mode is Mode.INCREMENTAL else spec
            for spec in STREAMS
        ]


class BringsStrangers(ToyConnector):
    """Brings child data along of items that the page does not name."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        for page in super().items(scope, cursor, window):
            along = RawRecord("notes", "0", b'{"id":"0"}')
            yield replace(page, records=(*page.records, along))


class BringsAnUndeclaredStream(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        for page in super().items(scope, cursor, window):
            along = [replace(one, stream="extras") for one in page.records]
            yield replace(page, records=(*page.records, *along))


class AsksPerItem(ToyConnector):
    def record(self, item: Mapping[str, Any]) -> RawRecord:
        self.server.requests += 1
        return super().record(item)


class ReadsAnyStream(ToyConnector):
    def read(
        self, stream: str, scope: ScopeRef, cursor: Cursor | None, window: Window
    ) -> Iterator[Page]:
        if stream not in {spec.name for spec in STREAMS}:
            return iter(())
        return super().read(stream, scope, cursor, window)


class OneErrorForAll(ToyConnector):
    """Raises the same for a refused token and a missing record."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        try:
            yield from super().items(scope, cursor, window)
        except CannotAuthenticate as error:
            raise NotFound(error.what) from error


class TellsTheSecret(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        try:
            yield from super().items(scope, cursor, window)
        except SourceError as error:
            raise type(error)(error.what, where=f"?token={SECRET}") from error


class RetriesForEver(ToyConnector):
    """A library's own retries under ours."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        try:
            yield from super().items(scope, cursor, window)
        except Unavailable:
            self.server.requests += 60
            raise


class SwallowsTrouble(ToyConnector):
    """Ends a walk as if it were whole when a later page fails."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        begun = False
        try:
            for page in super().items(scope, cursor, window):
                yield page
                begun = True
        except Unavailable:
            if not begun:
                raise
            yield Page((), {"since": self.started(window)}, committed=True)


class _GoesOn:
    """Pages that come after an error."""

    def __init__(self, pages: Iterator[Page]) -> None:
        self.pages, self.failed = pages, False

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        if self.failed:
            return Page((), None)
        try:
            return next(self.pages)
        except SourceError:
            self.failed = True
            raise


class GoesOnAfterAnError(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        return _GoesOn(super().items(scope, cursor, window))


class NeverSeesARepeat(ToyConnector):
    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        while True:
            try:
                yield from super().items(scope, cursor, window)
            except UnexpectedAnswer:
                continue
            return


class FollowsAnywhere(ToyConnector):
    """Follows a redirect to another host with its token."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        try:
            yield from super().items(scope, cursor, window)
        except WrongAddress:
            self.server.requests_elsewhere += 1
            raise


class CallsItUnavailable(ToyConnector):
    """Does not follow, and does not say that the address is wrong."""

    def items(self, scope: ScopeRef, cursor: dict[str, Any], window: Window) -> Iterator[Page]:
        try:
            yield from super().items(scope, cursor, window)
        except WrongAddress as error:
            raise UnexpectedAnswer(error.what) from error


class LeavesGoneOut(ToyConnector):
    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        return [one for one in super().look(stream, scope, ids) if one.reason is None]


class GuessesDeleted(ToyConnector):
    """Calls everything deleted that a census missed."""

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        found = super().look(stream, scope, ids)
        gone = [one for one in found if one.reason is not None]
        return [replace(gone[0], source_id=id_) for id_ in ids] if gone else found


class _LooksOtherwise(ToyConnector):
    changes: Mapping[str, Any] = {}

    def look(self, stream: str, scope: ScopeRef, ids: Sequence[str]) -> Sequence[Gone]:
        return [
            one if one.record is None else replace(one, record=replace(one.record, **self.changes))
            for one in super().look(stream, scope, ids)
        ]


class LooksWithoutATime(_LooksOtherwise):
    """Nobody can tell then whether the record moved since it was read."""

    changes = {"updated_at": None}


class LooksUnderAnotherName(_LooksOtherwise):
    changes = {"stream": "census"}


class LooksInAnotherShape(_LooksOtherwise):
    changes = {"shape": 99}


class AlwaysQuiet(ToyConnector):
    def unchanged(
        self, stream: str, cursors: Mapping[str, Cursor], scopes: Sequence[ScopeRef], window: Window
    ) -> frozenset[str]:
        return frozenset(one.source_id for one in scopes)


class ClosesOnce(ToyConnector):
    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        super().close()


MUTANTS: list[tuple[str, type[ToyConnector]]] = [
    ("contract-version", OtherContract),
    ("silent-construction", Talkative),
    ("static-streams", TwoOfOneName),
    ("identity", NaiveTime),
    ("scopes", SilentAboutScopes),
    ("complete-read", StopsAtShortPages),
    ("unique-keys", RepeatsARecord),
    ("declared-order", Backwards),
    ("cursor-json", DateInCursor),
    ("resume", MovesCursorTooSoon),
    ("cursor-not-late", CommitsNow),
    ("touched-while-reading", ByOffset),
    ("payload", RenamesAField),
    ("payload", KeepsATokenInThePayload),
    ("follow-up", ForgetsAnId),
    ("static-streams", WatchesItsItems),
    ("brought-along", BringsStrangers),
    ("brought-along", BringsAnUndeclaredStream),
    ("price", AsksPerItem),
    ("unknown-stream", ReadsAnyStream),
    ("five-errors", OneErrorForAll),
    ("secrets", TellsTheSecret),
    ("bounded-attempts", RetriesForEver),
    ("failing-page-keeps-cursor", SwallowsTrouble),
    ("nothing-after-error", GoesOnAfterAnError),
    ("repeated-continuation", NeverSeesARepeat),
    ("no-foreign-origin", FollowsAnywhere),
    ("no-foreign-origin", CallsItUnavailable),
    ("look", LeavesGoneOut),
    ("look", GuessesDeleted),
    ("looked-at-record", LooksWithoutATime),
    ("looked-at-record", LooksUnderAnotherName),
    ("looked-at-record", LooksInAnotherShape),
    ("unchanged", AlwaysQuiet),
    ("close", ClosesOnce),
]


def failing(world: type[ToyWorld]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            check.run(world())
        except Exception as error:  # noqa: BLE001 - a broken connector may raise anything
            found[name] = repr(error)
    return found


@pytest.mark.parametrize(
    ("check", "mutant"), MUTANTS, ids=[mutant.__name__ for _, mutant in MUTANTS]
)
def test_a_broken_connector_fails_its_check_and_no_other(
    check: str, mutant: type[ToyConnector]
) -> None:
    class World(ToyWorld):
        kind = mutant

    found = failing(World)
    assert set(found) == {check}
    assert found[check].startswith("AssertionError")


@pytest.mark.parametrize("model", [LaxOptions, OpenOptions])
def test_options_that_take_anything_or_show_secrets_fail_their_check(
    model: type[BaseModel],
) -> None:
    class World(ToyWorld):
        entry = replace(ToyWorld.entry, options=model)

    assert set(failing(World)) == {"options"}


def test_no_check_is_without_a_connector_that_fails_it() -> None:
    assert {check for check, _ in MUTANTS} | {"options"} == set(CHECKS)


def test_a_check_that_a_vendor_cannot_answer_is_skipped_with_the_reason() -> None:
    class World(ToyWorld):
        cannot = {"look": "the toy has no look"}

    with pytest.raises(pytest.skip.Exception, match="the toy has no look"):
        ContractSuite().test_contract("look", World())
