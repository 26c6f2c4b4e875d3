"""What a person would configure and confirm for the simulated company of the demo."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connectors.simulator.server import Simulator
    from connectors.simulator.story_code import CodeStory
    from connectors.simulator.world import World
    from sync.clock import Clock
    from sync.engine.plan import ConnectionPlan, Plan
    from sync.store.open import Store

Api = Literal["auto", "graphql", "rest"]
#: Names of the connections, by the system that they read.
CONNECTIONS = {"jira": "jira", "github": "github", "gitlab": "gitlab"}
AUTHOR = "demo"
DAYS = 730


def plan(connections: "Iterable[ConnectionPlan]", clock: "Clock") -> "Plan":
    """One run over all of them."""
    from sync.cli.main import VERSION
    from sync.engine.plan import Plan

    return Plan(
        connections=tuple(connections),
        since=clock.now() - timedelta(days=DAYS),
        since_label=f"{DAYS}d",
        # A story is told alike each time only if its parts come in the same order.
        workers=1,
        program_version=VERSION,
    )


def connections(
    simulator: "Simulator", world: "World", api: Api = "auto"
) -> "tuple[ConnectionPlan, ...]":
    """Jira Cloud, GitHub and GitLab with the defaults of their connectors, by today's names.

    `api`: by which of their two the code hosts are read.
    """
    from pydantic import SecretStr

    from connectors.github.options import GitHubOptions
    from connectors.gitlab.options import GitLabOptions
    from connectors.jira.options import JiraOptions
    from mappings.load import load
    from mappings.registry import get
    from sync.engine.plan import ConnectionPlan

    owner = world.credentials["owner"]
    token = SecretStr(owner.token)
    options = {
        "jira": JiraOptions(
            url=simulator.url("jira-cloud"),
            email=owner.email,
            token=token,
            projects=tuple(project.key for project in world.projects.values()),
        ),
        "github": GitHubOptions(
            url=simulator.url("github"),
            token=token,
            api=api,
            repositories=tuple(one.path for one in world.code.hosted("github")),
        ),
        "gitlab": GitLabOptions(
            url=simulator.url("gitlab"),
            token=token,
            api=api,
            projects=tuple(one.path for one in world.code.hosted("gitlab")),
        ),
    }
    return tuple(
        ConnectionPlan(CONNECTIONS[kind], kind, chosen, load([get(kind).defaults]))
        for kind, chosen in options.items()
    )


def confirm(store: "Store", story: "CodeStory", clock: "Clock") -> None:
    """What a person says once the first report is read.

    As with `driftline baseline accept`, `tests confirm` and `milestones link`.
    """
    from sync.ledger.baseline import accept
    from sync.ledger.milestones import at
    from sync.ledger.working_days import WorkCalendar
    from sync.reconcile.contract import Policy
    from sync.reconcile.parts import link
    from sync.verdict.confirm import confirm as confirm_tests

    policy, now = Policy(), clock.now()
    calendar = WorkCalendar(policy.time_zone, policy.work_days, policy.holidays)
    for milestone in story.story.accepted:
        accept(
            store,
            calendar,
            clock=clock,
            milestone=milestone,
            author=AUTHOR,
            reason="agreed in planning",
        )
    with store.writing() as conn:
        for repo in story.confirmed:
            confirm_tests(conn, repo.path, now=now, author=AUTHOR)
        if story.program:
            link(
                conn,
                at(conn, now, now),
                clock=clock,
                name=story.program[0].name,
                parts=[
                    f"{CONNECTIONS[part.system]}/{part.place}:{part.name}" for part in story.program
                ],
                author=AUTHOR,
            )
