"""Files are written whole, privately, and never through somebody else's link."""

import os
import stat
from pathlib import Path

import pytest

from sync.files import replacing, write

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write(path, b"first")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write(b"half of the sec")
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="full"):
        interrupted()
    assert path.read_bytes() == b"first"
    assert [one.name for one in path.parent.iterdir()] == ["report.html"]


@posix
def test_a_new_file_is_its_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / "report.html", b"x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "report.html") == 0o600


@posix
def test_what_its_owner_opened_to_others_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write(path, b"x")
    path.chmod(0o644)
    write(path, b"y")
    assert (mode(path), path.read_bytes()) == (0o644, b"y")


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_another_laid_there_gives_no_permissions(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"laid")
    path.chmod(0o666)
    os.chown(path, 12345, 12345)
    write(path, b"secret")
    assert (mode(path), path.stat().st_uid) == (0o600, os.geteuid())


@posix
def test_no_link_is_followed(tmp_path: Path) -> None:
    """Who may write in the directory could else have us overwrite any file of ours."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("report.html", "report.html.part", ".report.html.part"):
        (shared / name).symlink_to(victim)
    write(shared / "report.html", b"ours")
    assert victim.read_bytes() == b"precious"
    assert not (shared / "report.html").is_symlink()
    assert (shared / "report.html").read_bytes() == b"ours"


@posix
def test_a_pipe_or_a_device_is_written_into(tmp_path: Path) -> None:
    write(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe, b"through")
        assert os.read(reading, 100) == b"through"
    finally:
        os.close(reading)


def test_an_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "x.csv"
    with pytest.raises(OSError, match=r"x\.csv") as caught, replacing(path):
        pass
    assert caught.value.filename == str(path)
