"""One owner of retry, limits, redirects, accounting and words."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NameResolutionError

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    Pause,
    Runtime,
    SourceError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    WrongAddress,
)
from connectors.limits import retry_after
from connectors.transport import ATTEMPTS, Transport, http_date

BASE = "https://jira.example.net/base"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TOKEN = "s3cret-token-value"


@dataclass
class World:
    """A clock that moves by sleeping, and what was announced."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    budgets: list[tuple[Any, ...]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def runtime(self) -> Runtime:
        return Runtime(
            now=lambda: self.now,
            sleep=self.sleep,
            on_pause=self.pauses.append,
            on_budget=lambda *said: self.budgets.append(said),
        )

    def transport(self, base: str = BASE, **changes: Any) -> Transport:
        own = ("ticks", "max_concurrency", "closing_slash")
        options = {name: changes.pop(name) for name in own if name in changes}
        session = requests.Session()
        session.auth = ("ana@example.net", TOKEN)
        return Transport(
            session, base, replace(self.runtime(), **changes), secrets=[TOKEN], **options
        )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def web() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def test_an_answer_is_decoded_once_and_counted(world: World, web: Any) -> None:
    web.get(f"{BASE}/rest/x", json={"a": 1}, headers={"Date": "Mon, 02 Mar 2026 08:00:05 GMT"})
    transport = world.transport()
    answer = transport.get("rest/x", {"q": "1"})
    assert answer.object() == {"a": 1}
    assert answer.server_time == datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC)
    assert (transport.requests, transport.thread_requests) == (1, 1)
    assert web.calls[0].request.url == f"{BASE}/rest/x?q=1"
    with pytest.raises(UnexpectedAnswer, match="not a JSON array"):
        answer.array()


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (401, {}, CannotAuthenticate),
        (403, {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}, CannotAuthenticate),
        (403, {"x-authentication-denied-reason": "CAPTCHA_CHALLENGE"}, CannotAuthenticate),
        (403, {}, NotAllowed),
        (404, {}, NotFound),
        (410, {}, NotFound),
        (400, {}, UnexpectedAnswer),
        (407, {}, WrongAddress),
    ],
)
def test_what_another_attempt_cannot_heal_is_asked_once(
    world: World, web: Any, status: int, headers: dict[str, str], error: type[SourceError]
) -> None:
    """B25, B72: An end point that was removed, or a refused login, gets no second try."""
    web.get(f"{BASE}/x", status=status, headers=headers, json={"errorMessages": ["Nope"]})
    transport = world.transport()
    with pytest.raises(error) as caught:
        transport.get("x")
    assert type(caught.value) is error
    assert transport.requests == 1
    assert world.slept == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 522])
def test_server_trouble_is_tried_again_and_then_reported(
    world: World, web: Any, status: int
) -> None:
    web.get(f"{BASE}/x", status=status, json={})
    transport = world.transport()
    with pytest.raises(Unavailable, match=f"HTTP {status}"):
        transport.get("x")
    assert transport.requests == ATTEMPTS
    assert len(world.slept) == ATTEMPTS - 1
    backoff = [1.0, 2.0, 4.0, 8.0]
    assert all(most / 2 <= wait <= most for wait, most in zip(world.slept, backoff, strict=True))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("2.5", 2.5),
        ("Mon, 02 Mar 2026 08:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 07:00:00 GMT", 1.0),
        ("0", 1.0),
    ],
)
def test_the_wait_comes_from_the_answer(world: World, web: Any, value: str, seconds: float) -> None:
    web.get(f"{BASE}/x", status=429, headers={"Retry-After": value}, json={})
    web.get(f"{BASE}/x", json={"ok": True})
    assert world.transport().get("x").object() == {"ok": True}
    assert world.slept == [seconds]


def test_a_date_to_wait_for_is_read_by_the_servers_own_clock() -> None:
    headers = {
        "Retry-After": "Mon, 02 Mar 2026 08:01:00 GMT",
        "Date": "Mon, 02 Mar 2026 08:00:50 GMT",
    }
    assert retry_after(headers, NOW - timedelta(hours=3)) == 10.0


@pytest.mark.parametrize("reset", ["2026-03-02T08:02:00Z", "1772438520"])
def test_an_exhausted_limit_waits_for_its_reset(world: World, web: Any, reset: str) -> None:
    limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "100", "X-RateLimit-Reset": reset}
    web.get(f"{BASE}/x", status=429, headers=limits, json={})
    web.get(f"{BASE}/x", json={})
    world.transport().get("x")
    assert world.slept == [120.0]
    assert [pause.until for pause in world.pauses] == [datetime(2026, 3, 2, 8, 2, tzinfo=UTC)]


def test_waiting_longer_than_allowed_ends_with_the_instant(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", status=429, headers={"Retry-After": "3600"}, json={})
    transport = world.transport(max_wait_seconds=900.0)
    with pytest.raises(TooManyRequests) as caught:
        transport.get("x")
    assert caught.value.until == NOW + timedelta(hours=1)
    assert world.slept == []
    assert transport.requests == 1


def test_the_allowance_is_one_for_the_whole_run(world: World, web: Any) -> None:
    for _ in range(2):
        web.get(f"{BASE}/x", status=429, headers={"Retry-After": "50"}, json={})
        web.get(f"{BASE}/x", json={})
    transport = world.transport(max_wait_seconds=60.0)
    transport.get("x")
    with pytest.raises(TooManyRequests):
        transport.get("x")
    web.reset()


def test_the_share_of_people_is_left_alone(world: World, web: Any) -> None:
    limits = {
        "X-RateLimit-Remaining": "10",
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Reset": "2026-03-02T08:00:40Z",
    }
    web.get(f"{BASE}/x", headers=limits, json={})
    transport = world.transport(reserve=0.1)
    transport.get("x")
    assert world.slept == []
    transport.get("x")
    assert world.slept == [40.0]
    assert world.pauses[0].reason == "the rest of the request limit is kept for people"
    reset = datetime(2026, 3, 2, 8, 0, 40, tzinfo=UTC)
    assert world.budgets == [("default", 100, 10, reset)] * 2


def test_a_run_that_may_not_wait_for_the_share_of_people_stops(world: World, web: Any) -> None:
    limits = {
        "X-RateLimit-Remaining": "1",
        "X-RateLimit-Limit": "100",
        "X-RateLimit-Reset": "2026-03-02T09:00:00Z",
    }
    web.get(f"{BASE}/x", headers=limits, json={})
    transport = world.transport(max_wait_seconds=60.0)
    transport.get("x")
    with pytest.raises(TooManyRequests) as caught:
        transport.get("x")
    assert caught.value.until == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert transport.requests == 1


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_no_network_is_tried_again_and_then_reported(
    world: World, web: Any, failure: Exception
) -> None:
    web.get(f"{BASE}/x", body=failure)
    transport = world.transport()
    with pytest.raises(Unavailable, match="no answer"):
        transport.get("x")
    assert transport.requests == ATTEMPTS


def test_an_untrusted_certificate_is_not_tried_again(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", body=requests.exceptions.SSLError("self-signed certificate"))
    transport = world.transport()
    with pytest.raises(WrongAddress, match="ca_bundle"):
        transport.get("x")
    assert transport.requests == 1


def test_a_name_that_nobody_knows_is_told_in_plain_words(world: World, web: Any) -> None:
    reason = socket.gaierror(-3, "Temporary failure in name resolution")
    unknown = NameResolutionError("jira.example.net", None, reason)  # type: ignore[arg-type]  # no connection
    web.get(f"{BASE}/x", body=requests.ConnectionError(MaxRetryError(None, "/x", unknown)))  # type: ignore[arg-type]  # no pool
    with pytest.raises(Unavailable) as caught:
        world.transport().get("x")
    assert caught.value.what == (
        "no answer: the name jira.example.net is not known here "
        "(Temporary failure in name resolution)"
    )


def test_a_failing_proxy_is_named(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", body=requests.exceptions.ProxyError("407"))
    with pytest.raises(Unavailable, match="HTTPS_PROXY"):
        world.transport().get("x")


def test_an_address_that_cannot_be_is_not_tried_again(world: World) -> None:
    transport = world.transport("http://.example.net")
    with pytest.raises(WrongAddress, match=r"no address .* Check the address"):
        transport.get("x")
    assert transport.requests == 0


def test_a_missing_file_of_certificates_is_named(world: World, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    transport = world.transport("https://127.0.0.1:9", ca_bundle=gone)
    with pytest.raises(WrongAddress, match=r"gone\.pem.*Check `ca_bundle`"):
        transport.get("x")
    assert transport.requests == 1


def test_broken_json_is_tried_again_then_unexpected(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", body='{"issues": [', content_type="application/json")
    transport = world.transport()
    with pytest.raises(UnexpectedAnswer, match="broken JSON"):
        transport.get("x")
    assert transport.requests == ATTEMPTS


@pytest.mark.parametrize("kind", ["text/html;charset=UTF-8", "application/json"])
def test_a_web_page_is_no_answer(world: World, web: Any, kind: str) -> None:
    page = "<!DOCTYPE html><html><head><title>Log in - Jira</title></head></html>"
    web.get(f"{BASE}/x", body=page, content_type=kind)
    transport = world.transport()
    with pytest.raises(WrongAddress, match="it says: Log in - Jira"):
        transport.get("x")
    assert transport.requests == 1


def test_other_text_is_no_answer_either(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", body="OK", content_type="text/plain")
    with pytest.raises(UnexpectedAnswer, match="not JSON but text/plain"):
        world.transport().get("x")


@pytest.mark.parametrize(
    "target",
    [
        "https://login.example.org/sso",
        "http://jira.example.net/base/x",
        "https://jira.example.net:8443/base/x",
        "//evil.example.org/x",
    ],
)
def test_credentials_never_reach_another_origin(world: World, web: Any, target: str) -> None:
    web.get(f"{BASE}/x", status=302, headers={"Location": target})
    with pytest.raises(WrongAddress, match="redirects to"):
        world.transport().get("x")
    assert len(web.calls) == 1


@pytest.mark.parametrize("status", [301, 308])
def test_a_move_on_the_same_origin_keeps_the_query(world: World, web: Any, status: int) -> None:
    web.get(f"{BASE}/old", status=status, headers={"Location": "/base/new"})
    web.get(f"{BASE}/new", json=[1])
    assert world.transport().get("old", {"since": "x", "page": 2}).array() == [1]
    assert web.calls[1].request.url == f"{BASE}/new?since=x&page=2"


def test_a_circle_of_redirects_ends(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", status=301, headers={"Location": "/base/x"})
    with pytest.raises(WrongAddress, match="in circles"):
        world.transport().get("x")
    assert len(web.calls) == 5


def test_a_question_with_a_body_is_not_turned_into_another(world: World, web: Any) -> None:
    web.post(f"{BASE}/x", status=302, headers={"Location": "/base/y"})
    with pytest.raises(WrongAddress, match="must not change"):
        world.transport().post("x", {"a": 1})


def test_a_next_link_to_another_server_is_refused(world: World) -> None:
    transport = world.transport()
    with pytest.raises(WrongAddress, match="another server"):
        transport.get("https://evil.example.org/page2")
    assert transport.requests == 0


def test_secrets_never_stand_in_an_error(world: World, web: Any) -> None:
    said = f"bad {TOKEN} in Authorization: Basic YW5hQGV4YW1wbGUubmV0OnMzY3JldA== for you"
    web.get(f"{BASE}/x", status=400, json={"errorMessages": [said]})
    with pytest.raises(UnexpectedAnswer) as caught:
        world.transport().get(f"x?access_token={TOKEN}")
    assert TOKEN not in str(caught.value)
    assert "YW5h" not in str(caught.value)
    assert "access_token" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"errorMessages": ["Nope", "Never"]}, "Nope; Never"),
        ({"errors": {"project": "Nope"}}, "Nope"),
        ({"errors": [{"message": "Nope", "code": 7}, {"code": 8}]}, "Nope"),
        ({"message": "Nope"}, "Nope"),
    ],
)
def test_the_servers_words_are_told_and_not_its_json(world: World, body: Any, told: str) -> None:
    with responses.RequestsMock() as web:
        web.get(f"{BASE}/x", status=400, json=body)
        with pytest.raises(UnexpectedAnswer) as caught:
            world.transport().get("x")
    assert caught.value.what.endswith(f": {told}")


def test_statuses_that_mean_something_are_handed_back(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", status=404, body="<html>no</html>", content_type="text/html")
    assert world.transport().get("x", allow=frozenset({404})).status == 404


@pytest.mark.parametrize("path", ["users/", "users//keys", "/repos//issues", "users/?a=1", ""])
def test_nothing_is_asked_for_by_an_id_that_is_missing(world: World, path: str) -> None:
    """B58: An author without a name made an address of all users, or of nobody."""
    with pytest.raises(UnexpectedAnswer, match="without its id"):
        world.transport().get(path)


def test_a_vendors_addresses_may_end_with_a_slash(world: World, web: Any) -> None:
    web.get(f"{BASE}/items/", json=[])
    assert world.transport(closing_slash=True).get("items/").array() == []
    with pytest.raises(UnexpectedAnswer, match="without its id"):
        world.transport(closing_slash=True).get("items//notes/")


def test_a_body_beyond_the_limit_is_refused(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", body=b"[" + b"1," * 1000 + b"1]", content_type="application/json")
    with pytest.raises(UnexpectedAnswer, match=r"larger than 0\.000976562 MB .*max_answer_mb"):
        world.transport(max_answer_bytes=1024).get("x")


def test_a_slow_drip_ends_although_every_byte_comes_in_time(world: World, web: Any) -> None:
    web.get(f"{BASE}/x", json={"a": 1})
    ticks = iter(range(0, 10**9, 301))
    transport = world.transport(ticks=lambda: float(next(ticks)))
    with pytest.raises(Unavailable, match="takes too long"):
        transport.get("x")
    assert transport.requests == ATTEMPTS


def test_the_configured_proxy_and_certificates_are_used(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B69: One setting, and verification stays on."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    web.get(f"{BASE}/x", json={})
    transport = world.transport(proxy="http://proxy.example.net:3128", ca_bundle="/ours.pem")
    transport.get("x")
    assert transport.session.proxies["https"] == "http://proxy.example.net:3128"
    assert web.calls[0].request.req_kwargs["verify"] == "/ours.pem"
    assert web.calls[0].request.req_kwargs["timeout"] == (10.0, 30.0)


def test_a_configured_proxy_wins_over_the_environments(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example.net:8080")
    web.get(f"{BASE}/x", json={})
    world.transport(proxy="http://proxy.example.net:3128").get("x")
    assert web.calls[0].request.req_kwargs["proxies"]["https"] == "http://proxy.example.net:3128"


@pytest.mark.parametrize("exempt", [False, True])
def test_the_environments_proxy_and_its_exceptions_are_honoured(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch, exempt: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example.net:8080")
    monkeypatch.setenv("NO_PROXY", urlsplit(BASE).hostname or "" if exempt else "elsewhere.example")
    web.get(f"{BASE}/x", json={})
    world.transport().get("x")
    used = web.calls[0].request.req_kwargs["proxies"].get("https")
    assert used == (None if exempt else "http://other.example.net:8080")


def test_the_environments_certificates_are_used_where_none_are_configured(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    web.get(f"{BASE}/x", json={})
    world.transport().get("x")
    assert web.calls[0].request.req_kwargs["verify"] == "/elsewhere.pem"


def test_a_login_of_netrc_never_takes_the_tokens_place(
    world: World, web: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text(
        f"machine {urlsplit(BASE).hostname} login eve password other\n", encoding="utf-8"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    web.get(f"{BASE}/x", json={})
    transport = world.transport()
    transport.session.auth = None
    transport.session.headers["Authorization"] = f"Bearer {TOKEN}"
    transport.get("x")
    assert web.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 02 Mar 2026 09:00:00 +0100", NOW),
        ("Mon, 02 Mar 2026 08:00:00 GMT", NOW),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_http_dates(value: str | None, expected: datetime | None) -> None:
    assert http_date(value) == expected


# --- over a real socket ---------------------------------------------------------------------

Answering = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Any:
    """A loopback server whose answers are functions put into `server.answers`, in turn."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answers: list[Answering] = self.server.answers  # type: ignore[attr-defined] # set below
            self.server.peers.append(self.client_address)  # type: ignore[attr-defined] # set below
            (answers.pop(0) if len(answers) > 1 else answers[0])(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.answers = []  # type: ignore[attr-defined] # read by the handler
    made.peers = []  # type: ignore[attr-defined] # read by the tests
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def _answer(handler: BaseHTTPRequestHandler, body: bytes, *, declare: int | None = None) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body) if declare is None else declare))
    handler.end_headers()
    handler.wfile.write(body)


def _cut(handler: BaseHTTPRequestHandler) -> None:
    _answer(handler, b'{"issues": [1, 2', declare=500)
    handler.close_connection = True


def test_a_cut_answer_is_read_again(world: World, server: Any) -> None:
    server.answers = [_cut, lambda handler: _answer(handler, b'{"issues": [1, 2, 3]}')]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}")
    assert transport.get("x").object() == {"issues": [1, 2, 3]}
    assert transport.requests == 2


def test_a_server_that_always_cuts_is_unavailable(world: World, server: Any) -> None:
    server.answers = [_cut]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(Unavailable):
        transport.get("x")
    assert transport.requests == ATTEMPTS


def test_a_redirect_with_a_body_is_still_a_redirect(world: World, server: Any) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        body = b"<html>Moved</html>"
        handler.send_response(302)
        handler.send_header("Location", f"http://localhost:{server.server_port}/login")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    server.answers = [elsewhere]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(WrongAddress, match=r"redirects to http://localhost:\d+/login"):
        transport.get("x")
    assert len(server.peers) == 1


def test_connections_are_kept(world: World, server: Any) -> None:
    server.answers = [lambda handler: _answer(handler, b"[" + b"1," * 90000 + b"1]")]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}")
    for _ in range(5):
        assert len(transport.get("x").array()) == 90001
    assert len(set(server.peers)) == 1


@pytest.mark.parametrize(("wait", "connections"), [(10, 1), (40, 2)])
def test_a_connection_is_left_before_a_long_pause(
    world: World, server: Any, wait: int, connections: int
) -> None:
    """B40: what nobody uses for long is dead without telling; it is opened anew."""

    def limited(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", str(wait))
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def well(handler: BaseHTTPRequestHandler) -> None:
        _answer(handler, b"{}")

    server.answers = [well, limited, well]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}")
    transport.get("x")
    transport.get("x")
    assert world.slept == [float(wait)]
    assert len(server.peers) == 3
    assert len(set(server.peers)) == connections


def test_threads_share_the_counter_and_not_the_slots(world: World, server: Any) -> None:
    running, most, lock = 0, 0, threading.Lock()
    inside = threading.Barrier(2, timeout=5)

    def slow(handler: BaseHTTPRequestHandler) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        inside.wait()
        with lock:
            running -= 1
        _answer(handler, b"{}")

    server.answers = [slow]
    transport = world.transport(f"http://127.0.0.1:{server.server_port}", max_concurrency=2)

    def ask(_: int) -> int:
        before = transport.thread_requests
        transport.get("x")
        return transport.thread_requests - before

    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(ask, range(16)))
    assert counted == [1] * 16
    assert transport.requests == 16
    assert most == 2


def test_nobody_listening_is_unavailable(world: World, server: Any) -> None:
    port = server.server_port
    server.answers = [lambda handler: _answer(handler, b"{}")]
    closed = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = closed.server_port
    closed.server_close()
    with pytest.raises(Unavailable, match="Check the network"):
        world.transport(f"http://127.0.0.1:{port}").get("x")


def test_limit_headers_without_the_x_are_read(world: World, web: Any) -> None:
    limits = {
        "RateLimit-Limit": "2000",
        "RateLimit-Remaining": "1500",
        "RateLimit-Reset": "1772438520",
    }
    web.get(f"{BASE}/rest/api", json={}, headers=limits)
    world.transport().get("rest/api")
    assert world.budgets == [("default", 2000, 1500, datetime(2026, 3, 2, 8, 2, tzinfo=UTC))]
