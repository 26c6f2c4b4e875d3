"""Addresses of stores."""

from pathlib import Path

import pytest

from sync.errors import ConfigError
from sync.store.address import parse_url, shown


def test_a_path_is_taken_from_the_base(tmp_path: Path) -> None:
    assert parse_url("a/b.db", tmp_path).database == str(tmp_path / "a/b.db")
    assert parse_url(f"sqlite:///{tmp_path}/b.db").database == str(tmp_path / "b.db")
    assert parse_url("sqlite:///b.db", tmp_path).database == str(tmp_path / "b.db")
    assert parse_url("b.db").database == str(Path.cwd() / "b.db")
    assert parse_url("~/b.db").database == str(Path.home() / "b.db")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_way_to_write_postgresql_uses_one_driver(scheme: str) -> None:
    address = parse_url(f"{scheme}://ada:s3cret@db.example.org:5433/drift")
    assert address.drivername == "postgresql+psycopg"
    assert shown(address) == "postgresql+psycopg://ada:***@db.example.org:5433/drift"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "names no file"),
        (":memory:", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("://x", "is not understood"),
        ("postgresql://ada:s3cret@db:port/drift", "is not understood"),
        ("mysql://ada:s3cret@db/drift", "'mysql' is not supported"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_without_its_password(
    url: str, what: str
) -> None:
    with pytest.raises(ConfigError, match=what) as caught:
        parse_url(url)
    assert "s3cret" not in str(caught.value)
    assert "Write a path, or postgresql://" in caught.value.todo
