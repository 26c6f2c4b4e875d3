"""Work that is planned into a released version and is not in what was released.

What a tag holds is told by nobody: it follows from the commits that were read. Only two things
prove that work is not in it: the work landed after the tag was made, or every commit back to the
work's beginning is known and it is not among them. All else is not checked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, MilestoneKind, MilestoneState
from sync.ledger.load import ItemFacts
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile import changes
from sync.reconcile.changes import ChangeLine, LinkLine, Pair
from sync.reconcile.contract import Channel, Evidence, Found, NotChecked, Severity
from sync.reconcile.detectors.data.contradiction_shared import (
    DONE,
    ID,
    Quiet,
    by_connection,
)
from sync.reconcile.program import plain
from sync.reconcile.view import View, joined_key
from sync.reconcile.words import capped, count, item_evidence, verb
from sync.store import tables_code as code

NOT_IN_TAG = "not-in-tag"

RULES = {
    NOT_IN_TAG: "done items of a released version whose changes are not in the tag that has the "
    "version's name, as far as that can be proven",
}

#: Clocks of people's machines, which date commits.
_SKEW = timedelta(days=1)


_UNKNOWN = "what the tag holds is not known: not all commits before it were read"


@dataclass(frozen=True, slots=True)
class _Tag:
    """A tag with a version's name; instants in UTC."""

    repository: Pair
    name: str
    sha: str
    #: when the release was made of it; None: nobody told.
    made_at: datetime | None
    url: str | None


@dataclass(frozen=True, slots=True)
class _Commit:
    parents: tuple[str, ...] | None
    subject: str | None
    at: datetime | None


@dataclass
class _Told:
    """What is found out about one version."""

    missing: list[tuple[ItemFacts, list[ChangeLine], _Tag]] = field(default_factory=list)
    #: tags whose content is not known.
    unknown: set[_Tag] = field(default_factory=set)


def detect(
    view: View,
    quiet: Quiet,
    linked: Mapping[Pair, Sequence[LinkLine]],
    thresholds: Mapping[str, Any],
) -> Iterable[Found | NotChecked]:
    """Versions that were released lately, or are judged, and tags that have their names."""
    versions = _released(view, quiet, thresholds["released_days"]) if linked else {}
    tags = _tags(view, {plain(one.name) for one in versions}) if versions else {}
    versions = {one: at for one, at in versions.items() if plain(one.name) in tags}
    if not versions:
        return
    work = list(_work(view, versions, linked, tags))
    commits = _commits(view, work)
    told: dict[MilestoneFacts, _Told] = {}
    for version, item, mine in work:
        settled = quiet.before(*((one.connection_id, one.scope_id) for one, _ in mine))
        one = told.setdefault(version, _Told())
        answers = [
            _holds(commits, tag, line) if line.merged_at and line.merged_at <= settled else None
            for line, tag in mine
        ]
        if True in answers:
            continue
        if None in answers:
            one.unknown |= {tag for _, tag in mine}
        else:
            one.missing.append((item, [line for line, _ in mine], mine[0][1]))
    unknown: dict[tuple[int, str], None] = {}
    for version, found in sorted(told.items(), key=lambda pair: pair[0].key):
        for tag in sorted(found.unknown, key=lambda one: (one.repository, one.name)):
            path = changes.path(view, tag.repository)
            unknown[tag.repository[0], f"tag:{path} {tag.name}"] = None
        if found.missing:
            yield _found(version, versions[version], found.missing)
        elif found.unknown and view.was_open(
            ID, version.connection_id, version.subject, NOT_IN_TAG
        ):
            yield NotChecked(version.subject, _UNKNOWN, version.connection_id)
    for connection_id, subject in unknown:
        yield NotChecked(subject, _UNKNOWN, connection_id)


def _released(view: View, quiet: Quiet, days: int) -> dict[MilestoneFacts, datetime | None]:
    judged = {one.key for one in view.judged}
    recent = view.as_of - timedelta(days=days)
    found: dict[MilestoneFacts, datetime | None] = {}
    for one in view.milestones.values():
        if one.kind is not MilestoneKind.VERSION or one.state is not MilestoneState.RELEASED:
            continue
        at = released_at(view, one)
        settled = quiet.before((one.connection_id, one.scope_id or ""))
        if (at is None and one.key in judged) or (at is not None and recent <= at <= settled):
            found[one] = at
    return found


def released_at(view: View, facts: MilestoneFacts) -> datetime | None:
    """When a milestone was released or closed at the latest, as far as we know; None: long ago.

    A version says that it is released, not when: its date counts where it lies between the two
    readings that saw the change, else the later reading does.
    """
    if facts.finished_at is not None:
        return facts.finished_at
    seen = [one for one in facts.observed if one.field == "state" and one.new == facts.state.value]
    due = view.calendar.end_of(facts.due_date) if facts.due_date is not None else None
    if not seen or seen[-1].is_first:
        return due if due is None or due <= view.as_of else None
    last = seen[-1]
    after = last.observed_after
    if due is not None and due <= last.observed_at and (after is None or due > after):
        return due
    return last.observed_at


def _tags(view: View, names: set[str]) -> dict[str, dict[Pair, _Tag]]:
    """Tags by the plain name of a version and by repository; of several alike none counts."""
    r = code.release.c
    rows = view.conn.execute(
        sa.select(code.release).where(
            r.sha.is_not(None),
            r.is_draft.is_(False),
            r.is_prerelease.is_(False),
            r.first_seen_at <= view.known_at,
            sa.or_(r.gone_at.is_(None), r.gone_at > min(view.as_of, view.known_at)),
        )
    )
    found: dict[str, dict[Pair, _Tag | None]] = {}
    for row in rows:
        name = plain(row.tag)
        told = [at for at in (row.created_at, row.published_at) if at is not None]
        made_at = max(told) if told else None
        if name not in names or (made_at is not None and made_at > view.as_of):
            continue
        repository = (row.connection_id, row.scope_id)
        tag = _Tag(repository, row.tag, row.sha, made_at, row.url)
        mine = found.setdefault(name, {})
        mine[repository] = tag if repository not in mine else None
    return {
        name: {place: tag for place, tag in mine.items() if tag is not None}
        for name, mine in found.items()
    }


def _work(
    view: View,
    versions: Mapping[MilestoneFacts, datetime | None],
    linked: Mapping[Pair, Sequence[LinkLine]],
    tags: Mapping[str, Mapping[Pair, _Tag]],
) -> Iterator[tuple[MilestoneFacts, ItemFacts, list[tuple[ChangeLine, _Tag]]]]:
    """Done items of these versions, with what landed for them where there is such a tag."""
    held = _done_in(view, versions)
    pairs = {pair for mine in held.values() for pair in mine} & linked.keys()
    lines = changes.lines(
        view, by_connection(link.change for pair in pairs for link in linked[pair])
    )
    facts = view.item_facts(by_connection(pairs))
    blind: dict[Pair, bool] = {}
    for version, mine in held.items():
        of_name = tags[plain(version.name)]
        for pair in sorted(mine & pairs):
            work = {
                link.change: lines[link.change] for link in linked[pair] if link.change in lines
            }
            landed = []
            for one in work.values():
                place = (one.connection_id, one.scope_id)
                if one.state is not ChangeState.MERGED or place not in of_name:
                    continue
                if place not in blind:
                    streams = (*changes.STREAMS, "releases")
                    blind[place] = changes.lacking(view, place, streams) is not None
                landed.append((one, of_name[place]))
            unread = any(blind[tag.repository] for _, tag in landed)
            if landed and not unread and pair in facts:
                yield version, facts[pair], sorted(landed, key=lambda one: one[0].pair)


def _done_in(
    view: View, versions: Mapping[MilestoneFacts, datetime | None]
) -> dict[MilestoneFacts, set[Pair]]:
    """Done items that were in each version when it was released."""
    items, members = view.items, view.memberships
    by_key = {(one.connection_id, one.source_id): one for one in versions}
    rows = view.conn.execute(
        sa.select(members.c.connection_id, members.c.milestone_id, items.c.id, members.c.since)
        .select_from(members)
        .join(
            items,
            sa.and_(
                items.c.connection_id == members.c.connection_id, items.c.id == members.c.item_id
            ),
        )
        .where(
            members.c.milestone_kind == MilestoneKind.VERSION.value,
            joined_key(members.c.connection_id, members.c.milestone_id).in_(
                sorted(f"{connection_id}/{id_}" for connection_id, id_ in by_key)
            ),
            items.c.category == DONE,
            ~view.has_child(items),
        )
    )
    found: dict[MilestoneFacts, set[Pair]] = {}
    for row in rows:
        version = by_key[row.connection_id, row.milestone_id]
        at = versions[version]
        if at is None or row.since <= at:
            found.setdefault(version, set()).add((row.connection_id, row.id))
    return found


# --- what a tag holds -------------------------------------------------------------------------


def _commits(
    view: View,
    work: Iterable[tuple[MilestoneFacts, ItemFacts, list[tuple[ChangeLine, _Tag]]]],
) -> dict[Pair, dict[str, _Commit]]:
    """Commits of the repositories in question, as far back as the oldest work in them."""
    oldest: dict[Pair, datetime] = {}
    for _, _, mine in work:
        for line, tag in mine:
            begun = line.created_at or line.merged_at
            if begun is not None:
                oldest[tag.repository] = min(begun, oldest.get(tag.repository, begun))
    found: dict[Pair, dict[str, _Commit]] = {}
    c = code.code_commit.c
    for (connection_id, scope_id), since in oldest.items():
        rows = view.conn.execute(
            sa.select(c.sha, c.parents, c.subject, c.committed_at).where(
                c.connection_id == connection_id,
                c.scope_id == scope_id,
                sa.or_(c.committed_at.is_(None), c.committed_at >= since - 30 * _SKEW),
            )
        )
        found[connection_id, scope_id] = {
            row.sha: _Commit(
                tuple(row.parents) if row.parents else None, row.subject, row.committed_at
            )
            for row in rows
        }
    return found


def _holds(
    commits: Mapping[Pair, Mapping[str, _Commit]], tag: _Tag, line: ChangeLine
) -> bool | None:
    """Whether a tag holds what a change landed; None: that is not known."""
    if line.landed_sha is None or line.merged_at is None:
        return None
    if line.landed_sha == tag.sha:
        return True
    known = commits.get(tag.repository, {})
    landed, tagged = known.get(line.landed_sha), known.get(tag.sha)
    begun = line.created_at or line.merged_at
    inside = _behind(known, tag.sha, begun - _SKEW)
    if line.landed_sha in inside.seen:
        return True
    words = {landed.subject} if landed is not None and landed.subject else set()
    words.add(line.title)
    if any(subject and _carries(subject, words) for subject in inside.subjects):
        # Carried over by hand: the same work in another commit.
        return True
    if inside.is_whole:
        return False
    dates = [at for at in (tag.made_at, tagged.at if tagged is not None else None) if at]
    own = landed.at if landed is not None and landed.at is not None else None
    if not dates or own is None:
        return None
    # No commit holds one that is younger.
    return False if min(own, line.merged_at) > max(dates) + _SKEW else None


@dataclass(slots=True)
class _Behind:
    """Commits that a tag holds, back to some instant."""

    seen: set[str] = field(default_factory=set)
    subjects: list[str | None] = field(default_factory=list)
    #: every commit since then is known.
    is_whole: bool = True


def _behind(commits: Mapping[str, _Commit], sha: str, since: datetime) -> _Behind:
    found, waiting = _Behind(), [sha]
    while waiting:
        one = waiting.pop()
        if one in found.seen:
            continue
        found.seen.add(one)
        commit = commits.get(one)
        if commit is None:
            found.is_whole = False
            continue
        found.subjects.append(commit.subject)
        if commit.at is not None and commit.at < since:
            continue
        if commit.parents is None:
            found.is_whole = False
        else:
            waiting.extend(commit.parents)
    return found


def _carries(subject: str, words: set[str]) -> bool:
    """Whether a commit's first line is that of the work, perhaps with a number behind it."""
    return any(subject.startswith(one) or one.startswith(subject) for one in words if one)


def _found(
    version: MilestoneFacts,
    at: datetime | None,
    missing: Sequence[tuple[ItemFacts, list[ChangeLine], _Tag]],
) -> Found:
    number = len(missing)
    tags = sorted({tag.name for _, _, tag in missing})
    proofs = [Evidence(f"{version.name} is released", version.url, at, version.subject)]
    for tag in {one.name: one for _, _, one in missing}.values():
        proofs.append(Evidence(f"tag {tag.name} is {tag.sha[:8]}", tag.url, tag.made_at))
    pieces: list[Evidence] = []
    for item, lines, tag in missing:
        pieces.append(item_evidence(item, f"is done in {version.name}"))
        pieces.extend(one.evidence(f"is not in tag {tag.name}", one.merged_at) for one in lines)
    items = count(number, "done item")
    return Found(
        subject=version.subject,
        severity=Severity.LOW,
        magnitude=float(number),
        rule=NOT_IN_TAG,
        channel=Channel.DIGEST,
        values={
            "title": f"{items} of {version.name} {verb(number, 'is', 'are')} not in tag "
            f"{', '.join(tags)}",
            "what": f"{version.name} is released and holds {items} whose changes are not in tag "
            f"{', '.join(tags)}.",
            "so_what": "What people were told is in the release may be missing from it.",
            "who": f"the owner of {version.name}",
            "remedy": "Move the items to the version that has them, or say where they were "
            "released.",
        },
        evidence=(*proofs, *capped(pieces, "proof")),
        connection_id=version.connection_id,
        milestone=(version.kind, version.source_id),
    )
