"""What the request limits of a server leave to one connection: who waits, how long, and who may go.

All threads of a connection share one object. Instants are of this machine's clock, so that one can
wait for them; what a server says is taken by the server's own clock.
"""

import math
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType

from connectors.contract import Pause, Runtime, TooManyRequests

#: First wait, seconds, at a limit whose end the server does not tell; it grows with each attempt.
#: GitLab's limits last that long, and GitHub wants no less after a secondary limit.
UNSAID_WAIT = 60.0
#: Least wait at any limit, seconds; it grows too, so that a wrong header makes no storm.
LEAST_WAIT = 1.0
#: What a server wants beyond this, seconds, is nonsense; no run waits a month.
LONGEST_WAIT = 30 * 86400.0
#: A wait of so many seconds is told; one of so many leaves connections that went stale.
TOLD_FROM, STALE_FROM = 5.0, 30.0
#: The bucket of a limit on everything the token does.
EVERYTHING = "*"
#: Why requests wait although some are left.
KEPT = "the rest of the request limit is kept for people"
#: Why they wait although this run has not met the limit.
MET_BEFORE = "an earlier run or another process with this token met the limit"


@dataclass(frozen=True, slots=True)
class Closed:
    """A bucket from which nothing may be asked before `until`."""

    until: datetime
    reason: str


class Slots:
    """Requests in flight at once; there may be fewer from some moment on, never more."""

    def __init__(self, most: int) -> None:
        """`most`: over all threads."""
        self.most = max(1, most)
        self._used = 0
        self._free = threading.Condition()

    def __enter__(self) -> None:
        """Take one, as soon as one is free."""
        with self._free:
            while self._used >= self.most:
                self._free.wait()
            self._used += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        with self._free:
            self._used -= 1
            self._free.notify()

    def halve(self) -> None:
        """From now on half as many, at least one."""
        with self._free:
            self.most = max(1, self.most // 2)


class Limits:
    """The limits of one connection, as its answers and other processes tell them."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        max_concurrency: int = 8,
        unsaid_wait: float = UNSAID_WAIT,
        before_long_wait: Callable[[], None] = lambda: None,
    ) -> None:
        """`before_long_wait` releases what goes stale while nobody uses it."""
        self.slots = Slots(max_concurrency)
        self._runtime = runtime
        self._unsaid_wait = unsaid_wait
        self._before_long_wait = before_long_wait
        self._lock = threading.Lock()
        self._closed: dict[str, Closed] = {}
        #: closings that the run does not wait for, told once.
        self._refused: set[Closed] = set()
        #: seconds of the run in which somebody waited, and the end of the last such wait.
        self._waited = 0.0
        self._waiting_until: datetime | None = None
        self._random = random.Random(0)  # noqa: S311 - spreads retries, guards nothing
        self._local = threading.local()

    # --- before a request -------------------------------------------------------------------

    def enter(self, bucket: str, where: str) -> None:
        """Wait until this bucket is open. Raises TooManyRequests if the run may not wait for it."""
        # Twice: while one limit is waited for, another may have been reached.
        for _ in range(2):
            closed = self._closed_now(bucket)
            if closed is None:
                return
            wait = (closed.until - self._runtime.now()).total_seconds()
            if wait <= 0:
                return
            if not self.may_wait(wait):
                raise self._refusal(closed, bucket, where)
            self.rest(wait, closed.reason, bucket)
            self._forget(closed)

    def _closed_now(self, bucket: str) -> Closed | None:
        """The last of the closings that hold for a bucket, from this process or another."""
        with self._lock:
            found = [self._closed[one] for one in (bucket, EVERYTHING) if one in self._closed]
        elsewhere = self._runtime.closed_until(bucket)
        if elsewhere is not None:
            found.append(Closed(elsewhere, MET_BEFORE))
        return max(found, key=lambda one: one.until, default=None)

    def _forget(self, closed: Closed) -> None:
        with self._lock:
            for bucket, one in list(self._closed.items()):
                if one == closed:
                    del self._closed[bucket]

    def _refusal(self, closed: Closed, bucket: str, where: str) -> TooManyRequests:
        with self._lock:
            is_news = closed not in self._refused and closed.reason != MET_BEFORE
            self._refused.add(closed)
            named = next((name for name, one in self._closed.items() if one == closed), bucket)
        if is_news:
            self._runtime.on_pause(Pause(closed.until, closed.reason, named, waits=False))
        return too_long(closed.reason, where, closed.until)

    # --- after an answer --------------------------------------------------------------------

    def note(self, bucket: str, headers: Mapping[str, str]) -> None:
        """Take in what an answer says about its bucket."""
        remaining = whole(limit_header(headers, "Remaining"))
        limit = whole(limit_header(headers, "Limit"))
        if remaining is None and limit is None:
            return
        now = self._runtime.now()
        reset = moment(limit_header(headers, "Reset"))
        if reset is not None:
            reset += now - (http_date(headers.get("Date")) or now)
        # 0 of 0 is how a server says that its limits are off.
        kept = limit * self._runtime.reserve if limit else -1.0
        if remaining is not None and remaining <= kept and reset is not None and reset > now:
            with self._lock:
                self._close(bucket, Closed(reset, KEPT))
        self._runtime.on_budget(bucket, limit, remaining, reset)

    def reached(
        self,
        error: TooManyRequests,
        headers: Mapping[str, str],
        told: float | None,
        bucket: str,
        attempt: int,
    ) -> float:
        """Seconds to wait at a limit that was hit for the `attempt`-th time; nobody asks till then.

        `told`: what the server wants. `error` learns until when.
        """
        growth: float = 2 ** (attempt - 1)
        if told is None:
            with self._lock:
                spread = 1 + self._random.random() / 10
            wait = self._unsaid_wait * growth * spread
        else:
            wait = max(told, LEAST_WAIT * growth)
        now = self._runtime.now()
        error.until = now + timedelta(seconds=wait)
        too_fast = whole(limit_header(headers, "Remaining")) != 0
        reason = headers.get("RateLimit-Reason", "")
        # A limit that is not one endpoint's, nor a bucket's that ran out, holds for the token.
        everything = "quota" in reason or (too_fast and not reason)
        closed = Closed(error.until, error.what)
        with self._lock:
            is_news = not any(
                one.until > now and one.reason != KEPT
                for name, one in self._closed.items()
                if name in (bucket, EVERYTHING)
            )
            self._close(EVERYTHING if everything else bucket, closed)
        if too_fast and is_news:
            # Something is left, so it was too much at once.
            self.slots.halve()
        return wait

    def _close(self, bucket: str, closed: Closed) -> None:
        """Called under the lock."""
        held = self._closed.get(bucket)
        if held is None or held.until < closed.until:
            self._closed[bucket] = closed

    # --- waiting ----------------------------------------------------------------------------

    def may_wait(self, seconds: float) -> bool:
        """Whether the run may wait that long; counts it if so, once for threads side by side."""
        with self._lock:
            now = self._runtime.now()
            start = now if self._waiting_until is None else max(now, self._waiting_until)
            more = max(0.0, (now - start).total_seconds() + seconds)
            if more > self._runtime.max_wait_seconds - self._waited:
                return False
            self._waited += more
            self._waiting_until = start + timedelta(seconds=more)
            return True

    def announce(self, seconds: float, reason: str, bucket: str, *, waits: bool = True) -> None:
        """Tell a wait that is long enough to be noticed, or one that is too long to be waited."""
        if seconds < TOLD_FROM:
            return
        now = self._runtime.now()
        with self._lock:
            held = {name: self._closed.get(name) for name in (EVERYTHING, bucket)}
        # Without a closing of that reason it is the server's trouble, and no limit.
        name = next((n for n, one in held.items() if one and one.reason == reason), "")
        self._runtime.on_pause(Pause(now + timedelta(seconds=seconds), reason, name, waits=waits))

    def rest(self, seconds: float, reason: str, bucket: str) -> None:
        """Announce a wait and sleep through it."""
        self.announce(seconds, reason, bucket)
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep; before a long sleep connections are closed that would not survive it."""
        if seconds >= STALE_FROM:
            self._before_long_wait()
            self._local.slept = True
        self._runtime.sleep(seconds)

    def slept(self) -> bool:
        """Whether the calling thread slept long since it was asked last."""
        found = getattr(self._local, "slept", False)
        self._local.slept = False
        return bool(found)

    def backoff(self, attempt: int, first: float, most: float) -> float:
        """Seconds before the next attempt where no limit is the reason; spread, and growing."""
        with self._lock:
            spread = 0.5 + self._random.random() / 2
        return min(most, first * float(2 ** (attempt - 1))) * spread


def too_long(what: str, where: str, until: datetime) -> TooManyRequests:
    """The error of a limit that the run does not wait for; it says until when."""
    # What lasts until 14:05:30 is not over at 14:05.
    minute = until + timedelta(seconds=-until.second % 60)
    return TooManyRequests(
        f"{what}, until {minute:%Y-%m-%d %H:%M} UTC",
        where=where,
        todo="The next run after that goes on; nothing is lost.",
        until=until,
    )


# --- what headers say -----------------------------------------------------------------------


def http_date(value: str | None) -> datetime | None:
    """An HTTP date as UTC; None for nonsense."""
    if not value:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the server wants us to wait: whole, decimal or a date; None if it does not say."""
    value = headers.get("Retry-After")
    if value:
        seconds = _number(value)
        at = http_date(value) if seconds is None else None
        if at is not None:
            seconds = (at - (http_date(headers.get("Date")) or now)).total_seconds()
        if seconds is not None:
            return min(max(0.0, seconds), LONGEST_WAIT)
    used_up = whole(limit_header(headers, "Remaining")) == 0
    if (used_up and not is_off(headers)) or headers.get("RateLimit-Reason"):
        reset = moment(limit_header(headers, "Reset"))
        # The server's own clock: ours may be off. An end in the past tells nothing.
        left = None if reset is None else (reset - (http_date(headers.get("Date")) or now))
        if left is not None and left > timedelta(0):
            return min(left.total_seconds(), LONGEST_WAIT)
    return None


def _number(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def is_limited(headers: Mapping[str, str]) -> bool:
    """Whether an answer says that a limit is the reason for its refusal."""
    if "Retry-After" in headers:
        return True
    return whole(limit_header(headers, "Remaining")) == 0 and not is_off(headers)


def is_off(headers: Mapping[str, str]) -> bool:
    """Whether limits are switched off, which GitHub Enterprise tells as "0 of 0"."""
    return whole(limit_header(headers, "Limit")) == 0


def limit_header(headers: Mapping[str, str], name: str) -> str | None:
    """Jira and GitHub put an `X-` before the names of these headers, GitLab does not."""
    return headers.get(f"X-RateLimit-{name}") or headers.get(f"RateLimit-{name}")


def moment(value: str | None) -> datetime | None:
    """ISO 8601 (Jira) or epoch seconds (GitHub, GitLab) as UTC; None for nonsense."""
    if not value:
        return None
    try:
        if value.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(value), UTC)
        parsed = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def whole(value: str | None) -> int | None:
    """A whole number; None for nothing or nonsense."""
    return int(value) if value and value.strip().isdecimal() else None
