"""Every kind of token has a page, and what the page quotes is what driftline says."""

import re
import tomllib
from pathlib import Path

import pytest
from support import pages, tokens
from support.checkout import ROOT

from connectors.contract import ConnectorEntry
from connectors.registry import entries
from sync.config.settings import load

ENTRIES = {name: one for name, one in entries().items() if isinstance(one, ConnectorEntry)}
KINDS = {token: name for name, one in ENTRIES.items() for token in one.tokens}
PAGES = {
    Path(one.name).stem: one
    for one in pages.pages()
    if one.name.startswith("docs/tokens/") and not one.name.endswith("README.md")
}
PARTS = [
    "Who can make it",
    "What it needs",
    "Hand it over",
    "What driftline says",
    "When it ends",
]
_SECRET = "token-of-nobody"


def text(slug: str) -> str:
    return (ROOT / f"docs/tokens/{slug}.md").read_text(encoding="utf-8")


def test_every_kind_that_a_connector_takes_has_a_page_and_no_page_has_none() -> None:
    assert all(one.tokens for one in ENTRIES.values())
    assert set(PAGES) == set(KINDS)
    index, nav = text("README"), (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for slug, kind in KINDS.items():
        assert f"({slug}.md)" in index
        assert f"tokens/{slug}.md" in nav
        connector = (ROOT / f"docs/connectors/{kind}.md").read_text(encoding="utf-8")
        assert f"(../tokens/{slug}.md)" in connector


@pytest.mark.parametrize("slug", KINDS)
def test_a_page_has_every_part_and_is_short(slug: str) -> None:
    assert re.findall(r"^## (.+)$", text(slug), re.M) == PARTS
    assert len(text(slug).splitlines()) < 150
    assert any(block.told("said") for block in PAGES[slug].blocks)


@pytest.mark.parametrize("slug", KINDS)
def test_what_a_page_configures_is_taken(slug: str, tmp_path: Path) -> None:
    """Its table as it stands, and with each other way to hand the token over."""
    (shown,) = [one.text for one in PAGES[slug].blocks if one.language == "toml"]
    kind = KINDS[slug]
    made = tmp_path / "driftline.toml"
    made.write_text(shown, encoding="utf-8")
    (tmp_path / "github-app.pem").write_text("no key", encoding="utf-8")
    variable = f"{kind.upper()}_TOKEN"
    found = load(made, {variable: _SECRET})
    assert found.root.connections[kind].kind == kind
    ways = re.findall(r"`(token_(?:env|file|command|keyring) = [^`]+)`", text(slug))
    assert len(ways) == (0 if slug == "github-app" else 4)
    for way in ways:
        other = re.sub(r"^token_env = .*$", lambda _, w=way: w, shown, flags=re.M)
        made.write_text(other, encoding="utf-8")
        tomllib.loads(other)
        assert load(made, {}, with_secrets=False).root.connections[kind].kind == kind
    if ways:
        credential = re.search(r"`LoadCredential=(\w+):", text(slug))
        assert credential
        (tmp_path / credential[1]).write_text(_SECRET, encoding="utf-8")
        made.write_text(re.sub(r"^token_env = .*\n", "", shown, flags=re.M), encoding="utf-8")
        handed = load(made, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
        assert handed.options[kind].token.get_secret_value() == _SECRET  # type: ignore[attr-defined]  # each kind has one


QUOTED: dict[str, set[str]] = {}
for _one in PAGES.values():
    for _block in _one.blocks:
        for _scene in _block.told("said"):
            QUOTED.setdefault(_scene, set()).update(_block.text.splitlines())


@pytest.mark.full
@pytest.mark.parametrize("scene", tokens.SCENES)
def test_what_the_pages_quote_is_what_check_says(scene: str, tmp_path: Path) -> None:
    assert scene in QUOTED, "no page tells it"
    said = tokens.said(tokens.SCENES[scene], tmp_path).splitlines()
    assert QUOTED[scene] <= set(said)


def test_no_page_quotes_a_scene_that_is_not_played() -> None:
    assert set(QUOTED) == set(tokens.SCENES)


def test_each_permission_that_a_page_names_is_one_that_check_asks_for() -> None:
    """The table of a GitHub token and what is looked at."""
    from connectors.github.checks import _READS

    asked = {permission.partition(":")[0]: lost for _, _, permission, lost in _READS}
    for slug in ("github-fine-grained-token", "github-app"):
        needs = text(slug).partition("## What it needs")[2].partition("## Hand it over")[0]
        rows = re.findall(r"^\| ([A-Z][^|]+?) \| ([^|]+?) \|$", needs, re.M)
        named = {name: lost for names, lost in rows for name in names.split(", ")}
        assert set(named) == {*asked, "Metadata"}
        for name, lost in asked.items():
            assert lost.split(" of it")[0].split(" is ")[0] in named[name], name
