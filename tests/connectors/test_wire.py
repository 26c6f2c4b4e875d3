"""What really goes over the wire: to one origin, through one proxy, under one authority."""

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.mail_server import Certificates, certificates
from support.wire import (
    CLIENTS,
    TOKEN,
    Arrived,
    Proxy,
    Reply,
    Wire,
    holds_token,
    proxy,
    runtime,
    wire,
)
from urllib3.util import parse_url

from connectors.contract import SourceError, Unavailable, UnexpectedAnswer, WrongAddress
from connectors.origin import origin_of
from connectors.redaction import redact
from connectors.transport import Transport

#: A name that only the proxy knows.
HOST = "tracker.example.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Wire, Proxy, Certificates]]:
    """A TLS server of another name, reached through a proxy alone."""
    made = certificates(tmp_path_factory.mktemp("behind"), HOST)
    with wire(made.server) as server, proxy(server.port) as between:
        yield server, between, made


@pytest.fixture
def two() -> Iterator[tuple[Wire, Wire]]:
    """Our server, and somebody else's."""
    with wire() as ours, wire() as theirs:
        yield ours, theirs


# --- one authority, one proxy, all three clients ---------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
def test_a_private_authority_is_trusted_where_it_is_named(
    client: str, authority: Certificates
) -> None:
    """B69: one `ca_bundle` for every client."""
    with wire(authority.server) as server:
        assert CLIENTS[client](server.url, ca_bundle=str(authority.bundle)).get("x").status == 200
        assert holds_token(server.arrived[0].text)


@pytest.mark.parametrize("client", CLIENTS)
def test_an_unknown_authority_is_refused_before_a_token_is_sent(
    client: str, authority: Certificates, tmp_path: Path
) -> None:
    """B69: verification is never off, neither without a bundle nor with another authority's."""
    other = certificates(tmp_path)
    with wire(authority.server) as server:
        for changes in ({}, {"ca_bundle": str(other.bundle)}):
            with pytest.raises(WrongAddress, match="ca_bundle") as caught:
                CLIENTS[client](server.url, **changes).get("x")
            # In plain words, without the names of Python's own classes.
            assert caught.value.what == (
                "the certificate is not trusted: unable to get local issuer certificate"
            )
        assert server.arrived == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_for_another_name_is_refused(client: str, tmp_path: Path) -> None:
    made = certificates(tmp_path, "other.example.test")
    with wire(made.server) as server:
        with pytest.raises(WrongAddress, match="certificate"):
            CLIENTS[client](server.url, ca_bundle=str(made.bundle)).get("x")
        assert server.arrived == []


@pytest.mark.parametrize("client", CLIENTS)
def test_the_environments_authority_is_taken_where_none_is_configured(
    client: str, authority: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B69."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    with wire(authority.server) as server:
        assert CLIENTS[client](server.url).get("x").status == 200


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("configured", [True, False], ids=["configured", "environment"])
def test_a_proxy_tunnels_and_reads_nothing(
    client: str,
    configured: bool,
    behind: tuple[Wire, Proxy, Certificates],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """B69: one `proxy` for every client; the token passes inside TLS only."""
    server, between, made = behind
    server.arrived.clear()
    between.asked.clear()
    with_login = between.url.replace("://", "://tpm:proxy-pass-word@")
    if not configured:
        monkeypatch.setenv("HTTPS_PROXY", with_login)
        monkeypatch.setenv("NO_PROXY", "")
    transport = CLIENTS[client](
        f"https://{HOST}", ca_bundle=str(made.bundle), proxy=with_login if configured else None
    )
    assert transport.get("x").status == 200
    assert between.asked[0].startswith(f"CONNECT {HOST}:443 HTTP/1.")
    assert "Proxy-Authorization: Basic " in between.asked[0]
    assert not holds_token(between.asked[0])
    assert not holds_token(between.passed.decode("latin-1"))
    assert holds_token(server.arrived[0].text)
    assert "proxy" not in server.arrived[0].text.lower()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_proxy_that_refuses_is_named_without_its_password(client: str) -> None:
    with wire() as nobody, proxy(nobody.port) as between:
        between.says = "407 Proxy Authentication Required"
        address = between.url.replace("://", "://tpm:proxy-pass-word@")
        with pytest.raises(Unavailable, match="proxy") as caught:
            CLIENTS[client](f"https://{HOST}", proxy=address).get("x")
        assert "proxy-pass-word" not in str(caught.value)
        assert nobody.arrived == []


# --- one origin ------------------------------------------------------------------------------


def hostile(ours: Wire, theirs: Wire) -> list[str]:
    """Addresses that lead to another origin, or that readers of addresses take differently."""
    a, b = f"127.0.0.1:{ours.port}", f"127.0.0.1:{theirs.port}"
    return [
        f"http://{b}/x",
        f"//{b}/x",
        f"http://localhost:{ours.port}/x",
        f"https://{a}/x",
        f"http://ana:word@{a}/x",
        f"http://{a}@{b}/x",
        f"http://{b}\\@{a}/x",
        f"http://{a}\\@{b}/x",
        f"http://{b}\t@{a}/x",
        f"http://{b}#@{a}/x",
        f"http://{b}?@{a}/x",
        f"http:\\\\{b}\\x",
        f"http://[::ffff:127.0.0.1]:{theirs.port}/x",
        f"http://{a}.example.test/x",
        f"ftp://{a}/x",
        "http://[bad/x",
        f"http://127.0.0.1:{ours.port}999999/x",
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_no_credential_follows_a_redirect_to_another_origin(
    client: str, two: tuple[Wire, Wire]
) -> None:
    """B71: at the wire, whatever the client library does with a session."""
    ours, theirs = two
    transport = CLIENTS[client](ours.url)
    leads = [(302, target) for target in hostile(ours, theirs)]
    leads += [(status, f"{theirs.url}/x") for status in (301, 303, 307, 308)]
    for status, target in leads:
        ours.answer = lambda arrived, lead=(status, target): Reply(
            lead[0], headers={"Location": lead[1]}
        )
        with pytest.raises(SourceError):
            transport.get("x", attempts=1)
        with pytest.raises(SourceError):
            transport.post("x", {"query": "{}"}, attempts=1)
    assert theirs.arrived == []
    assert {one.path for one in ours.arrived} == {"/x"}
    assert len(ours.arrived) == 2 * len(leads)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_link_of_an_answer_leads_to_another_origin(client: str, two: tuple[Wire, Wire]) -> None:
    """B71: `next` links, Link headers and addresses inside JSON all pass this door."""
    ours, theirs = two
    transport = CLIENTS[client](ours.url)
    for target in hostile(ours, theirs):
        if "://" not in target:
            continue
        with pytest.raises(WrongAddress):
            transport.get(target)
    assert (ours.arrived, theirs.arrived) == ([], [])


@pytest.mark.parametrize("client", CLIENTS)
def test_the_vendors_library_itself_cannot_leave_the_origin(
    client: str, two: tuple[Wire, Wire]
) -> None:
    """B71: the authentication is added at each hop, so the last door is below it."""
    ours, theirs = two
    session = CLIENTS[client](ours.url).session
    ours.answer = lambda arrived: Reply(302, headers={"Location": f"{theirs.url}/x"})
    for ask in (
        lambda: session.get(f"{theirs.url}/x"),
        lambda: requests.Session.request(session, "GET", f"{theirs.url}/x"),
        lambda: session.send(requests.Request("GET", f"{theirs.url}/x").prepare()),
    ):
        with contextlib.suppress(Exception):
            ask()
    assert theirs.arrived == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_never_stands_in_an_address(client: str, two: tuple[Wire, Wire]) -> None:
    """A `next` link that repeats the token is asked for without it."""
    ours, _ = two
    link = f'<{ours.url}/x?page=2&private_token={TOKEN}>; rel="next"'
    ours.answer = lambda arrived: Reply(headers={"Link": link, "X-Echo": TOKEN})
    transport = CLIENTS[client](ours.url)
    answer = transport.get("x")
    assert not any(holds_token(value) for value in answer.headers.values())
    transport.get(answer.headers["Link"].split(">")[0][1:])
    assert [holds_token(one.path) for one in ours.arrived] == [False, False]


PIECES = st.sampled_from(
    "http: https: // / \\ @ : ? # ; a.example b.example %40 80 8080 . [ ] x %2f user".split(" ")
) | st.sampled_from("\t \u3002\uff0f")


@given(st.lists(PIECES, max_size=9).map("".join), st.lists(PIECES, max_size=6).map("".join))
def test_what_is_judged_is_what_is_connected_to(start: str, rest: str) -> None:
    """Whatever an address looks like: if it passes, the connection goes to that host and port."""
    for url in (start, f"http://a.example{start}", f"http://{start}a.example{rest}"):
        judged = origin_of(url)
        if judged is None:
            continue
        try:
            prepared = requests.Request("GET", url).prepare().url or ""
        except ValueError:
            continue
        for written in (prepared, url):
            parts = parse_url(written)
            scheme = (parts.scheme or "").lower()
            port = parts.port or {"https": 443, "http": 80}[scheme]
            assert (scheme, (parts.host or "").lower().rstrip("."), port) == judged
            assert parts.auth is None


# --- how much is taken -----------------------------------------------------------------------

MOST = 2**20
BOMB = 64 * MOST


def packed(kind: str) -> bytes:
    """So many zeros, packed small."""
    if kind == "gzip":
        return gzip.compress(bytes(BOMB), 9)
    if kind == "gzip, gzip":
        return gzip.compress(gzip.compress(bytes(BOMB), 9), 9)
    return zlib.compress(bytes(BOMB), 9)


@pytest.mark.parametrize("kind", ["gzip", "deflate", "gzip, gzip"])
def test_a_packed_bomb_is_unpacked_no_further_than_the_limit(
    kind: str, two: tuple[Wire, Wire]
) -> None:
    ours, _ = two
    body = packed(kind)
    assert len(body) < BOMB // 500
    ours.answer = lambda arrived: Reply(body=body, headers={"Content-Encoding": kind})
    transport = CLIENTS["gitlab"](ours.url, max_answer_bytes=MOST)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedAnswer, match=r"larger than 1 MB"):
            transport.get("x")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 6 * MOST
    assert len(ours.arrived) == 1


@pytest.mark.parametrize("kind", ["gzip", "deflate", "identity"])
def test_an_answer_up_to_the_limit_is_taken(kind: str, two: tuple[Wire, Wire]) -> None:
    ours, _ = two
    whole = b'["' + b"x" * (MOST - 4) + b'"]'
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "identity": bytes,
    }
    ours.answer = lambda arrived: Reply(body=pack[kind](whole), headers={"Content-Encoding": kind})
    transport = CLIENTS["github"](ours.url, max_answer_bytes=MOST)
    assert len(transport.get("x").array()[0]) == MOST - 4


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b"[" * 200_000 + b"]" * 200_000, b'["\\ud83d",' + b"[" * 50_000, b"1e99999"],
)
def test_a_json_bomb_is_one_clear_error(body: bytes, two: tuple[Wire, Wire]) -> None:
    ours, _ = two
    ours.answer = lambda arrived: Reply(body=body)
    with pytest.raises(UnexpectedAnswer, match="broken JSON"):
        CLIENTS["jira cloud"](ours.url).get("x", attempts=2)
    ours.answer = lambda arrived: Reply(400, body=body)
    with pytest.raises(UnexpectedAnswer, match="HTTP 400"):
        CLIENTS["jira cloud"](ours.url).get("x")


def test_what_a_server_says_back_of_a_token_is_gone_before_anybody_reads_it(
    two: tuple[Wire, Wire],
) -> None:
    ours, _ = two

    def echo(arrived: Arrived) -> Reply:
        said = {name.lower(): value for name, value in arrived.headers.items()}["authorization"]
        return Reply(body=f'{{"title": "{said} and {TOKEN}"}}'.encode())

    ours.answer = echo
    for make in CLIENTS.values():
        title = make(ours.url).get("x").object()["title"]
        assert not holds_token(title)
        assert title.endswith("and ***")
        assert not holds_token(redact(title))


def test_the_door_knows_no_origin_at_all_for_an_address_that_is_none() -> None:
    transport = Transport(requests.Session(), "ftp://tracker.example.test", runtime())
    with pytest.raises(WrongAddress):
        transport.get("x")
