"""What judged milestones wait for, as a view knows it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import sqlalchemy as sa

from mappings.vocabulary import UNREAD_LINKS, MilestoneKind
from sync.forecast.blockers import Blockers, load
from sync.forecast.blocking import item_ends
from sync.forecast.chain import way as shortest
from sync.forecast.graph import Item, Standing, in_order, waits_of
from sync.forecast.inputs import Blocker
from sync.forecast.model import Forecast, Ints
from sync.forecast.store import proof
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.combined import configured_mirrors
from sync.reconcile.view import View, leaves_at
from sync.store import schema


@dataclass(frozen=True, slots=True)
class Expected:
    """When somebody outside is expected to be done."""

    day: date
    #: the milestone whose date it is.
    milestone: MilestoneFacts
    #: whether it is forecast (half of the runs are done by then), and not just promised.
    forecast: bool = False


def blockers(view: View) -> Blockers:
    """Who waits for whom at the view's instant; read once."""
    if view.read_blockers is None:
        same = {second: first for first, second in configured_mirrors(view)}
        known_at = min(view.as_of, view.known_at)
        view.read_blockers = load(view.conn, view.items, known_at=known_at, same=same)
    return view.read_blockers


def homes(view: View, items: Iterable[Item]) -> dict[Item, tuple[MilestoneFacts, ...]]:
    """Open milestones that hold each of these items."""
    m = view.memberships.c
    by_connection: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(set(items)):
        if connection_id:
            by_connection.setdefault(connection_id, []).append(id_)
    found: dict[Item, set[Key]] = {}
    for connection_id, ids in by_connection.items():
        for start in range(0, len(ids), 500):
            rows = view.conn.execute(
                sa.select(m.item_id, m.milestone_kind, m.milestone_id).where(
                    m.connection_id == connection_id, m.item_id.in_(ids[start : start + 500])
                )
            )
            for row in rows:
                key = (connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
                if key in view.milestones:
                    found.setdefault((connection_id, row.item_id), set()).add(key)
    open_ = {
        item: tuple(one for key in sorted(keys) if (one := view.milestones[key]).state.is_open)
        for item, keys in found.items()
    }
    return {item: facts for item, facts in open_.items() if facts}


def expected(
    milestones: Collection[MilestoneFacts], forecasts: Mapping[Key, date]
) -> Expected | None:
    """When an item is expected to be done: with the first of its milestones; None: nobody says.

    `forecasts`: days by which half of the runs of a milestone are done; they go before promises.
    """
    told = []
    for one in milestones:
        day = forecasts.get(one.key)
        if day is not None:
            told.append(Expected(day, one, forecast=True))
        elif one.due_date is not None and not one.unseen:
            told.append(Expected(one.due_date, one))
    return min(told, key=lambda one: (one.day, not one.forecast), default=None)


def unknown(of: Blockers, items: Iterable[Item]) -> tuple[Item, ...]:
    """Those of which nothing is known: not read, hidden, or of no known status."""
    standing = of.graph.standing
    return tuple(sorted(one for one in items if standing.get(one) is Standing.UNKNOWN))


def untold(view: View) -> frozenset[Item]:
    """Items whose links the system did not give: nobody knows what they wait for."""
    c = view.rows(schema.data_issue).c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.subject).where(
            c.kind == UNREAD_LINKS,
            c.first_seen_at <= view.known_at,
            sa.or_(c.gone_at.is_(None), c.gone_at > view.known_at),
        )
    )
    return frozenset((row.connection_id, row.subject.partition(":")[2]) for row in rows)


def trust(of: Blockers, blocker: Item, blocked: Item) -> float:
    """How far it may be trusted that one waits for the other: as the weakest claim on the way.

    Of several ways the shortest counts.
    """
    way = shortest(of.graph, blocker, blocked)
    return min(of.graph.claim(*pair).confidence for pair in pairwise(way))


def restricted(of: Blockers, *items: Item) -> bool:
    """Whether one of these items may be named to the token's owner only."""
    return any(of.named[one].restricted for one in items if one in of.named)


def medians(view: View, milestones: Iterable[MilestoneFacts]) -> dict[Key, date]:
    """Days by which half of the runs of these milestones are done, where they are forecast.

    None while dates are unproven: a promise is then the better word for when something comes.
    """
    from sync.reconcile.forecasts import forecasts, of_milestones

    if not proof(view.conn, view.known_at).dates:
        return {}
    made = dict(forecasts(view))
    made |= of_milestones(view, (one for one in milestones if one.key not in made))
    return {
        key: one.made.p50
        for key, one in made.items()
        if one.silent is None and one.made.p50 is not None
    }


# --- for a forecast ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waits:
    """What milestones wait for, and in which order they can be simulated."""

    #: all milestones that a forecast needs: those asked for, and those that their blockers are in.
    #: Each comes after what it waits for; a group of several waits in a circle.
    order: tuple[tuple[Key, ...], ...]
    #: what open items of each wait for outside of it.
    blockers: Mapping[Key, tuple[Blocker, ...]]
    #: the milestone with which a blocker is expected, by its key; others are in none.
    home: Mapping[str, Key]
    #: open items of each milestone in `order`.
    open_items: Mapping[Key, tuple[Item, ...]]

    def hand(self, key: Key, forecasts: Mapping[Key, Forecast]) -> dict[str, Ints]:
        """Ends of the blockers of a milestone, run by run, as `simulate` takes them.

        `forecasts`: those made so far, of the same day and number of runs. Blockers of which there
        is none are left out, and the simulation names them as unknown.
        """
        found = {}
        for one in self.blockers.get(key, ()):
            home = self.home.get(one.key)
            forecast = forecasts.get(home) if home is not None and home != key else None
            if forecast is not None and home is not None:
                ends = item_ends(forecast, len(self.open_items[home]), one.key, forecast.as_of)
                if ends is not None:
                    found[one.key] = ends
        return found


def waits(view: View, milestones: Iterable[MilestoneFacts]) -> Waits:
    """What these open milestones wait for, with the milestones that those wait for in turn."""
    graph = blockers(view).graph
    containers: dict[Key, tuple[Item, ...]] = {}
    first: dict[Item, Key] = {}
    ahead = {one.key: one for one in milestones if one.state.is_open}
    while ahead:
        containers.update(_open_items(view, ahead.values()))
        behind: set[Item] = set()
        for mine in waits_of(graph, containers).values():
            behind.update(mine)
        found = homes(view, behind - first.keys())
        for item, facts in found.items():
            first[item] = min(facts, key=lambda one: (one.due_date or date.max, one.key)).key
        ahead = {key: view.milestones[key] for key in set(first.values()) if key not in containers}
    outside = waits_of(graph, containers)
    names = {item: _name(view, item) for mine in outside.values() for item in mine}
    return Waits(
        order=in_order(outside, containers),
        blockers={
            key: tuple(Blocker(names[item], len(held)) for item, held in mine.items())
            for key, mine in outside.items()
        },
        home={names[item]: key for item, key in first.items() if item in names},
        open_items=containers,
    )


def _open_items(view: View, milestones: Iterable[MilestoneFacts]) -> dict[Key, tuple[Item, ...]]:
    return {
        key: tuple(
            (key[0], id_)
            for id_, one in sorted(leaves_at(container, view.as_of).items())
            if not one.done
        )
        for key, container in view.containers(milestones).items()
    }


def _name(view: View, item: Item) -> str:
    """A name that is the same on every database: connections have numbers of their own there."""
    connection = view.connections.get(item[0], ("", ""))[0]
    return f"{connection}:{item[1]}"
