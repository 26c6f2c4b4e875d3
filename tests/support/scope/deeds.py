"""What happens to plans in a small company, drawn from dice: mostly what moves a scope."""

import random
from collections.abc import Sequence

from support.schedules.systems import Company

from connectors.simulator import edits_code, edits_jira
from connectors.simulator.edit_dice import Dice, Draw

#: Deeds that a scope consists of; they come three times of four.
_JIRA = (
    "_plan _plan _plan _plan _sprint _sprint _sprint _estimate _estimate _transition _transition "
    "_parent _sub_task _create _create _delete _move _hide _convert _start_sprint _end_sprint "
    "_drop_version _version_dates"
).split()
_CODE = (
    "_plan _plan _plan _plan _plan _plan _turn _turn _weigh _weigh _iterate _iterate _parent "
    "_write _write _write _delete _transfer _discuss _hush _add_milestone _edit_milestone "
    "_edit_milestone _turn_milestone _drop_milestone"
).split()
#: Nothing goes out of sight and nothing loses its name.
_CALM_JIRA = (
    "_plan _plan _plan _plan _sprint _sprint _estimate _estimate _transition _parent _parent "
    "_sub_task _sub_task _create _link _link _link _prioritise"
).split()
_CALM_CODE = (
    "_plan _plan _plan _plan _turn _turn _iterate _parent _parent _parent _write _write"
).split()
#: A configured name that leads nowhere any more is another test's matter.
_NEVER = frozenset({"_rename_project", "_hand_over"})


def deed(
    company: Company, rng: random.Random, *, calm: bool = False, only: Sequence[str] = ()
) -> str:
    """Let something happen now; says what.

    `calm`: nothing that puts anything out of sight. `only`: names of deeds, and no others.
    """
    world = company.world
    is_jira = company.system.kind == "jira"
    module = edits_jira if is_jira else edits_code
    named = (_CALM_JIRA if is_jira else _CALM_CODE) if calm else (_JIRA if is_jira else _CODE)
    named = only or named
    with world.lock:
        world.now = company.clock.now()
        dice = Dice(world, rng, company.system.kind, world.credentials["owner"])  # type: ignore[arg-type]
        while True:
            draws: Sequence[Draw] = [one for one in module.DRAWS if _name(one) not in _NEVER]
            if calm or only or rng.random() < 0.75:
                name = rng.choice(named)
                draws = [one for one in draws if _name(one) == name]
            done = rng.choice(draws)(dice)
            if done is not None:
                return done


def _name(draw: Draw) -> str:
    return getattr(draw, "__wrapped__", draw).__name__
