"""Change requests in milestones, held against what readings can have seen of them."""

import sqlalchemy as sa
from support.scope.judge import IN, OUT, UNKNOWN, Verdict, Watch
from support.scope.ours import Ours

from sync.ledger import change_members


def compare_changes(watch: Watch, ours: Ours, conn: sa.Connection, dates: list) -> Verdict:  # type: ignore[type-arg]
    """Every milestone, change request and date.

    What stood when a whole run began was seen by it. Before the first of them nothing is known;
    between two that saw the same, that; between two that saw different things, nothing.
    """
    members = change_members.load(conn, ours.facts.values(), ours.view.known_at)
    verdict = Verdict(len(ours.containers), len(dates))
    begins = [one.begin for one in watch.readings if one.whole]
    for name, facts in ours.facts.items():
        held = members.get(facts.key, {})
        for life in watch.chronicle.lives.values():
            if not life.is_change or not life.states[-1].there:
                continue
            for at in dates:
                was = life.at(at)
                truth = IN if was.there and name in was.plans else OUT
                said = held[life.id].standing(at) if life.id in held else OUT
                seen = [begin for begin in begins if begin <= at]
                next_ = [begin for begin in begins if begin > at]
                around = {
                    IN if name in life.at(begin).plans else OUT for begin in (seen[-1:] + next_[:1])
                }
                verdict.compared += 1
                verdict.said[said.value, truth.value] += 1
                if at < life.ats[0]:
                    fits = said is OUT
                elif not seen and life.id in held:
                    # What did not move since it stood so, stood so before the first reading too.
                    fits = said is UNKNOWN or said is truth
                elif len(around) > 1:
                    fits = said is UNKNOWN or said is truth
                else:
                    fits = said in (UNKNOWN, *around) if around else said is not IN
                verdict.unknown += said is UNKNOWN
                if not fits:
                    verdict.wrong.append(
                        f"{name} change {life.id} at {at}: {said}, {was}, around {around}, "
                        f"{held.get(life.id)}"
                    )
    return verdict
