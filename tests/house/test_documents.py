"""The papers of the house are there and keep their form."""

import hashlib
import re

from support.checkout import ROOT, pyproject

#: The text that the Apache Software Foundation publishes as LICENSE-2.0.txt.
_APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
_DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))


def test_the_licence_is_the_published_text():
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == _APACHE_2
    assert pyproject()["project"]["license"] == "Apache-2.0"


def test_the_changelog_tells_of_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert versions[1] == pyproject()["project"]["version"]


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(path.name[:4]) for path in _DECISIONS]
    assert len(numbers) >= 10
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_decision_is_short_and_whole():
    for path in _DECISIONS:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 40, path.name
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name


def test_the_targets_that_the_guide_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)`", guide))
    assert named <= targets
    assert {"demo", "test", "test-all", "check", "bench", "lock", "clean"} <= named


def test_links_between_the_papers_lead_somewhere():
    for path in [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *_DECISIONS]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
