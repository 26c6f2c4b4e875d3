"""Authentication and the vendor's own kinds of trouble."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError
from support.github_site import serving

from connectors.contract import (
    CannotAuthenticate,
    Runtime,
    SourceError,
    TooManyRequests,
    Unavailable,
)
from connectors.github.client import RENEW_BEFORE, Installation, graphql_url, judge, make_transport
from connectors.github.options import GitHubOptions
from connectors.redaction import mask
from connectors.simulator.github import App
from connectors.transport import Answer, Transport

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TOKEN = "github_pat_secret"


def runtime() -> Runtime:
    return Runtime(now=lambda: NOW, sleep=lambda seconds: None)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path_factory.mktemp("app") / "key.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    path.write_bytes(pem)
    return path


def test_the_token_and_the_version_go_with_every_request() -> None:
    with responses.RequestsMock() as mock:
        mock.get("https://api.github.com/user", json={})
        make_transport(GitHubOptions(token=TOKEN), runtime()).get("user")
        sent = mock.calls[0].request.headers
    assert sent["Authorization"] == f"Bearer {TOKEN}"
    assert sent["X-GitHub-Api-Version"] == "2022-11-28"


def test_a_token_never_stands_in_an_error() -> None:
    with responses.RequestsMock() as mock:
        mock.get("https://api.github.com/user", status=401, json={"message": f"bad {TOKEN}"})
        with pytest.raises(CannotAuthenticate) as caught:
            make_transport(GitHubOptions(token=TOKEN), runtime()).get("user")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql"),
        ("http://127.0.0.1:8080/github", "http://127.0.0.1:8080/github/graphql"),
    ],
)
def test_where_graphql_answers(url: str, expected: str) -> None:
    assert graphql_url(url) == expected


# --- an App ---------------------------------------------------------------------------------


def test_an_app_reads_with_tokens_of_its_installation(key_file: Path) -> None:
    with serving(11, issues=6, changes=4, app=App()) as bench:
        connector = bench.connector(
            token=None, app_id="4711", installation_id=99, private_key_file=key_file
        )
        identity = connector.connect()
        assert identity.account_id == "app:4711"
        assert [one.kind for one in connector.scopes()] == ["site", "repository"]
        minted = [one for one in bench.hosting.simulator.log if one.path.endswith("access_tokens")]
        assert len(minted) == 1
        # An hour later its token is over: another one is asked for before that is noticed.
        bench.hosting.later(minutes=58)
        connector.connect()
        minted = [one for one in bench.hosting.simulator.log if one.path.endswith("access_tokens")]
        assert len(minted) == 2
        assert all(one.status < 400 for one in bench.hosting.simulator.log)


def test_a_token_is_renewed_before_its_end() -> None:
    """B66: An app's token lives an hour."""
    now, made = [NOW], []

    def mint() -> tuple[str, datetime | None]:
        made.append(f"minted-{len(made)}")
        return made[-1], now[0] + timedelta(hours=1) if len(made) < 3 else None

    installation = Installation(mint, lambda: now[0])
    assert [installation.token(), installation.token()] == ["minted-0", "minted-0"]
    now[0] += timedelta(hours=1) - RENEW_BEFORE
    assert installation.token() == "minted-1"
    now[0] += timedelta(hours=1)
    assert installation.token() == "minted-2"
    # Without a told end the documented hour holds.
    now[0] += timedelta(minutes=50)
    assert installation.token() == "minted-2"
    assert mask("minted-0, minted-1 or minted-2") == "***, *** or ***"


API = "https://api.github.com"


def app_transport(key_file: Path, web: responses.RequestsMock, minted: int) -> Transport:
    """A transport of an App whose server gives so many tokens, each for an hour."""
    for n in range(minted):
        web.post(
            f"{API}/app/installations/99/access_tokens",
            json={"token": f"ghs_minted{n}", "expires_at": "2026-03-02T09:00:00Z"},
        )
    options = GitHubOptions(app_id="4711", installation_id=99, private_key_file=key_file)
    return make_transport(options, runtime())


def sent_with(web: responses.RequestsMock, path: str) -> list[str]:
    return [
        call.request.headers["Authorization"]
        for call in web.calls
        if (call.request.url or "").endswith(path)
    ]


def test_a_token_that_ends_in_mid_run_is_minted_anew_and_the_request_sent_again(
    key_file: Path,
) -> None:
    """B66: One new token and one replay, although the server said that the token lives on."""
    with responses.RequestsMock() as web:
        transport = app_transport(key_file, web, 2)
        web.get(f"{API}/user", json={"page": 1})
        web.get(f"{API}/user", status=401, json={"message": "Bad credentials"})
        web.get(f"{API}/user", json={"page": 2})
        assert [transport.get("user").object()["page"] for _ in range(2)] == [1, 2]
        assert sent_with(web, "/user") == [
            "Bearer ghs_minted0",
            "Bearer ghs_minted0",
            "Bearer ghs_minted1",
        ]


def test_a_new_token_that_is_refused_too_ends_it(key_file: Path) -> None:
    """B66: One replay and no more; what comes after it is not sent."""
    with responses.RequestsMock() as web:
        transport = app_transport(key_file, web, 2)
        web.get(f"{API}/user", status=401, json={"message": "Bad credentials"})
        for _ in range(3):
            with pytest.raises(CannotAuthenticate):
                transport.get("user")
        assert len(sent_with(web, "/user")) == 2


def test_threads_whose_token_ended_mint_one_new_one(key_file: Path) -> None:
    """B66: The token that others already replaced is not thrown away again."""
    made: list[str] = []

    def mint() -> tuple[str, datetime | None]:
        made.append(f"minted-{len(made)}")
        return made[-1], NOW + timedelta(hours=1)

    installation = Installation(mint, lambda: NOW)
    together = threading.Barrier(4, timeout=5)

    def ask(_: int) -> str:
        installation.token()
        together.wait()
        assert installation.renew()
        together.wait()
        return installation.token()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {"minted-1"}


def test_an_app_that_gets_no_token_asks_once(key_file: Path) -> None:
    """B72: A refused App is not asked for again."""
    with responses.RequestsMock() as web:
        path = f"{API}/app/installations/99/access_tokens"
        web.post(path, status=401, json={"message": "A JSON web token could not be decoded"})
        transport = app_transport(key_file, web, 0)
        for _ in range(3):
            with pytest.raises(CannotAuthenticate, match="gets no token"):
                transport.get("user")
        assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [(429, {"Retry-After": "7200"}, TooManyRequests), (503, {}, Unavailable)],
)
def test_a_limit_or_trouble_while_a_token_is_minted_is_no_refused_login(
    key_file: Path, status: int, headers: dict[str, str], error: type[SourceError]
) -> None:
    """B66: what another attempt may heal must not rest the credentials."""
    with responses.RequestsMock() as web:
        path = f"{API}/app/installations/99/access_tokens"
        web.post(path, status=status, headers=headers, json={"message": "later"})
        options = GitHubOptions(app_id="1", installation_id=99, private_key_file=key_file)
        with pytest.raises(error) as caught:
            make_transport(options, runtime()).get("installation/repositories")
    assert type(caught.value) is error


def test_an_apps_own_requests_count_apart_from_those_of_its_installation(key_file: Path) -> None:
    """B36: the share of people at the installation is no reason to have no token."""
    until = NOW + timedelta(hours=1)
    closed = replace(runtime(), closed_until=lambda bucket: until if bucket == "core" else None)
    options = GitHubOptions(app_id="1", installation_id=99, private_key_file=key_file)
    with responses.RequestsMock() as web:
        web.post(
            f"{API}/app/installations/99/access_tokens",
            json={"token": "ghs_minted", "expires_at": "2036-01-01T00:00:00Z"},
        )
        web.post(f"{API}/graphql", json={"data": {}})
        answer = make_transport(options, closed).post("graphql", {"query": "{x}"})
    assert answer.object() == {"data": {}}


def test_an_app_that_is_not_installed_there_is_told_so(key_file: Path) -> None:
    with serving(11, issues=6, changes=4, app=App()) as bench:
        connector = bench.connector(
            token=None, app_id="4711", installation_id=1, private_key_file=key_file
        )
        with pytest.raises(CannotAuthenticate, match="gets no token") as caught:
            connector.connect()
    assert "installation" in caught.value.what


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("no key at all", "cannot be used")]
)
def test_a_key_that_is_none_is_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_text(content)
    options = GitHubOptions(app_id="1", installation_id=2, private_key_file=path)
    with pytest.raises(CannotAuthenticate, match=said) as caught:
        make_transport(options, runtime()).get("user")
    assert "private_key_file" in caught.value.todo


# --- trouble that only this vendor tells ----------------------------------------------------


def answer(status: int, body: bytes = b"{}", url: str = "user", **headers: str) -> Answer:
    found = requests.structures.CaseInsensitiveDict(
        {name.replace("_", "-"): value for name, value in headers.items()}
    )
    return Answer(status, found, body, f"https://api.github.com/{url}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (answer(200), None),
        (answer(403), None),
        (answer(404), None),
        (answer(202), "has not worked the answer out"),
        (answer(403, X_GitHub_SSO="required; url=https://x"), "single sign-on"),
        (answer(403, b'{"message":"You have exceeded a secondary rate limit"}'), "limit"),
        (answer(429, b'{"message":"secondary rate limit"}'), "limit"),
        (answer(200, b'{"errors":[{"type":"RATE_LIMITED"}]}', url="graphql"), "limit"),
        (answer(200, b'{"title":"RATE_LIMITED"}', url="repositories/1/issues"), None),
        (
            answer(
                403,
                b'{"message":"Resource not accessible by personal access token"}',
                X_Accepted_GitHub_Permissions="issues=read; pull_requests=read",
            ),
            "issues=read or pull_requests=read",
        ),
    ],
)
def test_what_an_answer_means(given: Answer, said: str | None) -> None:
    found = judge(given, NOW)
    if said is None:
        assert found is None
        return
    assert isinstance(found, SourceError)
    assert said in found.what
    assert found.todo


def test_a_limit_tells_until_when_if_it_is_told() -> None:
    said = b'{"message":"secondary rate limit"}'
    unsaid = judge(answer(403, said), NOW)
    assert unsaid is not None
    assert unsaid.until is None  # type: ignore[attr-defined]  # a limit, which has it
    told = judge(answer(403, said, Retry_After="120"), NOW)
    assert told is not None
    assert told.until == NOW + timedelta(seconds=120)  # type: ignore[attr-defined]


# --- options --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "github.com"}, "must be an address"),
        ({"url": "https://github.com"}, "api.github.com"),
        ({"url": "https://me:pw@ghe.example.com"}, "user or password"),
        ({"repositories": ["shop"]}, "owner/name"),
        ({"repositories": ["a/b/c"]}, "owner/name"),
        ({"app_id": "1"}, "needs app_id, installation_id and private_key_file"),
        (
            {"app_id": "1", "installation_id": 2, "private_key_file": "k", "token": "x"},
            "not both",
        ),
        ({"api": "soap"}, "graphql"),
        ({"page_size": 101}, "100"),
    ],
)
def test_options_that_make_no_sense_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        GitHubOptions(**values)


def test_options_are_read_kindly() -> None:
    options = GitHubOptions(
        url="https://ghe.example.com/api/v3/", repositories="acme/shop", app_id=None
    )
    assert (options.url, options.repositories) == (
        "https://ghe.example.com/api/v3",
        ("acme/shop",),
    )
    twice = GitHubOptions(repositories=["Acme/Shop", "acme/shop"])
    assert twice.repositories == ("acme/shop",)
    app = GitHubOptions.model_validate(
        {"app_id": 12, "installation_id": 3, "private_key_file": "k.pem"}
    )
    assert app.app_id == "12"
