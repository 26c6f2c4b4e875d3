"""Who holds a lease, as a second run and a person are told, and whether that process has ended."""

import hashlib
import os
import re
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_SHAPE = re.compile(r"^\S+ pid (?P<pid>\d+) run (?P<run>\d+) (?P<place>[0-9a-f]*)\.[0-9a-f]+$")


#: Holders of this very process: in a container, a dead one may have had the same number.
_OURS: set[str] = set()


@contextmanager
def holding(run_id: int) -> Iterator[str]:
    """The name under which a run of this process holds leases, as long as it lasts.

    Host, process and run; then where that process number means something, and a unique part.
    """
    unique = f"{_place()}.{uuid.uuid4().hex[:8]}"
    name = f"{socket.gethostname()} pid {os.getpid()} run {run_id} {unique}"
    _OURS.add(name)
    try:
        yield name
    finally:
        _OURS.discard(name)


def shown(holder: str) -> str:
    """The holder without its unique part."""
    return holder.rsplit(" ", 1)[0]


def run_of(holder: str) -> int | None:
    """Number of the run that holds it."""
    found = re.search(r" run (\d+)\b", holder)
    return None if found is None else int(found[1])


def ended(holder: str) -> bool:
    """Whether the holder is surely gone: its process was of this machine and is no more.

    False wherever that cannot be told (another host, another container, a number used again).
    """
    found = _SHAPE.match(holder)
    if found is None or not found["place"] or found["place"] != _place():
        return False
    pid = int(found["pid"])
    if pid == os.getpid():
        return holder not in _OURS
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # Killed, and only not yet buried by its parent.
    return stat.rpartition(")")[2].split()[:1] == ["Z"]


@lru_cache(maxsize=1)
def _place() -> str:
    """This boot and this namespace of process numbers; empty where the system tells neither."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {numbers}".encode()).hexdigest()[:8]
