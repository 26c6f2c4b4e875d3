"""Hold the store against the servers: counts, and single records read again; writes nothing.

What a server says now goes the way of every reading (the same connector, the same normalizer, the
same writer) into a store in memory, whose rows are then compared with ours.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.contract import (
    Connector,
    FeatureOff,
    Gone,
    Identity,
    Mode,
    NotAllowed,
    NotFound,
    RawRecord,
    ScopeRef,
    SourceError,
    StreamSpec,
    Window,
)
from mappings.vocabulary import OF_BOARD, HistoryState, MilestoneKind
from sync.clock import Clock
from sync.engine import capability, runtime
from sync.engine.budget import Budgets, budget_key
from sync.engine.commit import Batch, Normalizer, write_records
from sync.engine.context import Problem
from sync.engine.plan import ConnectionPlan, Plan, in_order
from sync.engine.progress import Progress, Quiet
from sync.engine.session import build, normalizer
from sync.engine.stream import bug
from sync.engine.verification import Checked, Found, Kind, Verification
from sync.errors import DriftlineError
from sync.store import boards, compare, follow_ups, presence, read, schema
from sync.store.compare import Compared, Difference, differences
from sync.store.open import Store, memory_store
from sync.store.tables_code import change_part, change_request
from sync.store.writer import Writer

#: Ids on one side only that are looked at, per stream and scope; the others are counted.
LOOKED_AT = 50
#: Ids asked for at once.
_BATCH = 50
#: What a board may say in place of the item itself.
_BOARDED = frozenset(
    {
        "code_complete",
        "due_date",
        "estimate_field",
        "estimate_points",
        "milestones",
        "priority",
        "raw_priority",
        "raw_status",
        "raw_status_id",
        "resolution",
        "resolved_at",
        "status_category",
        "waits_for",
    }
)
_MILESTONES = frozenset(kind.value for kind in MilestoneKind)
#: Whole listings that are compared: what a stream feeds -> where it stands.
_LISTED: Mapping[str, Compared] = {
    **dict.fromkeys(_MILESTONES, compare.MILESTONE),
    "status": compare.STATUS,
    "field": compare.FIELD,
    "release": compare.RELEASE,
}


def verify(
    store: Store,
    plan: Plan,
    *,
    clock: Clock,
    sample: int = 20,
    seed: int | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Verification:
    """Compare what is stored of the plan's connections with what their servers say now.

    `sample`: records per connection that are read again in full; `seed` draws the same ones again.
    Trouble of a source ends up in `problems` and stops no other. Raises StoreErrors.
    """
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    checked: list[Checked] = []
    found: list[Found] = []
    problems: list[Problem] = []
    for connection in plan.connections:
        drawing = random.Random(seed)  # noqa: S311  # draws a sample, guards nothing
        look = _Look(store, plan, connection, clock, sample, drawing)
        try:
            look.all(progress or Quiet(), sleep)
        except SourceError as error:
            where = error.where or connection.name
            look.problems.append(Problem(error.what, where, error.todo, connection.name))
        checked += look.checked
        found += look.found
        problems += look.problems
    return Verification(seed, sample, tuple(checked), tuple(found), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream of one scope, and how far our reading of it goes."""

    scope: ScopeRef
    spec: StreamSpec
    #: records may have moved after this without our knowing (server's clock, UTC).
    settled: datetime | None


@dataclass(slots=True)
class _Look:
    """One connection under verification."""

    store: Store
    plan: Plan
    connection: ConnectionPlan
    clock: Clock
    sample: int
    dice: random.Random
    checked: list[Checked] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _id: int = 0
    _base_url: str = ""
    _identity: Identity | None = None
    _connector: Connector | None = None
    #: store in memory that holds what the server says now.
    _store: Store | None = None
    _streams: Sequence[StreamSpec] = ()
    _makers: dict[tuple[str, str], Normalizer] = field(default_factory=dict)

    def all(self, progress: Progress, sleep: Callable[[float], None]) -> None:
        """Connect, count, then draw records and compare them. Raises SourceErrors."""
        name = self.connection.name
        if self.connection.unusable:
            self._problem(self.connection.unusable)
            return
        c = schema.connection.c
        with self.store.reading() as conn:
            row = conn.execute(sa.select(schema.connection).where(c.name == name)).one_or_none()
            if row is None or row.server_id is None:
                self._problem("it was never read", todo="Run `driftline sync` first.")
                return
            remembered = capability.remembered(conn, row.id, self.clock.now())
        if row.mapping_version not in (None, self.connection.mapping.version):
            self._problem(
                "the mapping changed since the last run, so stored rows cannot be compared",
                todo="Run `driftline remap`, then verify again.",
            )
            return
        self._id = int(row.id)
        key = budget_key(self.connection.options)
        budgets = Budgets(self.store, key, self.clock, self.plan.reserve, writes=False)
        connector = build(
            self.connection,
            runtime.make(
                self.connection,
                self.plan,
                clock=self.clock,
                sleep=sleep,
                progress=progress,
                budgets=budgets,
                held=None,
            ),
        )
        self._connector = connector
        self._store = said = _memory(self._id, self.connection, self.clock.now())
        try:
            remember = getattr(connector, "remember", None)
            if remember is not None:
                remember(remembered)
            identity = connector.connect()
            if identity.server_id != row.server_id:
                raise NotAllowed(
                    f"connection {name!r} was {row.server_id} and answers as {identity.server_id}",
                    where=name,
                )
            self._identity, self._base_url = identity, identity.base_url
            self._streams = in_order(list(connector.streams()))
            self._scopes(connector.scopes())
        finally:
            connector.close()
            said.close()

    def _scopes(self, scopes: Iterable[ScopeRef]) -> None:
        drawn_from: list[tuple[_Stream, str]] = []
        for scope in scopes:
            error = scope.facts.get("error")
            if error or not scope.source_id:
                self._problem(str(error or "it cannot be found"), scope.key)
                continue
            for spec in self._streams:
                if spec.scope_kind != scope.kind:
                    continue
                if spec.mode is Mode.CENSUS:
                    drawn_from += self._safely(spec, scope, self._count) or ()
                elif spec.mode is Mode.SNAPSHOT and _LISTED.keys() & set(spec.feeds):
                    self._safely(spec, scope, self._listing)
        chosen = self.dice.sample(drawn_from, min(self.sample, len(drawn_from)))
        by_stream: dict[tuple[str, str], tuple[_Stream, list[str]]] = {}
        for one, id_ in chosen:
            place = (one.scope.source_id, one.spec.name)
            by_stream.setdefault(place, (one, []))[1].append(id_)
        for one, ids in by_stream.values():
            self._safely(one.spec, one.scope, lambda *_, o=one, i=ids: self._again(o, i))

    def _safely(
        self, spec: StreamSpec, scope: ScopeRef, do: Callable[[StreamSpec, ScopeRef], Any]
    ) -> Any:
        """One stream's trouble stops no other."""
        try:
            return do(spec, scope)
        except (FeatureOff, NotAllowed, NotFound) as error:
            if spec.optional or isinstance(error, FeatureOff):
                self._checked(spec, scope, None, None, 0, None, f"not offered here: {error.what}")
                return None
            self._problem(error.what, scope.key, spec.name, error.todo)
        except SourceError as error:
            self._problem(error.what, scope.key, spec.name, error.todo)
        except DriftlineError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the others
            self._problem(bug(error), scope.key, spec.name, "Please report it.")
        return None

    # --- counts -----------------------------------------------------------------------------

    def _count(self, spec: StreamSpec, scope: ScopeRef) -> list[tuple[_Stream, str]]:
        """Ids there against ids here; those on both sides, to draw from."""
        parent = self._parent(spec)
        settled, read_until = self._read_until(parent, scope)
        one = _Stream(scope, spec, settled)
        if settled is None:
            self._checked(parent, scope, None, None, 0, None, "it was never read whole")
            self._problem(
                "it was never read whole", scope.key, parent.name, "Let `driftline sync` finish."
            )
            return []
        table = follow_ups.parent_table(parent.feeds)
        everything = self._ids(spec, scope, None)
        within = everything
        if self.plan.since is not None:
            within = self._ids(spec, scope, self.plan.since) & everything
        with self.store.reading() as conn:
            here = frozenset(presence.present(conn, self._id, table, scope.source_id))
            # What we hold elsewhere has moved: the scope that lost it tells that.
            elsewhere = _among(conn, self._id, compare.held_in(table), within - here)
        extra, lacking = sorted(here - everything), sorted(within - here - elsewhere)
        self._left(one, parent, self._draw(extra))
        self._lacking(one, parent, self._draw(lacking))
        beyond = max(0, len(extra) - LOOKED_AT) + max(0, len(lacking) - LOOKED_AT)
        note = f"{beyond} more on one side only were not looked at" if beyond else ""
        there = len(within | (here & everything))
        self._checked(parent, scope, there, len(here), 0, read_until, note)
        return [(one, id_) for id_ in sorted(here & everything)]

    def _draw(self, ids: Sequence[str]) -> list[str]:
        return sorted(self.dice.sample(ids, min(LOOKED_AT, len(ids))))

    def _ids(self, spec: StreamSpec, scope: ScopeRef, since: datetime | None) -> frozenset[str]:
        window = self._window(spec, since=since, full=True)
        return frozenset(one.source_id for one in self._whole(spec, scope, window))

    def _left(self, one: _Stream, parent: StreamSpec, ids: Sequence[str]) -> None:
        """Ids that only we hold: asked for one by one, they are gone, or the listing was behind."""
        for answer in self._asked(one, ids):
            if answer.reason is not None:
                self._gone(one, parent, answer)

    def _gone(self, one: _Stream, parent: StreamSpec, answer: Gone) -> None:
        where = f"now {answer.to_key}" if answer.to_key else answer.detail
        told = ", ".join(part for part in (answer.reason and answer.reason.value, where) if part)
        self._tell(one, parent, answer.source_id, Kind.GONE, detail=told)

    def _lacking(self, one: _Stream, parent: StreamSpec, ids: Sequence[str]) -> None:
        """Ids that only the server holds: they came since, or our reading missed them."""
        for answer in self._asked(one, ids):
            if answer.record is None:
                continue
            moved = answer.record.updated_at
            kind = self._kind(one, moved, if_moved=Kind.NEW, if_not=Kind.MISSING)
            self._tell(one, parent, answer.source_id, kind, moved_at=moved)

    # --- single records ---------------------------------------------------------------------

    def _again(self, one: _Stream, ids: Sequence[str]) -> None:
        """Read these records again, with their child data, and compare their rows with ours."""
        parent = self._parent(one.spec)
        maker = self._maker(one.scope)
        alive: dict[str, RawRecord] = {}
        for answer in self._asked(one, ids):
            if answer.record is not None:
                alive[answer.source_id] = answer.record
            elif answer.reason is not None:
                self._gone(one, parent, answer)
        if not alive:
            return
        table = follow_ups.parent_table(parent.feeds)
        self._write(maker, parent.name, list(alive.values()))
        for spec in self._streams:
            if spec.mode is Mode.FOLLOW_UP and spec.of == parent.name:
                records = self._children(spec, one.scope, table, alive)
                self._write(maker, spec.name, records)
        with self.store.reading() as ours, self._said.reading() as said:
            told = list(self._compare(ours, said, table, sorted(alive)))
        for what in told:
            record = alive[what.owner]
            moved = record.updated_at
            kind = self._kind(one, moved, if_moved=Kind.CHANGED, if_not=Kind.WRONG)
            name = " ".join(part for part in (_row_name(what), what.field) if part)
            self._tell(
                one,
                parent,
                what.owner,
                kind,
                field=name,
                here=what.ours,
                there=what.theirs,
                moved_at=moved,
            )
        self._add_compared(parent, one.scope, len(alive))

    def _children(
        self,
        spec: StreamSpec,
        scope: ScopeRef,
        table: sa.Table,
        alive: Mapping[str, RawRecord],
    ) -> list[RawRecord]:
        """Child data of those records of which we hold it whole and up to date."""
        with self.store.reading() as conn:
            if "history" in spec.feeds:
                late = set(
                    read.pending_histories(
                        conn, self._id, scope.source_id, limit=2**31 - 1, after=""
                    )
                )
            else:
                late = set(
                    follow_ups.pending(
                        conn,
                        self._id,
                        scope.source_id,
                        parent=table,
                        of=spec.of or "",
                        stream=spec.name,
                        limit=2**31 - 1,
                        after="",
                    )
                )
            ids = tuple(sorted(alive.keys() - late))
            keys = follow_ups.keys(conn, self._id, table, ids)
        found: list[RawRecord] = []
        for start in range(0, len(ids), spec.batch):
            window = self._window(spec, ids=ids[start : start + spec.batch], keys=keys)
            try:
                for page in self._open.read(spec.name, scope, None, window):
                    found += page.records
            except (FeatureOff, NotAllowed, NotFound) as error:
                self._checked(spec, scope, None, None, 0, None, f"not offered here: {error.what}")
                break
        return found

    def _compare(
        self, ours: sa.Connection, said: sa.Connection, table: sa.Table, ids: Sequence[str]
    ) -> Iterator[Difference]:
        if table is change_request:
            yield from differences(compare.CHANGE, ours, said, self._id, ids)
            whole = _parts(ours, self._id, ids) & _parts(said, self._id, ids)
            for what in compare.DETAILS:
                mine = [id_ for id_ in ids if (id_, what.part) in whole]
                yield from differences(what, ours, said, self._id, mine)
            return
        if table is not schema.work_item:
            return
        laid = boards.laid(ours, self._id, set(ids))
        without = dict.fromkeys(laid, _BOARDED)
        for one in differences(compare.ITEM, ours, said, self._id, ids, without=without):
            if not (one.field == "parent_id" and _same_parent(ours, self._id, one)):
                yield one
        told = _whole_histories(ours, self._id, ids) & _whole_histories(said, self._id, ids)
        yield from differences(compare.EVENTS, ours, said, self._id, told - laid.keys())

    # --- whole listings ---------------------------------------------------------------------

    def _listing(self, spec: StreamSpec, scope: ScopeRef) -> None:
        """All records of a short listing, compared row by row."""
        settled, read_until = self._read_until(spec, scope)
        if settled is None:
            self._checked(spec, scope, None, None, 0, None, "it was never read whole")
            return
        one = _Stream(scope, spec, settled)
        records = self._whole(spec, scope, self._window(spec))
        stamps = {record.source_id: record.updated_at for record in records}
        batch = self._write(self._maker(scope), spec.name, records, sightings=False)
        feeds = [feed for feed in spec.feeds if feed in _LISTED]
        with self.store.reading() as ours, self._said.reading() as said:
            for what in {_LISTED[feed].table.name: _LISTED[feed] for feed in feeds}.values():
                there = _named(batch, what)
                own: set[str] = set()
                if scope.kind != "board":
                    # What a board shows belongs to others, too.
                    own = _listed(ours, self._id, what, scope, feeds)
                known = _among(ours, self._id, what, there, scope.source_id)
                for gone in sorted(own - there):
                    self._tell(one, spec, gone, Kind.GONE, detail="no longer listed")
                for new in sorted(there - known):
                    self._new(one, spec, new, stamps.get(new))
                self._unequal(one, spec, what, ours, said, there & known, stamps)
                here = len(own | known)
                self._checked(spec, scope, len(there), here, len(there & known), read_until)

    def _new(self, one: _Stream, spec: StreamSpec, id_: str, moved: datetime | None) -> None:
        kind = self._kind(one, moved, if_moved=Kind.NEW, if_not=Kind.MISSING)
        self._tell(one, spec, id_, kind, moved_at=moved)

    def _unequal(
        self,
        one: _Stream,
        spec: StreamSpec,
        what: Compared,
        ours: sa.Connection,
        said: sa.Connection,
        ids: Collection[str],
        stamps: Mapping[str, datetime | None],
    ) -> None:
        scope_id = one.scope.source_id
        for other in differences(what, ours, said, self._id, ids, scope_id=scope_id):
            moved = stamps.get(other.owner)
            kind = self._kind(one, moved, if_moved=Kind.CHANGED, if_not=Kind.WRONG)
            self._tell(
                one,
                spec,
                other.owner,
                kind,
                field=other.field,
                here=other.ours,
                there=other.theirs,
                moved_at=moved,
            )

    # --- asking -----------------------------------------------------------------------------

    @property
    def _open(self) -> Connector:
        assert self._connector is not None
        return self._connector

    @property
    def _said(self) -> Store:
        assert self._store is not None
        return self._store

    def _whole(self, spec: StreamSpec, scope: ScopeRef, window: Window) -> list[RawRecord]:
        """Records of a reading that came to its end. Raises SourceErrors."""
        found: list[RawRecord] = []
        ended = False
        for page in self._open.read(spec.name, scope, None, window):
            found += page.records
            ended = page.committed
        if not ended:
            raise SourceError("the listing ended before its last page", where=spec.name)
        return found

    def _asked(self, one: _Stream, ids: Sequence[str]) -> list[Gone]:
        table = follow_ups.parent_table(self._parent(one.spec).feeds)
        with self.store.reading() as conn:
            keys = follow_ups.keys(conn, self._id, table, ids)
        scope = replace(one.scope, facts={**one.scope.facts, "keys": keys})
        found: list[Gone] = []
        for start in range(0, len(ids), _BATCH):
            found += self._open.look(one.spec.name, scope, ids[start : start + _BATCH])
        return found

    def _window(self, spec: StreamSpec, **changes: Any) -> Window:
        assert self._identity is not None
        return replace(
            Window(
                run_started_at=self._identity.server_time,
                since=self.plan.since,
                overlap=spec.overlap,
                hints=self.connection.hints,
            ),
            **changes,
        )

    def _parent(self, spec: StreamSpec) -> StreamSpec:
        return next(one for one in self._streams if one.name == spec.of)

    def _maker(self, scope: ScopeRef) -> Normalizer:
        key = (scope.kind, scope.source_id)
        if key not in self._makers:
            project = scope.key if scope.kind not in ("site", "board") else None
            made = normalizer(
                self.store,
                self.connection,
                self._id,
                self._base_url,
                project,
                scope.source_id if project else None,
            )
            # What boards lay over items is not the item's own word.
            self._makers[key] = replace(made, boards=False)
        return self._makers[key]

    def _write(
        self,
        maker: Normalizer,
        stream: str,
        records: Sequence[RawRecord],
        *,
        sightings: bool = True,
    ) -> Batch:
        """Bring what a server said into the store in memory."""
        now = self.clock.now()
        found = maker.sort_page(records)
        with self._said.writing() as conn:
            writer = Writer(self._said, conn, self._id, now)
            write_records(
                writer, conn, self._id, stream, found, maker, now=now, sightings=sightings
            )
        return found

    # --- telling ----------------------------------------------------------------------------

    def _read_until(
        self, spec: StreamSpec, scope: ScopeRef
    ) -> tuple[datetime | None, datetime | None]:
        """(until when changes are surely known, when that reading began); server's clock, UTC."""
        c = schema.sync_step.c
        with self.store.reading() as conn:
            row = conn.execute(
                sa.select(c.window_to, c.fresh_at)
                .where(
                    c.connection_id == self._id,
                    c.scope_kind == scope.kind,
                    c.scope_id == scope.source_id,
                    c.stream == spec.name,
                    c.outcome == "complete",
                )
                .order_by(c.id.desc())
                .limit(1)
            ).one_or_none()
        if row is None:
            return None, None
        began = row.window_to or row.fresh_at
        # Within the overlap the next run looks again: a server may tell a change late.
        return began - spec.overlap, began

    @staticmethod
    def _kind(one: _Stream, moved: datetime | None, *, if_moved: Kind, if_not: Kind) -> Kind:
        if moved is None or one.settled is None:
            return Kind.UNSURE
        return if_moved if moved > one.settled else if_not

    def _tell(
        self, one: _Stream, spec: StreamSpec, source_id: str, kind: Kind, **more: Any
    ) -> None:
        with self.store.reading() as conn:
            table = follow_ups.parent_table(spec.feeds)
            key = follow_ups.keys(conn, self._id, table, [source_id]).get(source_id, source_id)
        self.found.append(
            Found(self.connection.name, one.scope.key, spec.name, source_id, key, kind, **more)
        )

    def _checked(
        self,
        spec: StreamSpec,
        scope: ScopeRef,
        there: int | None,
        here: int | None,
        compared: int,
        read_until: datetime | None,
        note: str = "",
    ) -> None:
        name = self.connection.name
        self.checked.append(
            Checked(name, scope.key, spec.name, there, here, compared, read_until, note)
        )

    def _add_compared(self, spec: StreamSpec, scope: ScopeRef, number: int) -> None:
        self.checked = [
            replace(one, compared=one.compared + number)
            if (one.scope, one.stream) == (scope.key, spec.name)
            else one
            for one in self.checked
        ]

    def _problem(self, what: str, scope: str = "", stream: str = "", todo: str = "") -> None:
        name = self.connection.name
        where = " ".join(part for part in (name, scope, stream) if part)
        self.problems.append(Problem(what, where, todo, name, scope, stream))


def _memory(connection_id: int, connection: ConnectionPlan, now: datetime) -> Store:
    """An empty store that knows one connection."""
    made = memory_store()
    values = {"id": connection_id, "name": connection.name, "kind": connection.kind}
    with made.writing() as conn:
        conn.execute(sa.insert(schema.connection).values(**values, first_seen_at=now))
    return made


def _row_name(what: Difference) -> str:
    kind = what.table if what.row else ""
    return f"{kind} {what.row}".strip()


def _parts(
    conn: sa.Connection, connection_id: int, ids: Sequence[str]
) -> set[tuple[str, str | None]]:
    """(change, part) of which all is held."""
    c = change_part.c
    rows = conn.execute(
        sa.select(c.change_request_id, c.part).where(
            c.connection_id == connection_id,
            c.change_request_id.in_(ids),
            c.state == HistoryState.COMPLETE.value,
        )
    )
    return {(row.change_request_id, row.part) for row in rows}


def _whole_histories(conn: sa.Connection, connection_id: int, ids: Sequence[str]) -> set[str]:
    c = schema.work_item.c
    rows = conn.execute(
        sa.select(c.source_id).where(
            c.connection_id == connection_id,
            c.source_id.in_(ids),
            c.history_state == HistoryState.COMPLETE.value,
        )
    )
    return set(rows.scalars())


def _same_parent(ours: sa.Connection, connection_id: int, one: Difference) -> bool:
    """Whether a parent that is named by key is the one whose id we hold."""
    if not str(one.theirs).startswith("key:"):
        return False
    c = schema.work_item_key.c
    found = ours.execute(
        sa.select(c.work_item_id).where(
            c.connection_id == connection_id, c.key == str(one.theirs)[4:]
        )
    ).scalars()
    return one.ours in set(found)


def _named(batch: Batch, what: Compared) -> set[str]:
    """Ids of the records that a listing brought to a table."""
    boxes: dict[str, Iterable[Any]] = {
        "milestone": batch.milestones,
        "status": batch.statuses,
        "field": batch.fields,
        "release": batch.code.releases,
    }
    return {one.source_id for one in boxes[what.table.name]}


def _listed(
    conn: sa.Connection,
    connection_id: int,
    what: Compared,
    scope: ScopeRef,
    feeds: Sequence[str],
) -> set[str]:
    """Ids that we hold as there of what a listing of this scope would bring."""
    c = what.table.c
    query = sa.select(c[what.owner]).where(
        c.connection_id == connection_id,
        c.gone_at.is_(None),
        ~c[what.owner].startswith(OF_BOARD),
    )
    if "scope_id" in c:
        query = query.where(c.scope_id == scope.source_id)
    if "kind" in c:
        query = query.where(c.kind.in_(feeds))
    return set(conn.execute(query).scalars())


def _among(
    conn: sa.Connection,
    connection_id: int,
    what: Compared,
    ids: Collection[str],
    scope_id: str = "",
) -> set[str]:
    """Those of these ids that we hold as there, in any scope unless ids are those of a scope."""
    c = what.table.c
    query = sa.select(c[what.owner]).where(
        c.connection_id == connection_id, c[what.owner].in_(sorted(ids)), c.gone_at.is_(None)
    )
    if what.of_scope:
        query = query.where(c.scope_id == scope_id)
    return set(conn.execute(query).scalars())
