"""Files that we write: whole or not at all, for their owner alone, and never through a link."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends well; else nothing changes.

    A new file is readable by its owner alone; one of ours that was there keeps its permissions. In
    a directory where others may write, no link that they laid is followed. A device or a pipe is
    written into. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    # Made anew under a name that nobody can foresee, and refused if it is there.
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            _keep_permissions(path, handle)
            yield file
        Path(part).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(part).unlink()
        raise


def write(path: Path, content: bytes) -> None:
    """Write the whole file, and the directories above it that are missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(content)


def _keep_permissions(path: Path, handle: int) -> None:
    """Who owns it may have opened it to others, for example to a web server."""
    if os.name != "posix":
        return
    with suppress(FileNotFoundError):
        held = path.lstat()
        if stat.S_ISREG(held.st_mode) and held.st_uid == os.geteuid():
            os.fchmod(handle, stat.S_IMODE(held.st_mode))
