"""A real terminal of a given width, and commands that are typed there."""

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from support.nursery import Nursery

#: Variables by which programs decide on colours and widths; a test sets those that it is about.
_ASKED = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES")


@dataclass(frozen=True, slots=True)
class Seat:
    """Where commands are typed: a directory with a configuration, at one instant (ISO)."""

    nursery: Nursery
    directory: Path
    now: str
    token: str = "secret"  # nobody is asked with it

    def order(self, words: Sequence[str], env: Mapping[str, str], out: str) -> dict[str, object]:
        """What the nursery is asked for."""
        manners = {**dict.fromkeys(_ASKED), "TERM": "xterm-256color", **env}
        return {
            "words": list(words),
            "cwd": str(self.directory),
            "env": {**manners, "TOKEN": self.token, "NO_PROXY": "*"},
            "out": out,
            "err": out,
            "now": self.now,
        }


@dataclass
class Terminal:
    """One end of a pseudo-terminal; the other one is the screen and error output of commands."""

    path: str
    _master: int
    _heard: bytearray = field(default_factory=bytearray)

    def type(self, seat: Seat, *words: str, **env: str) -> tuple[int, str]:
        """Run a command with both outputs here: its code, and the text with plain line ends."""
        pid = seat.nursery.ask(seat.order(words, env, self.path))["pid"]
        while (code := seat.nursery.ask({"ended": pid})["code"]) is None:
            self._listen(0.01)
        while self._listen(0.05):
            pass
        text = self._heard.decode()
        self._heard.clear()
        return int(code), text.replace("\r\n", "\n")

    def _listen(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            with suppress(OSError):
                self._heard += os.read(self._master, 65536)
        return bool(ready)


@contextmanager
def terminal(columns: int) -> Iterator[Terminal]:
    """A terminal of so many columns."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        yield Terminal(os.ttyname(slave), master)
    finally:
        os.close(slave)
        os.close(master)


def piped(seat: Seat, *words: str, **env: str) -> tuple[int, str, str]:
    """The same command with nobody looking: its code, output and error output."""
    out, err = (seat.directory / name for name in ("piped.out", "piped.err"))
    pid = seat.nursery.ask({**seat.order(words, env, str(out)), "err": str(err)})["pid"]
    while (code := seat.nursery.ask({"ended": pid})["code"]) is None:
        time.sleep(0.005)
    return int(code), out.read_text("utf-8"), err.read_text("utf-8")
