"""Network drives are told from local ones by what is mounted where."""

from pathlib import Path

import pytest

from sync.store.open import open_store
from sync.store.place import network_drive, warning

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw 0 0
filer:/export /srv/team nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/team/fast xfs rw 0 0
//win/share /mnt/My\\040Files cifs rw 0 0
ada@host: /mnt/far fuse.sshfs rw 0 0
/dev/sdc1 /over ext4 rw 0 0
filer:/over /over nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/driftline.db", None),
        ("/srv/team/driftline.db", "nfs4"),
        ("/srv/teams/driftline.db", None),
        ("/srv/team/fast/driftline.db", None),
        ("/mnt/My Files/driftline.db", "cifs"),
        ("/mnt/far/a/driftline.db", "fuse.sshfs"),
        ("/over/driftline.db", "nfs"),
    ],
)
def test_the_nearest_mount_counts(path: str, kind: str | None) -> None:
    assert network_drive(Path(path), MOUNTS) == kind


def test_nothing_is_known_of_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.store.place._MOUNTS", Path("/nowhere/mounts"))
    assert network_drive(Path("/srv/driftline.db")) is None
    assert network_drive(Path("/srv/driftline.db"), "") is None
    assert network_drive(Path("/srv/driftline.db"), "one\n\n") is None


def test_a_store_on_a_network_drive_is_opened_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"filer:/x {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr("sync.store.place._MOUNTS", mounts)
    path = tmp_path / "a.db"
    store = open_store(str(path))
    assert store.notes == [warning(path, "nfs4")]
    assert "a network drive (nfs4)" in store.notes[0]
    store.close()
    reader = open_store(str(path), read_only=True)
    assert reader.notes == []
    reader.close()
