"""What holds after every run, however it ended."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from support.schedules.elsewhere import Elsewhere
from support.schedules.knowable import (
    STREAMS,
    Rows,
    ever_hidden,
    gone,
    held,
    is_discussion,
    same,
)
from support.schedules.systems import Company

from connectors.contract import Outcome
from sync.engine.run import RunResult
from sync.store import schema
from sync.store.open import Store

#: Where a stream goes on: (kind and id of the scope, stream) -> committed cursor.
Cursors = Mapping[tuple[str, str, str], Any]
#: Table -> keys of the rows in it.
Keys = Mapping[str, frozenset[tuple[Any, ...]]]
#: Kinds of which each scope is certified by itself, with the scope as the first value.
_BY_SCOPE = frozenset({"item", "change"})
#: Tables whose rows are state of reading, replaced as reading goes on.
_STATE = frozenset({"cursor", "lease", "rate_budget", "capability", "store_info"})
#: As text, which costs a fraction: they are asked for after every run.
_KEY_QUERIES = {
    table.name: "SELECT {} FROM {}".format(
        ", ".join(f'"{column.name}"' for column in table.primary_key.columns), table.name
    )
    for table in schema.metadata.sorted_tables
    if table.name not in _STATE
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A store right after a run, and what was so while the run went on."""

    company: Company
    store: Store
    #: when the run began.
    since: datetime
    #: states of the company since then, oldest first.
    states: Sequence[Rows]
    #: None: it was killed.
    result: RunResult | None
    #: nobody else moved a cursor meanwhile.
    alone: bool = True


def look(moment: Moment, cursors_before: Cursors, keys_before: Keys) -> None:
    """Everything that holds after any run. Raises AssertionError for what does not."""
    nothing_is_taken_away(moment, keys_before)
    if moment.result is not None:
        if moment.alone:
            failed_streams_keep_their_cursor(moment.result, moment.store, cursors_before)
        complete_means_complete(moment, moment.result)
    gone_things_were_away(moment)


# --- (c) a failed stream keeps its cursor and all earlier rows --------------------------------


def cursors(store: Store) -> Cursors:
    """The committed cursors."""
    c = schema.cursor.c
    with store.reading() as conn:
        rows = conn.execute(sa.select(c.scope_kind, c.scope_id, c.stream, c.committed)).all()
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def keys(store: Store) -> Keys:
    """The keys of all rows of what was read."""
    with store.reading() as conn:
        return {
            name: frozenset(map(tuple, conn.exec_driver_sql(query).all()))
            for name, query in _KEY_QUERIES.items()
        }


def failed_streams_keep_their_cursor(result: RunResult, store: Store, before: Cursors) -> None:
    """What did not end whole starts the next time where it started this time."""
    now = cursors(store)
    taken_over = {problem.scope for problem in result.problems if problem.exit_code == 75}
    for step in result.steps:
        key = (step.scope_kind, step.scope_id, step.stream)
        if step.outcome is Outcome.COMPLETE or step.scope_key in taken_over:
            continue
        assert now.get(key) == before.get(key), f"{step.outcome}: the cursor of {key} moved"


def nothing_is_taken_away(moment: Moment, before: Keys) -> None:
    """No row goes, whatever happens: what ends is marked."""
    now = keys(moment.store)
    for table, rows in before.items():
        assert rows <= now[table], f"rows went from {table}: {sorted(map(repr, rows - now[table]))}"


# --- (f) complete means complete --------------------------------------------------------------


def complete_means_complete(moment: Moment, result: RunResult) -> None:
    """What a certificate calls complete equals what was so at some time during the run."""
    found = held(moment.company, moment.store)
    censused = _complete(result, ("census",))
    hidden = ever_hidden(moment.company)
    unfound = _not_found_yet(moment)
    for kind in moment.states[-1]:
        scopes = _complete(result, STREAMS[kind])
        whole = not _incomplete(result, STREAMS[kind])
        for id_ in {id_ for state in moment.states for id_ in state[kind]}:
            told = [state[kind].get(id_) for state in moment.states]
            if None in told or not (whole if kind not in _BY_SCOPE else _in(told, scopes)):
                continue
            # No stamp tells that somebody may see it again: a census finds it.
            if id_ in hidden and not _in([state["item"][id_] for state in moment.states], censused):
                continue
            mine = found[kind].get(id_)
            if kind in ("item", "history") and (id_ in unfound or unfound.intersection(_all(told))):
                continue
            assert any(same(mine, one) for one in told), (
                f"complete, but {kind} {id_} is {mine}, not {told}"
            )
        if kind == "item":
            for id_, row in found[kind].items():
                there = any(id_ in state[kind] for state in moment.states)
                assert there or row[0] not in censused, f"{kind} {id_} is not there: {row}"


def _not_found_yet(moment: Moment) -> frozenset[str]:
    """Items that changed so lately that a slow search did not find them."""
    if not moment.company.lag:
        return frozenset()
    late = moment.since - moment.company.lag
    return frozenset(
        str(one.id) for one in moment.company.world.issues.values() if one.updated > late
    )


def _all(told: Sequence[Any]) -> set[str]:
    """The ids and texts in these rows, parents among them."""
    return {value for row in told for value in row if isinstance(value, str)}


def _in(told: Sequence[Any], scopes: frozenset[str]) -> bool:
    return all(row[0] in scopes for row in told)


def _complete(result: RunResult, streams: Sequence[str]) -> frozenset[str]:
    """Scopes of which all these streams were read whole."""
    mine = [step for step in result.steps if step.stream in streams]
    return frozenset(step.scope_id for step in mine) - _incomplete(result, streams)


def _incomplete(result: RunResult, streams: Sequence[str]) -> frozenset[str]:
    busy = [problem for problem in result.problems if problem.exit_code == 75]
    if busy:
        # Another run has some scope: what is not certified here is certified there.
        return frozenset(step.scope_id for step in result.steps) | {"busy"}
    ended = {Outcome.COMPLETE, Outcome.UNAVAILABLE}
    named = [step for step in result.steps if step.stream in streams]
    if not named:
        return frozenset({"nothing was read"})
    return frozenset(step.scope_id for step in named if step.outcome not in ended)


# --- (e) gone is gone -------------------------------------------------------------------------


def gone_things_were_away(moment: Moment) -> None:
    """Nothing is held as gone that was there all the time."""
    hidden = ever_hidden(moment.company)
    for kind, rows in gone(moment.store).items():
        for id_, reason in rows.items():
            always = all(id_ in state.get(kind, {}) for state in moment.states)
            assert not always or id_ in hidden, f"{kind} {id_} is there, and held as {reason}"


def tombstones(company: Company, store: Store, now: Rows) -> None:
    """Every reason is true, and nothing that is there has one."""
    for kind, rows in gone(store).items():
        for id_, reason in rows.items():
            assert id_ not in now.get(kind, {}), f"{kind} {id_} is there, and held as {reason}"
            assert _is_true(company, kind, id_, reason), f"{kind} {id_} is not {reason}"


def _is_true(company: Company, kind: str, id_: str, reason: str) -> bool:
    world = company.world
    if kind != "item":
        return True  # told by its own listing: that it is not in it was asserted
    if company.system.kind == "jira":
        issue = world.issues[int(id_)]
        hidden = bool(issue.hidden_from)
        elsewhere = world.projects[issue.project_id].key not in company.named
        transferred = False
    else:
        issue = world.code.issues[int(id_)]
        hidden, elsewhere = issue.confidential, False
        transferred = issue.transferred_to is not None
        if reason == "converted":
            return is_discussion(issue)
    return {
        "deleted": issue.deleted and not transferred,
        "hidden": hidden,
        "deleted_or_hidden": issue.deleted or hidden,
        "moved": elsewhere or transferred,
        "transferred": transferred,
    }.get(reason, False)


# --- (d) no credential elsewhere --------------------------------------------------------------


def no_credential_elsewhere(company: Company, other: Elsewhere) -> None:
    """Whatever reached another origin holds the secret in no form."""
    token, email = company.token, company.world.credentials["owner"].email
    pair = base64.b64encode(f"{email}:{token}".encode()).decode()
    forms = (token, quote(token), base64.b64encode(token.encode()).decode().rstrip("="), pair)
    for request in other.heard:
        assert "authorization" not in request.lower(), "an Authorization header went elsewhere"
        assert "private-token" not in request.lower(), "a token header went elsewhere"
        for form in forms:
            assert form not in request, "a credential went elsewhere"
