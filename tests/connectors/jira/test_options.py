"""Options refuse what they do not know and never show a secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.jira.options import JiraOptions

URL = "https://example.atlassian.net/"


def test_defaults() -> None:
    options = JiraOptions(url=URL)
    assert options.url == "https://example.atlassian.net"
    assert (options.deployment, options.boards, options.page_size) == ("auto", "auto", 100)
    assert options.remote_links is False


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "example.atlassian.net"}, "must be an address"),
        ({"url": "https://ana:pw@example.net"}, "must not hold a user or password"),
        ({"projcts": ["APO"]}, "Extra inputs are not permitted"),
        ({"email": "a@example.net", "username": "ana"}, "not both"),
        ({"page_size": 0}, "greater than or equal to 1"),
        ({"deployment": "server"}, "'auto', 'cloud' or 'datacenter'"),
    ],
)
def test_nonsense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        JiraOptions(**{"url": URL, **values})


def test_one_project_may_be_written_without_brackets_and_ids_as_numbers() -> None:
    assert JiraOptions(url=URL, projects="APO").projects == ("APO",)  # type: ignore[arg-type] # as written in TOML
    assert JiraOptions(url=URL, projects=[10001, "BEE"]).projects == ("10001", "BEE")  # type: ignore[arg-type] # same


def test_a_token_is_not_shown() -> None:
    options = JiraOptions(url=URL, token="s3cret-token")  # type: ignore[arg-type] # as read from the environment
    assert "s3cret" not in f"{options!r} {options} {options.model_dump()}"
    with pytest.raises(ValidationError) as caught:
        JiraOptions(url=URL, token=["s3cret-token"])  # type: ignore[arg-type] # wrong on purpose
    assert "s3cret" not in str(caught.value)
