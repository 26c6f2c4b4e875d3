"""The checks of the contract: each takes a world and raises AssertionError with what is wrong."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from pydantic import ValidationError

from connectors.contract import (
    CONTRACT,
    CannotAuthenticate,
    Connector,
    Cursor,
    Identity,
    Mode,
    NotAllowed,
    NotFound,
    Order,
    Page,
    RawRecord,
    ScopeRef,
    SourceError,
    StreamSpec,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    Window,
    WrongAddress,
)
from connectors.testing.world import Fault, World

#: Pages and requests after which a reading is taken for endless.
ENDLESS = 200
#: Requests that a server in lasting trouble may see for one question.
ATTEMPTS = 20
_ERRORS: Mapping[Fault, type[SourceError]] = {
    Fault.REFUSED: CannotAuthenticate,
    Fault.FORBIDDEN: NotAllowed,
    Fault.MISSING: NotFound,
    Fault.BUSY: TooManyRequests,
    Fault.DOWN: Unavailable,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the contract."""

    name: str
    run: Callable[[World], None]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connected connector with the first scope of its incremental stream."""

    connector: Connector
    identity: Identity
    scopes: tuple[ScopeRef, ...]
    spec: StreamSpec
    scope: ScopeRef

    def window(self, **changes: Any) -> Window:
        values = {"run_started_at": self.identity.server_time, "overlap": timedelta(0), **changes}
        return Window(**values)

    def read(self, cursor: Cursor | None = None, window: Window | None = None) -> Iterator[Page]:
        """Pages of the incremental stream, without what they bring along."""
        # Unlike a generator, a map goes on after an error where the connector does.
        return map(partial(_only, self.spec.name), self.everything(cursor, window))

    def everything(
        self, cursor: Cursor | None = None, window: Window | None = None
    ) -> Iterator[Page]:
        return self.connector.read(self.spec.name, self.scope, cursor, window or self.window())


def _open(world: World) -> _Opened:
    connector = world.connector()
    identity = connector.connect()
    scopes = tuple(connector.scopes())
    specs = [spec for spec in connector.streams() if spec.mode is Mode.INCREMENTAL]
    assert specs, "the connector offers no incremental stream"
    spec = specs[0]
    mine = [one for one in scopes if one.kind == spec.scope_kind and one.source_id]
    assert mine, f"the world has no scope of kind {spec.scope_kind!r}"
    return _Opened(connector, identity, scopes, spec, mine[0])


def _only(stream: str, page: Page) -> Page:
    return replace(page, records=tuple(one for one in page.records if one.stream == stream))


def _limited(pages: Iterable[Page]) -> list[Page]:
    found = list(islice(pages, ENDLESS))
    assert len(found) < ENDLESS, f"the reading does not end within {ENDLESS} pages"
    return found


def _records(pages: Iterable[Page]) -> list[RawRecord]:
    return [record for page in pages for record in page.records]


def _ids(pages: Iterable[Page]) -> list[str]:
    return [record.source_id for record in _records(pages)]


def _error(world: World, fault: Fault) -> SourceError:
    """What a reading of the incremental stream raises under a fault from its first page on."""
    opened = _open(world)
    world.fail(fault, opened.spec.name)
    try:
        _limited(opened.read())
    except SourceError as error:
        return error
    finally:
        world.heal()
    raise AssertionError(f"no error although the server is {fault.value}")


# --- before any request ---------------------------------------------------------------------


def contract_version(world: World) -> None:
    """Entry and connector declare the contract they were written for."""
    connector = world.connector()
    assert (world.entry.contract, connector.contract) == (CONTRACT, CONTRACT)
    assert world.entry.name, "the entry has no name"


def silent_construction(world: World) -> None:
    """Building a connector and listing its streams makes no request."""
    before = world.requests()
    world.connector().streams()
    assert world.requests() == before, "a request was made before connecting"


def static_streams(world: World) -> None:
    """Streams are the same each time, have names of their own, and name only each other."""
    connector = world.connector()
    specs = list(connector.streams())
    assert specs == list(connector.streams()), "streams change"
    names = [spec.name for spec in specs]
    assert len(names) == len(set(names)), f"stream names repeat: {sorted(names)}"
    for spec in specs:
        assert {*spec.after, *filter(None, [spec.of])} <= set(names), f"{spec.name} names others"
        needs_parent = spec.mode in (Mode.FOLLOW_UP, Mode.CENSUS)
        assert (spec.of is not None) == needs_parent, f"`of` of {spec.name}"
        watched = spec.watch is None or spec.mode is Mode.FOLLOW_UP
        assert watched, f"{spec.name} is no follow-up and cannot be watched"


def options(world: World) -> None:
    """Options refuse what they do not know and never show a secret."""
    model = world.entry.options
    held = model(**world.options)
    assert world.secret not in f"{held!r} {held}", "the options show a secret"
    try:
        model(**{**world.options, "no_such_option_": 1})
    except ValidationError:
        return
    raise AssertionError("an unknown option is taken without a word")


# --- connecting -----------------------------------------------------------------------------


def identity(world: World) -> None:
    """Connecting tells the same server each time, in aware UTC."""
    first, second = world.connector().connect(), world.connector().connect()
    assert first.server_id == second.server_id
    assert first.server_id, "the server has no identity"
    _assert_utc(first.server_time, "server_time")


def scopes(world: World) -> None:
    """Scopes have immutable ids; one that cannot be resolved says so and stops no other."""
    connector = world.connector(unknown_scope=True)
    connector.connect()
    found = list(connector.scopes())
    lost = [one for one in found if one.facts.get("error")]
    assert lost, "a scope that does not exist is left out without a word"
    for one in lost:
        assert not one.source_id, "an unresolved scope has an id"
        assert one.key in str(one.facts["error"]), "the error does not name the scope"
    kept = [(one.kind, one.source_id) for one in found if not one.facts.get("error")]
    assert all(id_ for _, id_ in kept), "a scope without an id tells no error"
    assert len(kept) == len(set(kept)), "a scope is listed twice"
    assert kept, "one unresolved scope stops all others"


# --- reading --------------------------------------------------------------------------------


def complete_read(world: World) -> None:
    """A whole reading brings exactly what there is, and only its last page is committed."""
    opened = _open(world)
    looked_at = False
    for spec in opened.connector.streams():
        if spec.mode is Mode.FOLLOW_UP:
            continue
        for scope in opened.scopes:
            if scope.kind != spec.scope_kind or not scope.source_id:
                continue
            expected = world.known(spec.name, scope)
            if expected is None:
                continue
            looked_at = True
            read = opened.connector.read(spec.name, scope, None, opened.window())
            pages = [_only(spec.name, page) for page in _limited(read)]
            assert set(_ids(pages)) == expected, f"{spec.name} of {scope.key}"
            committed = [page.committed for page in pages]
            assert committed == [False] * (len(pages) - 1) + [True], f"{spec.name}: {committed}"
    assert looked_at, "the world knows the ids of no stream"


def unique_keys(world: World) -> None:
    """No record comes twice in one walk over a world at rest."""
    ids = _ids(_limited(_open(world).read()))
    assert len(ids) == len(set(ids)), "a record comes twice"
    assert all(ids), "a record has no id"


def declared_order(world: World) -> None:
    """A stream that declares an order keeps it; stamps are aware UTC."""
    opened = _open(world)
    found = _records(_limited(opened.read()))
    stamps = [one.updated_at for one in found if one.updated_at is not None]
    for stamp in stamps:
        _assert_utc(stamp, "updated_at")
    if opened.spec.order is Order.ASCENDING:
        assert stamps == sorted(stamps), "declared ascending, is not"
    if opened.spec.order is Order.DESCENDING:
        assert stamps == sorted(stamps, reverse=True), "declared descending, is not"


def cursor_json(world: World) -> None:
    """A cursor survives JSON."""
    cursors = [page.cursor for page in _limited(_open(world).read()) if page.cursor is not None]
    assert cursors, "no page has a cursor"
    for cursor in cursors:
        try:
            again = json.loads(json.dumps(cursor))
        except TypeError as error:
            raise AssertionError(f"a cursor is no JSON: {error}") from error
        assert again == cursor, "JSON changes a cursor"


def resume(world: World) -> None:
    """Stopped after any page and resumed from the last cursor, nothing is lost."""
    opened = _open(world)
    whole = _limited(opened.read())
    assert len(whole) > 2, "the world is too small to stop in the middle"
    everything = set(_ids(whole))
    for stop in range(1, len(whole)):
        begun = list(islice(opened.read(), stop))
        cursor = _last_cursor(begun)
        rest = _limited(opened.read(cursor))
        missed = everything - set(_ids(begun)) - set(_ids(rest))
        assert not missed, f"stopped after page {stop}, lost {sorted(missed)[:5]}"
        assert rest[-1].committed, "a resumed walk does not end"


def cursor_not_late(world: World) -> None:
    """What changed after the start of a run is read by the next one again: no cursor is later."""
    opened = _open(world)
    touched = _ids([next(opened.read())])[0]
    world.advance(3600)
    world.touch(opened.spec.name, opened.scope, touched)
    world.advance(3600)
    # The window still says when the run began: two hours ago.
    cursor = _limited(opened.read())[-1].cursor
    later = _open(world)
    again = _ids(_limited(later.read(cursor)))
    assert touched in again, "the cursor is later than the start of its run"


def touched_while_reading(world: World) -> None:
    """A record changed between two pages costs no other record."""
    opened = _open(world)
    everything = set(_ids(_limited(opened.read())))
    pages = opened.read()
    first = next(pages)
    world.advance(60)
    for id_ in _ids([first]):
        world.touch(opened.spec.name, opened.scope, id_)
    found = {*_ids([first]), *_ids(_limited(pages))}
    assert everything <= found, f"lost {sorted(everything - found)[:5]}"


def payload(world: World) -> None:
    """A payload is a JSON object as the server sent it, without a secret."""
    opened = _open(world)
    for record in _records(_limited(opened.read())):
        decoded = json.loads(record.payload)
        assert isinstance(decoded, dict), "a payload is no JSON object"
        assert world.secret not in record.payload.decode(), "a payload holds the secret"
        for name, value in world.facts(opened.spec.name, record.source_id).items():
            assert name in decoded, f"{name} is missing in the payload"
            assert decoded[name] == value, f"{name} was changed"


def follow_up(world: World) -> None:
    """Each id handed over is answered: its data came whole, or why it did not."""
    opened = _open(world)
    ids = tuple(_ids([next(opened.read())]))
    for spec in opened.connector.streams():
        if spec.mode is not Mode.FOLLOW_UP or spec.of != opened.spec.name:
            continue
        asked = opened.window(ids=ids)
        pages = _limited(opened.connector.read(spec.name, opened.scope, None, asked))
        done = [id_ for page in pages for id_ in page.done_ids]
        failed = [one.source_id for page in pages for one in page.unreadable]
        assert sorted([*done, *failed]) == sorted(ids), f"{spec.name} does not answer each id once"
        assert set(_ids(pages)) == set(done), f"{spec.name} has records of others"


def brought_along(world: World) -> None:
    """What a page brings beside its own records is child data of exactly these, declared so."""
    opened = _open(world)
    children = {
        spec.name
        for spec in opened.connector.streams()
        if spec.mode is Mode.FOLLOW_UP
        and spec.of == opened.spec.name
        and spec.scope_kind == opened.spec.scope_kind
    }
    for page in _limited(opened.everything()):
        mine = set(_ids([_only(opened.spec.name, page)]))
        for record in page.records:
            if record.stream == opened.spec.name:
                continue
            assert record.stream in children, f"{record.stream} is no follow-up of what is read"
            assert record.source_id in mine, f"{record.stream} has records of others"


def price(world: World) -> None:
    """Reading costs no more requests than the stream declares (one per page of one or more)."""
    opened = _open(world)
    # What several streams share is asked for once and is no part of the price.
    next(opened.read())
    before = world.requests()
    pages = _limited(opened.read())
    spent = world.requests() - before
    allowed = opened.spec.requests_per_item * len(_ids(pages))
    assert spent <= max(1.0, allowed), f"{spent} requests for {len(_ids(pages))} records"


def unknown_stream(world: World) -> None:
    """A stream that does not exist is an error that names it."""
    opened = _open(world)
    said: str | None = None
    try:
        list(opened.connector.read("no-such-stream", opened.scope, None, opened.window()))
    except SourceError as error:
        said = str(error)
    assert said is not None, "a stream that does not exist is read without a word"
    assert "no-such-stream" in said, "the error does not name the stream"


# --- trouble --------------------------------------------------------------------------------


def five_errors(world: World) -> None:
    """Five kinds of trouble are five kinds of errors."""
    for fault, kind in _ERRORS.items():
        error = _error(world, fault)
        assert type(error) is kind, f"{fault.value} is a {type(error).__name__}"


def secrets(world: World) -> None:
    """No secret stands in any error."""
    for fault in _ERRORS:
        error = _error(world, fault)
        shown = f"{error} {error!r} {error.what} {error.where} {error.todo}"
        assert world.secret not in shown, f"the secret stands in the error of {fault.value}"


def bounded_attempts(world: World) -> None:
    """A server in lasting trouble is left alone after some attempts."""
    opened = _open(world)
    world.fail(Fault.DOWN, opened.spec.name)
    before = world.requests()
    try:
        _limited(opened.read())
    except SourceError:
        pass
    finally:
        world.heal()
    spent = world.requests() - before
    assert spent <= ATTEMPTS, f"{spent} requests to a server that is down"


def failing_page_keeps_cursor(world: World) -> None:
    """After a page that failed, the last good cursor brings everything that is left."""
    opened = _open(world)
    everything = set(_ids(_limited(opened.read())))
    world.fail(Fault.DOWN, opened.spec.name, after_pages=1)
    kept: list[Page] = []
    failed = False
    try:
        for page in islice(opened.read(), ENDLESS):
            kept.append(page)
    except SourceError:
        failed = True
    finally:
        world.heal()
    assert failed, "a failing page ends the walk as if it were whole"
    rest = _limited(opened.read(_last_cursor(kept)))
    missed = everything - set(_ids(kept)) - set(_ids(rest))
    assert not missed, f"lost {sorted(missed)[:5]}"


def nothing_after_error(world: World) -> None:
    """A reading that raised is over."""
    opened = _open(world)
    world.fail(Fault.DOWN, opened.spec.name, after_pages=1)
    pages = opened.read()
    failed = False
    try:
        for _ in islice(pages, ENDLESS):
            pass
    except SourceError:
        failed = True
    finally:
        world.heal()
    if failed:
        assert next(pages, None) is None, "pages come after an error"


def repeated_continuation(world: World) -> None:
    """A server that hands out the same continuation again is found out."""
    opened = _open(world)
    world.fail(Fault.REPEATING, opened.spec.name)
    try:
        pages = list(islice(opened.read(), ENDLESS))
    except UnexpectedAnswer:
        return
    finally:
        world.heal()
    what = "is read for ever" if len(pages) >= ENDLESS else "is taken for the end"
    raise AssertionError(f"the same continuation {what}")


def no_foreign_origin(world: World) -> None:
    """Credentials never go to another host than the configured one."""
    opened = _open(world)
    world.fail(Fault.ELSEWHERE, opened.spec.name)
    refused = False
    try:
        _limited(opened.read())
    except WrongAddress:
        refused = True
    except SourceError:
        refused = False
    finally:
        world.heal()
    assert world.requests_elsewhere() == 0, "another host was asked"
    assert refused, "another host is no WrongAddress"


# --- absence, quiet, the end ----------------------------------------------------------------


def look(world: World) -> None:
    """A look answers each id once: alive with its record, or gone with a reason."""
    opened = _open(world)
    census = [s for s in opened.connector.streams() if s.mode is Mode.CENSUS]
    mine = [s.name for s in census if s.of == opened.spec.name] or [s.name for s in census]
    stream = mine[0] if mine else opened.spec.name
    alive, removed = _ids([next(opened.read())])[:2]
    world.remove(opened.spec.name, opened.scope, removed)
    found = list(opened.connector.look(stream, opened.scope, [alive, removed]))
    answers = {one.source_id: one for one in found}
    assert len(found) == len(answers), "an id is answered twice"
    assert set(answers) == {alive, removed}, "an id is not answered"
    assert answers[alive].reason is None, "a living record is called gone"
    record = answers[alive].record
    assert record is not None, "a living record does not come along"
    assert record.source_id == alive
    assert answers[removed].reason is not None, "a removed record is called alive"


def looked_at_record(world: World) -> None:
    """What a look brings of a living record is what a reading brings of it."""
    opened = _open(world)
    census = [s.name for s in opened.connector.streams() if s.mode is Mode.CENSUS]
    mine = [s.name for s in opened.connector.streams() if s.of == opened.spec.name]
    streams = [name for name in census if name in mine]
    if not streams:
        return
    read = next(opened.read()).records[0]
    (found,) = opened.connector.look(streams[0], opened.scope, [read.source_id])
    record = found.record
    if record is None:
        # That is for the check `look`.
        return
    assert record.stream == read.stream, f"a look brings a record of stream {record.stream!r}"
    assert record.shape == read.shape, "a look brings another version of what is asked for"
    told, known = record.updated_at, read.updated_at
    # Some APIs cut stamps to whole seconds.
    same = told == known or (told and known and abs(told - known) < timedelta(seconds=1))
    assert same, f"a look says that it changed last at {told}, a reading says {known}"


def unchanged(world: World) -> None:
    """Only scopes with nothing new are called unchanged."""
    opened = _open(world)
    cursor = _limited(opened.read())[-1].cursor
    assert cursor is not None, "a whole walk leaves no cursor"
    id_ = _ids([next(opened.read())])[0]
    world.advance(3600)
    world.touch(opened.spec.name, opened.scope, id_)
    later = _open(world)
    quiet = later.connector.unchanged(
        later.spec.name, {later.scope.source_id: cursor}, [later.scope], later.window()
    )
    assert later.scope.source_id not in quiet, "a scope with news is called unchanged"


def close(world: World) -> None:
    """Closing twice is fine, before connecting and after."""
    world.connector().close()
    connector = world.connector()
    connector.connect()
    for _ in range(2):
        try:
            connector.close()
        except Exception as error:  # closing may raise nothing at all
            raise AssertionError(f"closing raises {error!r}") from error


# --- helpers --------------------------------------------------------------------------------


def _last_cursor(pages: Iterable[Page]) -> Cursor | None:
    """The cursor as the engine keeps it: through JSON, the newest that was told."""
    cursor: Cursor | None = None
    for page in pages:
        if page.cursor is not None:
            cursor = json.loads(json.dumps(page.cursor, default=str))
    return cursor


def _assert_utc(moment: datetime, name: str) -> None:
    assert moment.utcoffset() == timedelta(0), f"{name} is not aware UTC: {moment!r}"


_ALL: tuple[Callable[[World], None], ...] = (
    contract_version,
    silent_construction,
    static_streams,
    options,
    identity,
    scopes,
    complete_read,
    unique_keys,
    declared_order,
    cursor_json,
    resume,
    cursor_not_late,
    touched_while_reading,
    payload,
    follow_up,
    brought_along,
    price,
    unknown_stream,
    five_errors,
    secrets,
    bounded_attempts,
    failing_page_keeps_cursor,
    nothing_after_error,
    repeated_continuation,
    no_foreign_origin,
    look,
    looked_at_record,
    unchanged,
    close,
)

#: Every check, by the name that failing tests show.
CHECKS: Mapping[str, Check] = {
    one.__name__.replace("_", "-"): Check(one.__name__.replace("_", "-"), one) for one in _ALL
}
