"""Machines in a network of their own: namespaces of Linux around one that serves them.

Nothing of it is seen outside: bridge, addresses and servers are in namespaces, which are taken away
at the end.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Of the one in the middle; the others follow. And another one of it, as if it were two servers.
ADDRESS = "10.213.77.1"
SECOND = "10.213.77.254"


@dataclass(frozen=True, slots=True)
class Network:
    """Namespaces by name: the one that serves, and those that are served."""

    hub: str
    spokes: tuple[str, ...]


def missing() -> str | None:
    """Why there can be no namespaces here; None where there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are of Linux"
    if shutil.which("ip") is None:
        return "network namespaces are made by `ip` (iproute2), which is not here"
    name = f"driftline-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces cannot be made here: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return None


def inside(namespace: str) -> tuple[str, ...]:
    """What stands before a command that is to run there."""
    return ("ip", "netns", "exec", namespace)


@contextmanager
def network(spokes: int) -> Iterator[Network]:
    """A hub with ADDRESS and so many spokes, each with one cable to the hub's bridge."""
    names = [f"driftline-{os.getpid()}-{number}" for number in range(spokes + 1)]
    with ExitStack() as stack:
        for name in names:
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
            _ip("-n", name, "link", "set", "lo", "up")
        hub, *others = names
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        for address in (ADDRESS, SECOND):
            _ip("-n", hub, "addr", "add", f"{address}/24", "dev", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        for number, name in enumerate(others, 2):
            end = f"to-{number}"
            pair = ("link", "add", end, "type", "veth", "peer", "name", "cable", "netns", name)
            _ip("-n", hub, *pair)
            _ip("-n", hub, "link", "set", end, "master", "bridge", "up")
            address = f"{ADDRESS.rpartition('.')[0]}.{number}/24"
            _ip("-n", name, "addr", "add", address, "dev", "cable")
            _ip("-n", name, "link", "set", "cable", "up")
        yield Network(hub, tuple(others))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def initdb() -> str | None:
    """Where the programs of PostgreSQL are."""
    found = shutil.which("initdb")
    if found is not None:
        return str(Path(found).resolve().parent)
    held = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(held[-1].parent) if held else None


@contextmanager
def cluster(programs: str, directory: Path, address: str, port: int = 5432) -> Iterator[str]:
    """A private PostgreSQL server on this address, in the namespace of this process; its URL.

    Whoever reaches the address is let in, so that it must be in a network of its own.
    """
    directory.mkdir()
    as_owner: tuple[str, ...] = ()
    if os.geteuid() == 0:
        # initdb refuses root.
        shutil.chown(directory, "postgres")
        as_owner = ("runuser", "-u", "postgres", "--")
    data = directory / "data"

    def run(program: str, *words: str) -> None:
        command = [*as_owner, f"{programs}/{program}", "-D", str(data), *words]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as file:
        file.write(f"host all all {address}/24 trust\n")
    options = f"-p {port} -k {directory} -c listen_addresses={address} -c fsync=off"
    run("pg_ctl", "-w", "-l", str(directory / "log"), "-o", options, "start")
    try:
        yield f"postgresql://postgres@{address}:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
