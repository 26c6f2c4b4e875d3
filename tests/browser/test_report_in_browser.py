"""Page and mail looked at in a real browser, on a phone and on a desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from support import reconciliations as given_
from support.accessible import grave_violations
from support.browser import HARD_TO_READ, OVERFLOW, browser

from sync.report import html, mail
from sync.report.build import build

pytestmark = pytest.mark.browser

WIDTHS = (360, 760, 1280)
REPORTS = {**given_.EXAMPLES, "huge": lambda: given_.huge(120)}
FEW = {"busy", "first_run"}
NAMES = [
    name if name in FEW else pytest.param(name, marks=pytest.mark.full) for name in sorted(REPORTS)
]


@pytest.fixture(scope="module")
def running(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as one:
        yield one


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every example as a page and as a mail body, in files."""
    directory = tmp_path_factory.mktemp("pages")
    files = {}
    for name, make in REPORTS.items():
        data = build(make())
        for kind, text in (("page", html.render(data)), ("mail", mail.mail_html(data)[0])):
            path = directory / f"{name}-{kind}.html"
            path.write_text(text, encoding="utf-8")
            files[f"{name}-{kind}"] = path
    return files


@dataclass
class Tab:
    """One tab for all tests: a new one for each costs more than what is looked at."""

    page: Page
    #: what the page asked for, wrote to the console or failed at.
    said: list[str]

    def open(self, path: Path, width: int, scheme: Literal["light", "dark"] = "light") -> Page:
        """Show the file as on a screen of this width."""
        self.page.emulate_media(media="screen", color_scheme=scheme)
        self.page.set_viewport_size({"width": width, "height": 800})
        self.said.clear()
        self.page.goto(path.as_uri())
        return self.page


@pytest.fixture(scope="module")
def tab(running: Browser) -> Tab:
    page = running.new_page()
    said: list[str] = []
    page.on("request", lambda request: said.append(request.url))
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    return Tab(page, said)


@pytest.mark.parametrize("kind", ["page", "mail"])
@pytest.mark.parametrize("name", NAMES)
def test_it_fits_is_readable_and_asks_for_nothing(
    tab: Tab, written: dict[str, Path], name: str, kind: str
) -> None:
    path = written[f"{name}-{kind}"]
    page = tab.open(path, WIDTHS[0])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERFLOW) == {"over": 0, "wide": []}, width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            read = page.evaluate(HARD_TO_READ)
            assert read["bad"] == [], f"{width} {scheme}"
            assert read["seen"] > 5
    assert tab.said == [path.as_uri()]


@pytest.mark.parametrize("kind", ["page", "mail"])
def test_the_ground_follows_the_scheme(tab: Tab, written: dict[str, Path], kind: str) -> None:
    element = "body" if kind == "page" else ".inner"
    colour = f"getComputedStyle(document.querySelector('{element}')).backgroundColor"
    page = tab.open(written[f"busy-{kind}"], 1280, "light")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colour) == "rgb(18, 24, 31)"


def test_without_its_script_the_page_is_complete(
    running: Browser, written: dict[str, Path]
) -> None:
    context = running.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(written["busy-page"].as_uri())
    assert page.locator("#findings tbody tr:visible").count() == 6
    assert page.locator("#tools").is_hidden()
    assert page.get_by_role("heading", name="What this rests on").is_visible()
    context.close()


def test_the_script_filters_and_sorts(tab: Tab, written: dict[str, Path]) -> None:
    page = tab.open(written["busy-page"], 1280)
    rows = page.locator("#findings tbody tr:visible")
    assert page.locator("#filter-count").inner_text() == "6 of 6 shown"
    page.select_option("#filter-level", label="high")
    assert rows.count() == 2
    page.fill("#filter-text", "SCOPE of release")
    assert page.locator("#filter-count").inner_text() == "1 of 6 shown"
    page.fill("#filter-text", "")
    page.select_option("#filter-level", "")
    level = page.locator("#findings").get_by_role("button", name="Level")
    level.click()
    assert [rows.nth(place).get_attribute("data-level") for place in (0, 5)] == ["low", "high"]
    level.click()
    assert rows.nth(0).get_attribute("data-level") == "high"
    assert page.locator("#findings th").first.get_attribute("aria-sort") == "descending"


@pytest.mark.full
def test_the_page_can_be_used_by_keyboard(tab: Tab, written: dict[str, Path]) -> None:
    page = tab.open(written["busy-page"], 1280)
    page.keyboard.press("Tab")
    link = page.locator("a.skip")
    assert link.evaluate("element => element === document.activeElement")
    assert link.evaluate("element => element.getBoundingClientRect().left") >= 0
    assert link.evaluate("element => parseFloat(getComputedStyle(element).outlineWidth)") >= 2


def test_tables_stay_tables_for_a_screen_reader_on_a_phone(
    tab: Tab, written: dict[str, Path]
) -> None:
    for width in WIDTHS:
        table = tab.open(written["busy-page"], width).get_by_role("table", name="Judged milestones")
        assert table.get_by_role("row").count() == 3
        assert table.get_by_role("columnheader").count() == 7
        assert table.get_by_role("rowheader", name="Release 3.1").is_visible()


def test_filters_by_milestone_kind_state_and_owner_and_shows_all_again(
    tab: Tab, written: dict[str, Path]
) -> None:
    page = tab.open(written["whole-page"], 1280)
    told = page.get_by_role("status")
    assert told.inner_text() == "20 of 20 shown"
    page.select_option("#filter-kind", label="all: Test evidence")
    assert told.inner_text() == "9 of 20 shown"
    page.select_option("#filter-kind", label="test.merged-red")
    assert told.inner_text() == "1 of 20 shown"
    page.select_option("#filter-kind", label="all")
    page.select_option("#filter-milestone", label="Release 3.1")
    assert told.inner_text() == "1 of 20 shown"
    page.get_by_role("button", name="Show all").click()
    assert told.inner_text() == "20 of 20 shown"
    page.select_option("#filter-owner", label="owner of Release 3.1")
    page.select_option("#filter-state", label="worse")
    assert told.inner_text() == "0 of 20 shown"
    assert page.locator("#findings tbody tr:visible").count() == 0


def test_milestones_sort_by_what_a_cell_means(tab: Tab, written: dict[str, Path]) -> None:
    page = tab.open(written["whole-page"], 1280)
    table = page.get_by_role("table", name="Judged milestones")
    names = table.get_by_role("rowheader")
    assert names.first.inner_text().startswith("Release 3.1")
    promised = table.get_by_role("columnheader", name="Promised")
    promised.get_by_role("button").press("Enter")
    promised.get_by_role("button").press("Enter")
    assert promised.get_attribute("aria-sort") == "descending"
    assert names.first.inner_text().startswith("Release 3.2")
    done = table.get_by_role("columnheader", name="Done")
    done.get_by_role("button").click()
    assert (done.get_attribute("aria-sort"), promised.get_attribute("aria-sort")) == (
        "ascending",
        None,
    )
    assert names.first.inner_text().startswith("Release 3.2")


@pytest.mark.full
def test_on_paper_all_is_open_links_show_their_address_and_tools_are_gone(
    tab: Tab, written: dict[str, Path]
) -> None:
    page = tab.open(written["whole-page"], 1280)
    assert page.locator("#tools").is_visible()
    assert page.locator("details:not([open])").count() > 10
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert page.locator("#tools").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    address = page.evaluate(
        "getComputedStyle(document.querySelector('main a[href^=http]'), '::after').content"
    )
    assert "https://jira.example.com/projects/APO/versions/10001" in address
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() > 10
    pages = page.pdf(format="A4").count(b"/Type /Page\n")
    assert 2 <= pages <= 20


@pytest.mark.full
def test_its_policy_lets_nothing_in_that_it_did_not_bring(
    tab: Tab, written: dict[str, Path]
) -> None:
    page = tab.open(written["whole-page"], 1280)
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hit = true";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "https://example.com/pixel.png";
          document.body.append(image);
          document.querySelector("h1").setAttribute("style", "color: rgb(1, 2, 3)");
          document.querySelector("h1").setAttribute("onclick", "window.hit = true");
        }"""
    )
    page.locator("h1").click()
    page.wait_for_function("() => document.images.length === 1")
    assert page.evaluate("window.hit") is None
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") != "rgb(1, 2, 3)"
    assert page.evaluate("fetch('https://example.com/').catch(() => 'refused')") == "refused"
    refused = [line for line in tab.said if line.startswith("console:")]
    assert len(refused) >= 4
    assert all("Content Security Policy" in line for line in refused), refused
    # A refused address is named as asked for; nothing of it came.
    assert page.evaluate("document.images[0].naturalWidth") == 0
    assert any("example.com/pixel.png" in line for line in refused)


def test_a_picture_has_a_name_and_a_table_that_says_the_same(
    tab: Tab, written: dict[str, Path]
) -> None:
    page = tab.open(written["whole-page"], 1280)
    picture = page.get_by_role("img", name="Burn-up")
    assert picture.is_visible()
    page.get_by_text("The same as a table").first.click()
    table = page.get_by_role("table", name="Scope and done work of Release 3.2")
    assert table.get_by_role("row").nth(1).inner_text().split("\t") == ["3 Nov 2025", "17", "2"]


@pytest.mark.full
def test_axe_would_find_what_is_wrong(running: Browser) -> None:
    page = running.new_page()
    page.set_content("<h1 style='color:#bbb'>Faint</h1><img src='data:,'>")
    found = " ".join(grave_violations(page))
    assert "color-contrast" in found
    assert "image-alt" in found
    page.close()


#: One in the short set; all kinds of report for all readers in the long one.
LOOKED_AT = [
    ("whole", "manager", "light"),
    *(
        pytest.param(name, audience, scheme, marks=pytest.mark.full)
        for name in ("first_run", "busy", "whole", "quiet", "hostile", "scripts")
        for audience in ("executive", "manager", "engineer")
        for scheme in ("light", "dark")
        if (name, audience, scheme) != ("whole", "manager", "light")
    ),
    pytest.param("huge", "manager", "light", marks=pytest.mark.full),
    pytest.param("huge", "manager", "dark", marks=pytest.mark.full),
]


@pytest.mark.parametrize(("name", "audience", "scheme"), LOOKED_AT)
def test_axe_finds_nothing_serious(
    tab: Tab, tmp_path: Path, name: str, audience: str, scheme: Literal["light", "dark"]
) -> None:
    made = given_.huge(200) if name == "huge" else REPORTS[name]()
    path = tmp_path / "page.html"
    path.write_text(html.render(build(made, audience=audience)), encoding="utf-8")
    page = tab.open(path, 1280, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert grave_violations(page) == []
    # The page under its policy, and axe beside it, had nothing to complain of.
    assert tab.said == [path.as_uri()]


@pytest.mark.parametrize("kind", ["page", "mail"])
def test_hostile_text_runs_nothing(tab: Tab, written: dict[str, Path], kind: str) -> None:
    path = written[f"hostile-{kind}"]
    page = tab.open(path, 1280)
    assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert page.locator("img").count() == 0
    assert tab.said == [path.as_uri()]
