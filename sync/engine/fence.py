"""What is to be read, and what becomes of scopes that no longer are: by a setting, or out of sight.

Only two things make a scope leave: a person changed the definition, or the source says that it is
archived; a board also when it is not listed and all that it held is over or held elsewhere. What
else is not listed any more is trouble, and told as such.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from connectors.contract import Gone, GoneReason, ScopeOption, ScopeRef
from sync.store.holds import Hold

#: Why a scope left: a person's setting, the source's word, or (a board) nothing in it to lose.
CONFIGURATION, ARCHIVED, UNLISTED = "configuration", "archived", "unlisted"
#: Stands for every kind of scope.
ANY = "*"


@dataclass(frozen=True, slots=True)
class Fence:
    """What the configuration of one connection chooses."""

    #: option -> value, as far as it chooses scopes.
    definition: Mapping[str, Any]
    #: kinds whose scopes are all named by a person; others the connector finds by itself.
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a connection's scopes are in this run."""

    #: those to be read, and those that cannot be, which say why.
    scopes: tuple[ScopeRef, ...]
    #: left by the configuration.
    left: tuple[Hold, ...]
    #: held, not listed, and no setting says so.
    lost: tuple[Hold, ...]
    #: every configured name was found, so the definition may be kept.
    settled: bool


def fence(options: BaseModel, choosing: Mapping[str, ScopeOption]) -> Fence:
    """The fence that options describe. Without `choosing` nobody knows: all options count."""
    values: dict[str, Any] = options.model_dump(mode="json")
    if not choosing:
        told = json.dumps(values, sort_keys=True, default=str)
        digest = hashlib.sha256(told.encode()).hexdigest()[:16]
        return Fence({"options": digest}, frozenset({ANY}))
    return Fence(
        {name: values.get(name) for name in sorted(choosing)},
        frozenset(
            one.kind
            for name, one in choosing.items()
            if getattr(options, name, one.everything) != one.everything
        ),
    )


def judge(
    holds: Collection[Hold],
    scopes: Sequence[ScopeRef],
    before: Mapping[str, Any] | None,
    now: Fence,
) -> Judged:
    """Which of the scopes held so far left, and which are lost; pure.

    A scope that cannot be resolved is recognised by its name, so that its streams are certified
    where they were before.
    """
    listed = {(one.kind, one.source_id) for one in scopes if not is_unresolved(one)}
    missing = {(one.kind, one.id): one for one in holds if (one.kind, one.id) not in listed}
    out: list[ScopeRef] = []
    unclear: set[str] = set()
    for scope in scopes:
        if not is_unresolved(scope):
            out.append(scope)
            continue
        mine = next((one for one in missing.values() if _is(one, scope)), None)
        if mine is None:
            unclear.add(scope.kind)
            out.append(scope)
        else:
            del missing[mine.kind, mine.id]
            out.append(replace(scope, source_id=mine.id, key=mine.key))
    moved = before is not None and dict(before) != dict(now.definition)
    left: list[Hold] = []
    if moved:
        by_name = [
            one
            for one in missing.values()
            if not now.named.isdisjoint((one.kind, ANY)) and one.kind not in unclear
        ]
        gone = {one.id for one in by_name}
        inside = [one for one in missing.values() if one not in by_name and one.parent_id in gone]
        left = [*by_name, *inside]
    lost = tuple(one for one in missing.values() if one not in left)
    return Judged(tuple(out), tuple(left), lost, settled=not unclear)


def is_unresolved(scope: ScopeRef) -> bool:
    """Whether only its name is known: it has no id, or one that was made of its name."""
    if scope.facts.get("unresolved"):
        return True
    return not scope.source_id and bool(scope.facts.get("error"))


def _is(held: Hold, scope: ScopeRef) -> bool:
    return held.kind == scope.kind and (
        held.key.casefold() == scope.key.casefold() or held.id == scope.key
    )


def out_of_sight(held: Hold, found: Gone | None) -> ScopeRef:
    """A scope that nobody lists any more, with a sentence that says so."""
    said = "archived, deleted, or hidden from this token"
    if found is not None and found.reason is None:
        said = "still there, but not among what this account is shown"
    elif found is not None and found.reason is not None:
        said = {
            GoneReason.DELETED: "deleted",
            GoneReason.HIDDEN: "hidden from this token",
            GoneReason.DELETED_OR_HIDDEN: "deleted, or hidden from this token",
        }.get(found.reason, found.detail or said)
    error = (
        f"{held.kind} {held.key} is no longer listed: {said}; what is stored of it is kept. Give "
        f"the token access, or name what is to be read in the configuration without it"
    )
    return ScopeRef(held.kind, held.id, held.key, parent_id=held.parent_id, facts={"error": error})


def without(held: Hold, parent: ScopeRef) -> ScopeRef:
    """A board whose project cannot be read."""
    error = f"{held.kind} {held.key} cannot be read without its {parent.kind} {parent.key}"
    return ScopeRef(held.kind, held.id, held.key, parent_id=held.parent_id, facts={"error": error})
