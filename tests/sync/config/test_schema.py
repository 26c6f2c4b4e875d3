"""The schema for editors says what the program says."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sync.cli.reference import config_schema

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(config_schema())


def held() -> dict[str, Any]:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    # JSON has no dates: an editor sees them as text.
    data["calendar"] = json.loads(json.dumps(data["calendar"], default=str))
    data["testing"] = json.loads(json.dumps(data["testing"], default=str))
    return data


def test_example_fits(validator: Draft202012Validator) -> None:
    assert [error.message for error in validator.iter_errors(held())] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("sync", "workrs"), 3),
        (("sync", "workers"), 0),
        (("connections", "jira", "projcts"), ["A"]),
        (("connections", "jira", "token"), "x"),
        (("mail", "password"), "x"),
        (("detectors", "scope.net", "channel"), "loud"),
        (("detectors", "scope.net", "net_ration"), 0.3),
        (("nmae",), "x"),
    ],
)
def test_mistakes_are_seen(
    validator: Draft202012Validator, path: tuple[str, ...], value: Any
) -> None:
    data = held()
    table = data
    for part in path[:-1]:
        table = table[part]
    table[path[-1]] = value
    assert not validator.is_valid(data)


def test_connector_of_somebody_else_is_left_alone(validator: Draft202012Validator) -> None:
    data = {"connections": {"x": {"kind": "acme", "anything": 3}}}
    assert validator.is_valid(data)
