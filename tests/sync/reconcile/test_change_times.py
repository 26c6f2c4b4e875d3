"""When changes came into production, against what was truly deployed in the simulated company."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connectors.simulator import build
from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import ChangeRequest, Repository
from connectors.simulator.gitlab_git import ancestry
from connectors.simulator.world import World
from sync.cli.demo import play
from sync.flow.lead_time import Moments
from sync.reconcile import change_times
from sync.reconcile.change_times import Landed, production
from sync.reconcile.contract import Policy
from sync.reconcile.view import View
from sync.store.open import open_store


@pytest.mark.parametrize(
    ("name", "wanted", "is_it"),
    [
        ("production", (), True),
        ("Production", (), True),
        ("eu-prod-1", (), True),
        ("live", (), True),
        ("prod/eu", (), True),
        ("staging", (), False),
        ("preproduction", (), False),
        ("delivery", (), False),
        ("product", (), False),
        (None, (), False),
        ("blue", ("Blue",), True),
        ("production", ("blue",), False),
    ],
)
def test_an_environment_is_production_by_a_whole_word_or_as_named(
    name: str | None, wanted: tuple[str, ...], is_it: bool
) -> None:
    assert production(name, wanted) is is_it


Company = tuple[World, dict[str, Landed]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company")
    worlds: list[World] = []
    original = build.build

    def kept(*words: object, **more: object) -> World:
        worlds.append(original(*words, **more))  # type: ignore[arg-type]
        return worlds[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build", kept)
        play(folder, 3)
    # What the last reading brought is known a moment later.
    now = worlds[0].now + timedelta(minutes=5)
    store = open_store(str(folder / "driftline.db"), read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, Policy(), now, now)
            since = now - timedelta(days=730)
            landed = change_times.landed(view, since, change_times.deployed(view))
    finally:
        store.close()
    return worlds[0], {one.line.id: one for one in landed}


def each(company: Company) -> Iterator[tuple[Repository, ChangeRequest, Moments]]:
    """Changes of which both tell, with what is told of them."""
    world, landed = company
    for repo in world.code.repositories.values():
        for change in world.code.changes_in(repo):
            if str(change.id) in landed:
                yield repo, change, landed[str(change.id)].moments


@pytest.mark.full
def test_changes_are_in_production_when_the_company_put_them_there(company: Company) -> None:
    told = 0
    for repo, change, moments in each(company):
        true = put_there(company[0].code, repo, change)
        assert moments.deployed_at == true, change
        told += true is not None
    assert told > 20


def put_there(code: CodeWorld, repo: Repository, change: ChangeRequest) -> datetime | None:
    """When the first production deployment with the change was made, after the oldest one."""
    made = sorted(
        (one.created, one.sha)
        for one in code.deployments.values()
        if one.repo_id == repo.id and one.environment == "production"
    )
    for number, (at, sha) in enumerate(made):
        commit = code.git.get(repo, sha)
        if commit is not None and change.landed_sha in ancestry(code, repo, commit):
            return at if number else None
    return None


@pytest.mark.full
def test_the_first_commit_is_the_oldest_that_was_written(company: Company) -> None:
    git, told = company[0].code.git, 0
    for repo, change, moments in each(company):
        commits = [one for sha in change.commits if (one := git.get(repo, sha)) is not None]
        if moments.first_commit_at is not None:
            told += 1
            assert alike(moments.first_commit_at, min(one.authored for one in commits)), change
    assert told > 20


@pytest.mark.full
def test_the_first_review_is_that_of_another_person(company: Company) -> None:
    world, told = company[0], 0
    for _, change, moments in each(company):
        true = [
            one.at
            for one in change.reviews
            if one.author not in (None, change.author)
            and one.verdict != "pending"
            and not world.people[str(one.author)].bot
        ]
        if moments.first_review_at is None:
            assert not true or not moments.reviews_read, change
        else:
            told += 1
            assert alike(moments.first_review_at, min(true)), change
    assert told > 20


def alike(one: datetime, other: datetime) -> bool:
    """Whether they are the same but for parts of a second, which hosts cut off."""
    return abs(one - other) < timedelta(seconds=1)
