"""`driftline mapping shadow`: what a changed mapping would find otherwise, and nothing is kept."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import Desk, desk

from sync.store.open import open_store
from sync.store.transfer import copy

#: What the simulated Jira calls "in progress" is done under it.
NEW = '[status]\n"In Progress" = "done"\n"In Review" = "done"\n'


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        world = made.bench.world
        (project,) = world.projects.values()
        version = world.version_named("Release 3.2", project)
        # Released with work that is only in progress: found, unless that counts as done.
        for one in world.alive():
            if version.id in one.versions and one.category == "new":
                world.transition(one, "In Progress")
        version.released = True
        made.write(made.text() + '\n[mapping]\norganisation = "mapping.toml"\n')
        (tmp_path / "mapping.toml").write_text("", encoding="utf-8")
        (tmp_path / "new.toml").write_text(NEW, encoding="utf-8")
        assert made.type("sync", "-q").code == 0
        assert made.type("reconcile", "-q").code == 0
        yield made


def content(path: Path) -> str:
    """Hash of every row of the store."""
    store = open_store(str(path), read_only=True)
    try:
        with store.reading() as conn:
            raw = conn.connection.dbapi_connection
            return hashlib.sha256("\n".join(raw.iterdump()).encode()).hexdigest()
    finally:
        store.close()


def test_it_tells_what_would_be_found_otherwise_and_keeps_nothing(at: Desk) -> None:
    before = content(at.directory / "driftline.db")
    said = at.type("mapping", "shadow", "new.toml", "--json")
    assert said.code == 0
    removed = {one["detector"] for one in said.json["removed"]}
    assert "data.contradiction" in removed
    assert content(at.directory / "driftline.db") == before
    # It is what a real change leads to.
    told = {one["fingerprint"] for one in said.json["removed"]}
    listed = at.type("findings", "list", "--json").json["findings"]
    (at.directory / "mapping.toml").write_text(NEW, encoding="utf-8")
    at.type("remap", "-q")
    at.type("reconcile", "-q")
    left = at.type("findings", "list", "--json").json["findings"]
    gone = {one["fingerprint"] for one in listed} - {one["fingerprint"] for one in left}
    assert gone == told
    # And once it is in force, it changes nothing.
    said = at.type("mapping", "shadow", "new.toml")
    assert "0 added, 0 removed, 0 changed" in said.out
    assert "Nothing was kept." in said.out


def test_a_person_reads_a_line_for_each(at: Desk) -> None:
    said = at.type("mapping", "shadow", "new.toml")
    assert "removed  " in said.out
    assert "is released and holds" in said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere.toml",), "nowhere.toml"),
        (("new.toml", "--instead-of", "other.toml"), "no mapping file other.toml is configured"),
        (("broken.toml",), "broken.toml"),
    ],
)
def test_bad_input_is_one_error(at: Desk, words: tuple[str, ...], says: str) -> None:
    (at.directory / "broken.toml").write_text("[status]\nDone = 'nonsense'\n", encoding="utf-8")
    said = at.type("mapping", "shadow", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert len(said.err.splitlines()) == 1


def test_where_several_files_are_configured_one_is_named(at: Desk) -> None:
    (at.directory / "jira.toml").write_text("", encoding="utf-8")
    at.write(at.text().replace('kind = "jira"', 'kind = "jira"\nmapping = "jira.toml"'))
    said = at.type("mapping", "shadow", "new.toml")
    assert said.code == 2
    assert "--instead-of" in said.err
    said = at.type("mapping", "shadow", "new.toml", "--instead-of", "jira.toml", "--json")
    assert said.json["removed"]


@pytest.mark.full
@pytest.mark.postgres
def test_a_server_is_copied_and_left_alone(at: Desk, postgres_url: str) -> None:
    source, target = open_store(str(at.directory / "driftline.db")), open_store(postgres_url)
    copy(source, target, lambda _: None)
    source.close()
    target.close()
    here = at.type("mapping", "shadow", "new.toml", "--json").json["removed"]
    at.write(f'store = "{postgres_url}"\n{at.text()}')
    there = at.type("mapping", "shadow", "new.toml", "--json")
    assert there.json["removed"] == here
    assert "is copied to a temporary file" in there.err
