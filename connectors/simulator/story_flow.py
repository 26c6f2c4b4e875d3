"""Work that stands still on purpose: an old item, a blocked one, changes that nobody ends."""

from collections.abc import Callable

from connectors.simulator.code_build import Life
from connectors.simulator.story_scene import Scene
from connectors.simulator.story_work import Work, live
from connectors.simulator.world import days


def _old_item(scene: Scene) -> None:
    """A part of it has landed, and it has been in progress for weeks."""
    landed, issue = scene.ago(1, 3), scene.item(begun=scene.ago(30, 40))
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))


def _flagged(scene: Scene) -> None:
    """Marked as impeded for more than a week, though a part of it has landed."""
    issue, landed = scene.item(begun=scene.ago(16, 18)), scene.ago(1, 3)
    scene.world.flag(issue, True, at=scene.ago(10, 12), by=scene.somebody())
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))


def _waits_for_an_item(scene: Scene) -> None:
    """It waits for an item that was put back, though a part of it has landed."""
    issue, wanted = scene.item(begun=scene.ago(16, 18)), scene.item(begun=scene.ago(18, 20))
    scene.world.transition(wanted, "To Do", at=scene.ago(15, 15.9))
    scene.world.link(wanted, "Blocks", issue, at=scene.ago(10, 12))
    landed = scene.ago(1, 3)
    scene.begin(live(scene.code, scene.work(issue, landed - days(2), landed)))


def _unseen_change(scene: Scene) -> None:
    """Opened weeks ago, and nobody has looked at it."""
    scene.begin(live(scene.code, _open(scene, "Tidy the")))


def _unanswered_review(scene: Scene) -> None:
    """Changes were requested weeks ago, and nothing came."""
    work = _open(scene, "Split the")

    def life() -> Life:
        change = yield from live(scene.code, work)
        at = work.opened + days(1)
        yield at
        people = scene.world.humans()
        reviewer = next(one for one in people if one != work.author)
        scene.code.review(change, reviewer, "changes_requested", at=at)

    scene.begin(life())


def _open(scene: Scene, words: str) -> Work:
    topic = scene.topic()
    branch = f"tidy/{topic.replace(' ', '-')}-{scene.rng.randrange(10**6)}"
    return Work(
        scene.somewhere(), f"{words} {topic}", branch, scene.somebody(), scene.ago(12, 18), None
    )


FLOW: tuple[Callable[[Scene], None], ...] = (
    _old_item,
    _flagged,
    _waits_for_an_item,
    _unseen_change,
    _unanswered_review,
)
