"""Where an SQLite file lies: its log needs memory shared by all who open it, and true locks."""

import re
from pathlib import Path

#: File systems that promise neither across hosts.
NETWORK = frozenset(
    (
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    )
)
_MOUNTS = Path("/proc/self/mounts")


def network_drive(path: Path, mounts: str | None = None) -> str | None:
    """Kind of the network file system that holds `path`; None for a local or unknown one.

    `mounts`: what the system says is mounted, as in /proc/self/mounts; None: it is asked.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    held = path.resolve()
    found, depth = "", -1
    for line in mounts.splitlines():
        _, point, kind, *_ = [*line.split(" "), "", "", ""]
        mounted = Path(_plain(point))
        # What is mounted later over the same place hides what was there.
        if point and held.is_relative_to(mounted) and len(mounted.parts) >= depth:
            found, depth = kind, len(mounted.parts)
    return found if found in NETWORK else None


def warning(path: Path, kind: str) -> str:
    """What a person should know of a store on such a drive."""
    return (
        f"{path}: the store lies on a network drive ({kind}), where an SQLite file may be damaged "
        "when two hosts open it. Move it to a local disk, or share a store on PostgreSQL."
    )


def _plain(point: str) -> str:
    """Blanks and the like stand as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)
