"""From references as written to the things that they name, over all systems; pure.

Absence proves nothing here: a change without a reference may still belong to an item, and a host
declares what merging closes for its default branch only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mappings.vocabulary import LinkKind, RefKind, RefSource
from sync.links import keys
from sync.links.hosted import Place, address, hosted_keys

#: More distinct items than this in one kind of text: a list (a release, a merge), not work on each.
MANY = 10


class Method(StrEnum):
    """How a link is known, most trusted first."""

    DECLARED = "declared"
    CLOSING_WORD = "closing_word"
    BRANCH = "branch"
    TITLE = "title"
    BODY = "body"
    COMMIT = "commit"
    MENTION = "mention"


#: How far a link may be trusted, 0 to 1: an order, no probability.
CONFIDENCE: Mapping[Method, float] = {
    Method.DECLARED: 1.0,
    Method.CLOSING_WORD: 0.95,
    Method.BRANCH: 0.9,
    Method.TITLE: 0.85,
    Method.BODY: 0.7,
    Method.COMMIT: 0.6,
    Method.MENTION: 0.3,
}

_BY_SOURCE = {
    RefSource.DECLARED: Method.DECLARED,
    RefSource.BRANCH: Method.BRANCH,
    RefSource.TITLE: Method.TITLE,
    RefSource.BODY: Method.BODY,
    RefSource.COMMIT: Method.COMMIT,
}

_KINDS = {
    RefKind.CLOSES: LinkKind.CLOSES,
    RefKind.IMPLEMENTS: LinkKind.IMPLEMENTS,
    RefKind.MENTIONS: LinkKind.MENTIONS,
    RefKind.REVERTS: LinkKind.REVERTS,
    RefKind.DEPENDS_ON: LinkKind.DEPENDS_ON,
}

#: Of several claims about one pair the first of these stands. A revert is no work on the item.
_STRONGEST = (
    LinkKind.REVERTS,
    LinkKind.CLOSES,
    LinkKind.DEPENDS_ON,
    LinkKind.IMPLEMENTS,
    LinkKind.MENTIONS,
)


class ThingKind(StrEnum):
    """What a link may lead to."""

    WORK_ITEM = "work_item"
    CHANGE_REQUEST = "change_request"


@dataclass(frozen=True, slots=True)
class Written:
    """A reference as it stands in a record."""

    kind: RefKind
    source: RefSource
    #: as written: `ABC-12`, `#7`, `owner/name#7`, `group/project!3`, an address, a sha.
    target: str
    #: immutable id of what it names, where the vendor declares it.
    target_id: str | None = None
    span: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """The change whose references are resolved."""

    connection_id: int
    source_id: str
    #: where it lives, for references such as `#7`.
    place: Place
    #: written by a bot: its description quotes change logs of others.
    by_bot: bool = False
    #: connections whose items it speaks of, where configuration says so; empty: all.
    trackers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Thing:
    """A work item or change request."""

    connection_id: int
    kind: ThingKind
    source_id: str
    #: key that it has now; the one that was written may be a former one.
    key: str


@dataclass(frozen=True, slots=True)
class World:
    """What is known of the things that may be named."""

    #: connections that hold a project, by its key, former keys among them.
    projects: Mapping[str, frozenset[int]]
    #: by current or former key as a tracker writes it: `ABC-12`.
    by_key: Mapping[str, tuple[Thing, ...]]
    #: by connection and lower-case key as a host writes it: `owner/name#7`, `group/project!3`.
    by_hosted_key: Mapping[tuple[int, str], tuple[Thing, ...]]
    #: by address, as `hosted.address` writes it.
    by_address: Mapping[str, tuple[Thing, ...]]
    #: by connection and source id, for what a vendor declares.
    by_id: Mapping[tuple[int, str], tuple[Thing, ...]]
    #: changes by a commit of theirs that landed, within one connection.
    by_sha: Mapping[tuple[int, str], tuple[Thing, ...]]
    #: connections by the host (with its port) that people open their items at.
    hosts: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One link that the references of a change claim."""

    #: None: nothing of this name is known here (a dangling reference).
    to: Thing | None
    #: what was written, in the spelling of its project.
    to_key: str
    kind: LinkKind
    method: Method
    confidence: float
    #: words around it, for a person to see.
    evidence: str
    #: several things have this name, and configuration does not say which is meant.
    ambiguous: bool = False


def resolve(change: Change, references: Iterable[Written], world: World) -> tuple[Candidate, ...]:
    """The links of one change, one per thing: the strongest claim stands; in a fixed order."""
    heard = [one for one in references if not _ignored(change, one)]
    undoes = _undoes(heard)
    found: list[tuple[RefSource, Candidate]] = []
    for one in heard:
        found += [(one.source, each) for each in _candidates(change, one, world)]
    listing = _lists(found)
    best: dict[tuple[int, str, str, str], Candidate] = {}
    for source, claim in found:
        if source in listing or (undoes and claim.kind is LinkKind.IMPLEMENTS):
            claim = _as_mention(claim)
        key = (
            (claim.to.connection_id, claim.to.kind.value, claim.to.source_id, "")
            if claim.to is not None
            else (0, "", "", claim.to_key)
        )
        held = best.get(key)
        if held is None or _order(claim) < _order(held):
            best[key] = claim
    return tuple(best[key] for key in sorted(best))


def _ignored(change: Change, one: Written) -> bool:
    """A bot's description quotes the change logs of other projects.

    A host declares what it reads there: for another system's items that is a key without an id.
    """
    if not change.by_bot:
        return False
    quoted = one.source is RefSource.DECLARED and one.target_id is None
    return quoted or one.source in (RefSource.BODY, RefSource.COMMIT)


def _undoes(references: Sequence[Written]) -> bool:
    """Whether the change as a whole takes something back.

    A title that speaks of work on an item says otherwise: it lands again what was taken back, or
    takes something back on the way.
    """
    said = {(one.kind, one.source) for one in references}
    return (RefKind.IMPLEMENTS, RefSource.TITLE) not in said and any(
        kind is RefKind.REVERTS and source is not RefSource.COMMIT for kind, source in said
    )


def _lists(found: Sequence[tuple[RefSource, Candidate]]) -> frozenset[RefSource]:
    """Sources whose text names so many things that it works on none of them in particular."""
    named: dict[RefSource, set[str]] = {}
    for source, one in found:
        named.setdefault(source, set()).add(one.to_key)
    return frozenset(
        source
        for source, keys_ in named.items()
        if source is not RefSource.DECLARED and len(keys_) > MANY
    )


def _as_mention(one: Candidate) -> Candidate:
    if one.kind is LinkKind.REVERTS:
        return one
    return replace(
        one,
        kind=LinkKind.MENTIONS,
        method=Method.MENTION,
        confidence=CONFIDENCE[Method.MENTION],
    )


def _order(one: Candidate) -> tuple[int, float, str]:
    return (_STRONGEST.index(one.kind), -one.confidence, one.evidence)


def _candidates(change: Change, one: Written, world: World) -> list[Candidate]:
    method = _method(one)
    if one.target_id is not None:
        things = world.by_id.get((change.connection_id, one.target_id), ())
        if things:
            return [_candidate(one, method, thing, thing.key, ambiguous=False) for thing in things]
    for known in _named(change, one.target, world):
        return [_candidate(one, method, thing, thing.key, ambiguous=False) for thing in known]
    found: list[Candidate] = []
    trackers = _trackers(change, one.target, world)
    ignore_case = one.source is RefSource.BRANCH
    for key in keys.find(one.target, world.projects, ignore_case=ignore_case):
        found += _tracked(one, method, key, world, trackers)
    if found or one.source is RefSource.BRANCH:
        return found
    hosted = hosted_keys(one.target, change.place)
    return [_candidate(one, method, None, hosted[0], ambiguous=False)] if hosted else []


def _named(change: Change, target: str, world: World) -> Iterable[tuple[Thing, ...]]:
    """Things that an address, a host's key or a sha names; the first that is known."""
    link = address(target)
    if link is not None:
        if link in world.by_address:
            yield world.by_address[link]
        return
    for key in hosted_keys(target, change.place):
        if (change.connection_id, key.lower()) in world.by_hosted_key:
            yield world.by_hosted_key[change.connection_id, key.lower()]
    if (change.connection_id, target.lower()) in world.by_sha:
        yield world.by_sha[change.connection_id, target.lower()]


def _trackers(change: Change, target: str, world: World) -> frozenset[int] | None:
    """Connections whose items a text may name; None: any. An address names its own server's."""
    link = address(target)
    if link is not None:
        return world.hosts.get(link.partition("/")[0], frozenset())
    return change.trackers or None


def _tracked(
    one: Written,
    method: Method,
    found: keys.KeyFound,
    world: World,
    trackers: frozenset[int] | None,
) -> list[Candidate]:
    """What a tracker's key may name: one item, the like-named of several servers, or none."""
    servers = world.projects.get(found.project, frozenset())
    meant = servers if trackers is None else servers & trackers
    if not meant:
        return []
    things = [each for each in world.by_key.get(found.key, ()) if each.connection_id in meant]
    ambiguous = len(meant) > 1
    if not things:
        if found.glued:
            return []
        return [_candidate(one, method, None, found.key, ambiguous=ambiguous)]
    return [_candidate(one, method, thing, thing.key, ambiguous=ambiguous) for thing in things]


def _method(one: Written) -> Method:
    if one.source is RefSource.DECLARED:
        return Method.DECLARED
    if one.kind is RefKind.MENTIONS:
        return Method.MENTION
    if one.kind is RefKind.CLOSES:
        return Method.CLOSING_WORD
    return _BY_SOURCE[one.source]


def _candidate(
    one: Written, method: Method, to: Thing | None, key: str, *, ambiguous: bool
) -> Candidate:
    return Candidate(
        to=to,
        to_key=key,
        kind=_KINDS[one.kind],
        method=method,
        confidence=CONFIDENCE[method],
        evidence=one.span or one.target,
        ambiguous=ambiguous,
    )
