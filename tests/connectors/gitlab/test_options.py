"""Options refuse what they do not know and never show a secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.gitlab.entry import ENTRY
from connectors.gitlab.options import GitLabOptions
from connectors.registry import get


def test_defaults() -> None:
    options = GitLabOptions()
    assert (options.url, options.api, options.page_size) == ("https://gitlab.com", "auto", 100)
    assert options.projects == ()
    assert options.group_milestones is True


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "gitlab.example.net"}, "must be an address"),
        ({"url": "https://ana:pw@example.net"}, "must not hold a user or password"),
        ({"project": ["a/b"]}, "Extra inputs are not permitted"),
        ({"page_size": 101}, "less than or equal to 100"),
        ({"api": "soap"}, "'auto', 'graphql' or 'rest'"),
    ],
)
def test_nonsense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        GitLabOptions(**values)


def test_projects_may_be_paths_or_ids() -> None:
    assert GitLabOptions(projects=[7, "/group/name/ "]).projects == ("7", "group/name")  # type: ignore[arg-type, list-item] # as written in TOML
    assert GitLabOptions(projects=7).projects == ("7",)  # type: ignore[arg-type] # same


def test_the_path_of_the_api_does_not_belong_to_the_address() -> None:
    assert GitLabOptions(url="https://x.example/gitlab/api/v4/").url == "https://x.example/gitlab"


def test_a_token_is_not_shown() -> None:
    options = GitLabOptions(token="s3cret-token")  # type: ignore[arg-type] # as read from the environment
    assert "s3cret" not in f"{options!r} {options} {options.model_dump()}"


def test_the_registry_knows_it() -> None:
    assert get("gitlab") is ENTRY
    assert {one.name for one in ENTRY.streams()} >= {"issues", "changes", "runs", "census"}
