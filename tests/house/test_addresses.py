"""The repository names no package registry and no place on anybody's machine."""

import re

import pytest
from support.checkout import ROOT, tracked

# Put together here, so that this file is clean too.
_HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "deb." + "debian.org",
    "crates" + ".io",
    "proxy." + "golang.org",
    "ruby" + "gems.org",
]
_PLACES = [r"(?<![\w.:/-])/" + "(work|home|Users|root)/", r"(?<![\w.:/-])/tmp/" + "spec"]


def _texts():
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("host", _HOSTS)
def test_no_registry_is_named(host):
    assert [name for name, text in _texts() if host in text.lower()] == []


@pytest.mark.parametrize("place", _PLACES)
def test_no_place_on_a_machine_is_named(place):
    found = [
        (name, match.group())
        for name, text in _texts()
        for match in re.finditer(place, text)
        if name != "tests/house/test_addresses.py"
    ]
    assert found == []


def test_what_is_looked_for_is_found():
    assert re.search(_PLACES[0], 'open("/' + 'home/ana/x")')
    assert not re.search(_PLACES[0], "https://example.org/" + "work/items")


def test_no_private_key_is_kept():
    begin = "-----BEGIN " + r"([A-Z]+ )?" + "PRIVATE KEY-----"
    assert [name for name, text in _texts() if re.search(begin, text)] == []
