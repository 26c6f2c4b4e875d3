"""How far each scope can be trusted, from its certificates, in a manager's words; pure.

Nothing is called complete that was not proven: what is not known is said to be unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

#: A reading that is older is told as old: a run is due every day.
STALE = timedelta(hours=26)
#: Streams named in one phrase.
_NAMED = 4


class State(StrEnum):
    """The standing of a scope in one word."""

    #: every stream was read whole the last time.
    COMPLETE = "complete"
    #: it was, but too long ago for daily use.
    OLD = "old"
    #: some stream was not read whole the last time; what was read before stays.
    PARTIAL = "partial"
    #: nothing could be read the last time.
    FAILED = "failed"
    #: some stream was never read whole: nothing can be concluded from what is not there.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Certified:
    """The newest certificate of one stream, as far as it matters here; instants in UTC."""

    stream: str
    mode: str
    outcome: str
    reason: str | None
    #: last time it was complete, if ever.
    complete_at: datetime | None
    remote_count: int | None
    local_count: int | None
    unreadable: int
    history_gaps: int
    #: whether it was part of the last run of its connection.
    in_last_run: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is asked from a source before this instant (UTC), and why."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One scope; instants in UTC."""

    connection: str
    scope_kind: str
    #: what people call it: the name, and the key where that is another word.
    key: str
    name: str
    state: State
    #: up to when every stream is known completely; None: never, or not all of them.
    complete_as_of: datetime | None
    #: when it was last proven what is gone; None: not proven yet.
    deletions_proved_at: datetime | None
    #: whether anything of it can be proven gone at all.
    proves_deletions: bool
    paused: Pause | None
    #: what is not known, one phrase each.
    gaps: tuple[str, ...]
    #: streams that the source does not offer here, with its words.
    not_offered: tuple[str, ...]
    #: all of it in one sentence.
    sentence: str


def stand(
    connection: str,
    scope_kind: str,
    key: str,
    name: str,
    streams: Sequence[Certified],
    *,
    now: datetime,
    time_zone: str,
    paused: Pause | None = None,
) -> Standing:
    """Judge one scope by its newest certificates. `time_zone`: of the times that are told."""
    own = [one for one in streams if one.mode != "census"]
    needed = [one for one in own if one.outcome != "unavailable"]
    censuses = [one for one in streams if one.mode == "census"]
    since = [one.complete_at for one in needed]
    as_of = None
    if needed and None not in since:
        as_of = min(at for at in since if at is not None)
    proofs = [one.complete_at for one in censuses]
    proved = None
    if proofs and None not in proofs:
        proved = min(at for at in proofs if at is not None)
    state = _state(needed, as_of, now)
    gaps = tuple(_gaps(needed, censuses))
    made = Standing(
        connection=connection,
        scope_kind=scope_kind,
        key=key,
        name=name,
        state=state,
        complete_as_of=as_of,
        deletions_proved_at=proved,
        proves_deletions=any(one.mode == "incremental" for one in own),
        paused=paused,
        gaps=gaps,
        not_offered=tuple(
            f"{one.stream}: {one.reason or 'the source does not offer it'}"
            for one in own
            if one.outcome == "unavailable"
        ),
        sentence="",
    )
    return _with_sentence(made, now, time_zone)


def _state(needed: Sequence[Certified], as_of: datetime | None, now: datetime) -> State:
    outcomes = {one.outcome for one in needed}
    if outcomes == {"failed"}:
        return State.FAILED
    if as_of is None:
        return State.UNKNOWN
    # Whatever is no word that we know of is no good one.
    if outcomes - {"complete"} or not all(one.in_last_run for one in needed):
        return State.PARTIAL
    return State.OLD if now - as_of > STALE else State.COMPLETE


def _gaps(needed: Sequence[Certified], censuses: Sequence[Certified]) -> Iterable[str]:
    never = [one.stream for one in needed if one.complete_at is None]
    if never:
        yield f"{_listed(never)} never read whole"
    by_reason: dict[str, list[str]] = {}
    for one in (*needed, *censuses):
        if one.outcome not in ("complete", "unavailable"):
            word = "read in part" if one.outcome == "partial" else "not read"
            reason = f": {one.reason}" if one.reason else ""
            by_reason.setdefault(f"{word} the last time{reason}", []).append(one.stream)
    everything = {one.stream for one in needed}
    for told, names in by_reason.items():
        # One reason for all of it needs no list.
        whole = len(everything) > 1 and everything <= set(names)
        yield f"all of it {told}" if whole else f"{_listed(names)} {told}"
    late = [one.stream for one in needed if not one.in_last_run]
    if late:
        yield f"{_listed(late)} no part of the last run"
    histories = max((one.history_gaps for one in needed), default=0)
    if histories:
        yield f"histories of {_number(histories, 'item')} unreadable"
    for one in (*needed, *censuses):
        if one.unreadable:
            yield f"{_number(one.unreadable, 'record')} of {one.stream} unreadable"
        there, here = one.remote_count, one.local_count
        if there is not None and here is not None and there != here:
            yield f"{here:,} of {there:,} {one.stream} here"


def _with_sentence(made: Standing, now: datetime, time_zone: str) -> Standing:
    parts: list[str] = []
    as_of = made.complete_as_of
    if as_of is None:
        parts.append("completeness unknown")
    elif made.state is State.COMPLETE:
        parts.append(f"complete as of {ago(as_of, now)}")
    elif made.state is State.OLD:
        parts.append(f"last read {ago(as_of, now)}, complete then")
    else:
        parts.append(f"complete only as of {ago(as_of, now)}")
    parts += made.gaps
    if made.deletions_proved_at is not None:
        parts.append(f"deletions last proved {ago(made.deletions_proved_at, now)}")
    elif made.proves_deletions:
        parts.append("deletions not proved yet")
    if made.paused is not None:
        until = clock_time(made.paused.until, now, time_zone)
        parts.append(f"paused until {until}: {made.paused.reason}")
    title = label(made.connection, made.scope_kind, made.key, made.name)
    return replace(made, sentence=f"{title}: {'; '.join(parts)}")


def label(connection: str, scope_kind: str, key: str, name: str) -> str:
    """`Apollo (jira APO)`, or `github acme/web` where name and key are one word."""
    if scope_kind == "site":
        return f"{connection}, what all of it shares"
    if name and name.casefold() not in (key.casefold(), key.rpartition("/")[2].casefold()):
        return f"{name} ({connection} {key})"
    return f"{connection} {key}"


def ago(at: datetime, now: datetime) -> str:
    """`12 minutes ago`, `26 hours ago`, `5 days ago`; whole numbers, never too small."""
    seconds = (now - at).total_seconds()
    if seconds < -60:
        return "in the future by this machine's clock"
    minutes = -int(-max(0.0, seconds) // 60)
    if minutes <= 1:
        return "a minute ago"
    if minutes < 120:
        return f"{minutes} minutes ago"
    hours = round(minutes / 60)
    return f"{hours} hours ago" if hours < 72 else f"{round(hours / 24)} days ago"


def clock_time(at: datetime, now: datetime, time_zone: str) -> str:
    """`14:05 (Europe/Berlin)`; with the date where it is another day there."""
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    # What ends at 14:05:30 is not over at 14:05.
    local += timedelta(seconds=-local.second % 60)
    day = "" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M} ({time_zone})"


def _number(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more streams"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
