"""Limits: who waits, how long, what is kept for people, and what other processes found out."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses

from connectors.contract import Pause, Runtime, TooManyRequests, Unavailable
from connectors.limits import LONGEST_WAIT, Slots, retry_after
from connectors.transport import ATTEMPTS, Transport

BASE = "https://tracker.example.net"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class World:
    """A clock that moves by sleeping, a faked server, and what was announced."""

    web: responses.RequestsMock
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    budgets: list[tuple[Any, ...]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def transport(self, *, max_concurrency: int = 8, **changes: Any) -> Transport:
        runtime = Runtime(
            now=lambda: self.now,
            sleep=self.sleep,
            on_pause=self.pauses.append,
            on_budget=lambda *said: self.budgets.append(said),
        )
        return Transport(
            requests.Session(),
            BASE,
            replace(runtime, **changes),
            bucket=lambda method, path: path.strip("/"),
            max_concurrency=max_concurrency,
        )

    def says(self, path: str, status: int = 200, /, **headers: str) -> None:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.web.get(f"{BASE}/{path}", status=status, headers=named, json={"ok": True})


@pytest.fixture
def world() -> Any:
    with responses.RequestsMock() as web:
        yield World(web)


def epoch(seconds: float) -> str:
    return str(int((NOW + timedelta(seconds=seconds)).timestamp()))


# --- a limit that was reached ---------------------------------------------------------------


def test_a_limit_without_a_word_waits_a_minute_with_jitter_and_longer_each_time(
    world: World,
) -> None:
    """B33: 429 without headers: 60 s with jitter, growing, and a bounded number of attempts."""
    world.says("x", 429)
    with pytest.raises(TooManyRequests, match="until 2026-03-02 08:"):
        world.transport(max_wait_seconds=10_000.0).get("x")
    least = [60.0, 120.0, 240.0, 480.0]
    assert len(world.slept) == ATTEMPTS - 1
    assert all(low < wait <= 1.1 * low for low, wait in zip(least, world.slept, strict=True))
    assert len(world.web.calls) == ATTEMPTS


@pytest.mark.parametrize("told", ["nan", "inf", "soon", "1e400", ""])
def test_a_wait_that_makes_no_sense_is_none(world: World, told: str) -> None:
    """B33: as if nothing had been said."""
    world.says("x", 429, Retry_After=told)
    world.says("x")
    world.transport().get("x")
    assert 60.0 < world.slept[0] <= 66.0


def test_a_wait_beyond_all_measure_ends_the_run_and_not_the_clock() -> None:
    assert retry_after({"Retry-After": "99999999999999"}, NOW) == LONGEST_WAIT


def test_a_reset_in_the_past_makes_no_storm(world: World) -> None:
    """B34: a reset header that lies in the past is no reason to ask again at once."""
    gone = {"RateLimit-Remaining": "0", "RateLimit-Limit": "100", "RateLimit-Reset": epoch(-300)}
    world.says("x", 429, **gone)
    world.says("x", 429, Retry_After="0", **gone)
    world.says("x", 429, Retry_After="0", **gone)
    world.says("x")
    world.transport().get("x")
    assert 60.0 < world.slept[0] <= 66.0
    # Told to wait not at all, it waits, and longer at each attempt.
    assert world.slept[1:] == [2.0, 4.0]


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_the_servers_own_clock_says_how_long(world: World, skew: int) -> None:
    """B34: `Date` is the clock by which a reset is read, whatever this machine's clock says."""
    server = NOW + timedelta(seconds=skew)
    limits = {
        "Date": format_datetime(server, usegmt=True),
        "RateLimit-Limit": "100",
        "RateLimit-Reset": str(int(server.timestamp()) + 90),
    }
    world.says("x", **{"RateLimit-Remaining": "5"}, **limits)
    world.says("y", 429, **{"RateLimit-Remaining": "0"}, **limits)
    world.says("y")
    transport = world.transport()
    transport.get("x")
    assert world.budgets[0] == ("x", 100, 5, NOW + timedelta(seconds=90))
    transport.get("y")
    assert world.slept == [90.0]


def test_limits_that_are_off_never_wait(world: World) -> None:
    """B39: an Enterprise server with limits off says "0 of 0", or nothing."""
    off = {
        "X-RateLimit-Limit": "0",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": epoch(3600),
    }
    for _ in range(3):
        world.says("x", **off)
    world.says("x", 503, **off)
    world.says("x", 403, **off)
    transport = world.transport()
    for _ in range(3):
        transport.get("x")
    with pytest.raises(Exception, match="no permission"):
        transport.get("x")
    # The one wait is the server's trouble; nothing waited for the reset of a limit that is none.
    assert [wait <= 1.0 for wait in world.slept] == [True]


# --- what the run may wait ------------------------------------------------------------------


def test_a_pause_is_shown_and_bounded_and_not_slept_through(world: World) -> None:
    """B31: a pause of an hour ends the reading and says until when; nobody sleeps in silence."""
    world.says("x", 429, Retry_After="3600")
    transport = world.transport(max_wait_seconds=900.0)
    with pytest.raises(TooManyRequests, match="until 2026-03-02 09:00 UTC") as caught:
        transport.get("x")
    assert caught.value.until == NOW + timedelta(hours=1)
    assert world.slept == []
    (pause,) = world.pauses
    assert (pause.until, pause.bucket, pause.waits) == (NOW + timedelta(hours=1), "*", False)


def test_after_a_pause_that_is_too_long_nobody_asks_that_server_again(world: World) -> None:
    """B31, B37: what other streams would ask is refused here, and not by the server."""
    world.says("x", 429, Retry_After="3600")
    transport = world.transport(max_wait_seconds=900.0)
    for path in ("x", "x", "y"):
        with pytest.raises(TooManyRequests, match="until 2026-03-02 09:00 UTC"):
            transport.get(path)
    assert len(world.web.calls) == 1


def test_a_limit_of_one_bucket_leaves_the_others_alone(world: World) -> None:
    used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000"}
    world.says("graphql", 403, **used_up, **{"X-RateLimit-Reset": epoch(3600)})
    world.says("core")
    transport = world.transport(max_wait_seconds=900.0)
    with pytest.raises(TooManyRequests):
        transport.get("graphql")
    assert transport.get("core").status == 200


def test_threads_that_wait_side_by_side_wait_once(world: World) -> None:
    """B31: the allowance is of the run's time: eight threads in one pause use it up once."""
    world.says("x")
    transport = world.transport(max_wait_seconds=100.0)
    limits = transport._limits
    assert [limits.may_wait(60.0) for _ in range(8)] == [True] * 8
    world.now += timedelta(seconds=60)
    assert limits.may_wait(41.0) is False
    assert limits.may_wait(40.0) is True
    transport.get("x")


# --- the share of people --------------------------------------------------------------------


def low(remaining: int, seconds: float = 600.0) -> dict[str, str]:
    return {
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Reset": epoch(seconds),
    }


def test_no_thread_takes_from_the_share_of_people(world: World) -> None:
    """B36: once the reserve is reached all threads wait, and not only the one that met it."""
    world.says("x", **low(100))
    world.says("x", **low(1000, 4200.0))
    transport = world.transport(reserve=0.1, max_concurrency=4)
    transport.get("x")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: transport.get("x"), range(4)))
    # Whoever asked at once was made to wait for the reset.
    assert max(world.slept) == 600.0
    assert world.now >= NOW + timedelta(seconds=600)
    first = [call for call in world.web.calls if call.request.url == f"{BASE}/x"]
    assert len(first) == 5


def test_a_late_answer_does_not_open_what_was_closed(world: World) -> None:
    """B36: answers of threads side by side arrive in any order."""
    world.says("x", **low(99))
    world.says("y", **low(101))
    transport = world.transport(max_wait_seconds=60.0)
    transport.get("x")
    limits = transport._limits
    limits.note("x", low(101))
    with pytest.raises(TooManyRequests, match="kept for people, until 2026-03-02 08:10 UTC"):
        transport.get("x")
    transport.get("y")


# --- other processes ------------------------------------------------------------------------


def test_what_another_process_met_is_not_met_again(world: World) -> None:
    """B36: two processes of one token share what is left."""
    world.says("x")
    until = NOW + timedelta(seconds=200)
    told = {"x": until}
    transport = world.transport(closed_until=told.get)
    transport.get("x")
    assert world.slept == [200.0]
    world.now = NOW
    stopped = world.transport(closed_until=told.get, max_wait_seconds=10.0)
    with pytest.raises(TooManyRequests, match="an earlier run or another process"):
        stopped.get("x")
    assert len(world.web.calls) == 1


# --- too much at once -----------------------------------------------------------------------


def test_a_secondary_limit_lowers_concurrency_for_the_rest_of_the_run(world: World) -> None:
    """B37: refused although quota is left: half as many at once, once per pause, at least one."""
    left = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Limit": "5000"}
    world.says("x", 403, Retry_After="10", **left)
    world.says("x", 403, Retry_After="10", **left)
    world.says("x")
    transport = world.transport(max_concurrency=8)
    transport.get("x")
    assert world.slept == [10.0, 10.0]
    assert transport._limits.slots.most == 2
    world.says("x")
    transport.get("x")
    assert transport._limits.slots.most == 2


def test_answers_to_one_burst_lower_it_once(world: World) -> None:
    """B37: eight refusals of the same moment are one sign."""
    transport = world.transport(max_concurrency=8)
    limits = transport._limits
    for _ in range(8):
        limits.reached(TooManyRequests("limit"), {}, 10.0, "x", 1)
    assert limits.slots.most == 4
    world.web.reset()


def test_a_quota_that_is_used_up_lowers_nothing(world: World) -> None:
    world.says("x", 429, Retry_After="10", **low(0))
    world.says("x")
    transport = world.transport(max_concurrency=8)
    transport.get("x")
    assert transport._limits.slots.most == 8


def test_fewer_slots_hold_for_threads_that_wait_for_one() -> None:
    """B37: lowered while some are in flight, no more than the new number get in after them."""
    slots, running, most, lock = Slots(4), 0, 0, threading.Lock()
    halved = threading.Event()

    def work(_: int) -> None:
        nonlocal running, most
        with slots:
            with lock:
                running += 1
                if halved.is_set():
                    most = max(most, running)
                elif running == 4:
                    slots.halve()
                    running_before.append(running)
                    halved.set()
            halved.wait(5)
            with lock:
                running -= 1

    running_before: list[int] = []
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(64)))
    assert running_before == [4]
    # Those of before leave one by one; new ones enter only where two or fewer are inside.
    assert most <= 3
    assert slots.most == 2


# --- connections that went stale ------------------------------------------------------------


def test_idle_connections_are_closed_before_a_long_sleep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B40: a connection that slept with us is dead; a short pause keeps it."""
    events: list[str] = []
    world.says("x", 429, Retry_After="10")
    world.says("x", 429, Retry_After="40")
    world.says("x")
    transport = world.transport(sleep=lambda seconds: events.append(f"sleep {seconds:.0f}"))
    monkeypatch.setattr(transport._limits, "_before_long_wait", lambda: events.append("close"))
    transport.get("x")
    assert events == ["sleep 10", "close", "sleep 40"]


def test_a_dead_connection_after_a_long_sleep_costs_no_attempt(world: World) -> None:
    """B40: one free retry, and only one."""
    world.says("x", 429, Retry_After="40")
    for _ in range(ATTEMPTS - 1):
        world.web.get(f"{BASE}/x", body=requests.ConnectionError("reset by peer"))
    world.says("x")
    assert world.transport().get("x").status == 200
    assert len(world.web.calls) == ATTEMPTS + 1
    world.web.reset()
    world.web.get(f"{BASE}/x", body=requests.ConnectionError("reset by peer"))
    with pytest.raises(Unavailable):
        world.transport().get("x")
