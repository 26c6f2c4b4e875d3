"""Mails that came through a real SMTP server, looked at in a real browser as a reader has them."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from support import reconciliations as given_
from support.accessible import grave_violations
from support.browser import HARD_TO_READ, OVERFLOW, browser
from support.mail_server import Handler, mail_server

from sync.report.build import build
from sync.report.mail import BUDGET, compose
from sync.report.smtp import Smtp, deliver

pytestmark = pytest.mark.browser

WIDTHS = (360, 760, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FEW = ("whole",)
#: Name -> reconciliation and audience.
REPORTS = {
    **{name: (make, "manager") for name, make in given_.EXAMPLES.items()},
    "whole": (given_.whole, "manager"),
    "executive": (given_.whole, "executive"),
    "engineer": (given_.whole, "engineer"),
    "open-200": (lambda: given_.huge(200), "manager"),
    "open-2000": (lambda: given_.huge(2_000), "engineer"),
}
NAMES = [
    name if name in FEW else pytest.param(name, marks=pytest.mark.full) for name in sorted(REPORTS)
]


@dataclass(frozen=True)
class Got:
    """A mail as it lies in the mailbox."""

    message: EmailMessage

    def part(self, kind: str) -> EmailMessage:
        found = self.message.get_body((kind,))
        assert isinstance(found, EmailMessage)
        return found

    @property
    def pictures(self) -> dict[str, bytes]:
        return {
            str(part["Content-ID"]).strip("<>"): part.get_content()
            for part in self.message.walk()
            if part.get_content_maintype() == "image"
        }

    def shown(self) -> str:
        """The HTML with its pictures in place, as a client shows it once asked to."""
        html = str(self.part("html").get_content())
        for cid, png in self.pictures.items():
            data = base64.b64encode(png).decode()
            html = html.replace(f"cid:{cid}", f"data:image/png;base64,{data}")
        return html


@pytest.fixture(scope="module")
def mailbox() -> Iterator[dict[str, Got]]:
    """Each report sent once, when it is asked for."""
    handler = Handler()

    class Box(dict[str, Got]):
        def __missing__(self, name: str) -> Got:
            make, audience = REPORTS[name]
            data = build(make(), audience=audience)
            answers = tuple(
                (word, f"mailto:tpm@example.com?subject={word}")
                for word in ("agreed", "mine", "wrong")
            )
            message = compose(
                data,
                links={item.fingerprint: answers for item in data.findings},
                sender="Drift report <drift@example.com>",
                recipient="boss@example.com",
            )
            deliver(message, Smtp(server.host, server.port, "plain"))
            self[name] = Got(handler.messages[-1])
            return self[name]

    with mail_server(handler) as server:
        yield Box()


@pytest.fixture(scope="module")
def running(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as one:
        yield one


@pytest.fixture(scope="module")
def tab(running: Browser) -> Page:
    return running.new_page()


@pytest.mark.parametrize("pictures", ["blocked", pytest.param("shown", marks=pytest.mark.full)])
@pytest.mark.parametrize("name", NAMES)
def test_it_fits_and_is_readable(
    tab: Page, mailbox: dict[str, Got], tmp_path: Path, name: str, pictures: str
) -> None:
    got = mailbox[name]
    assert len(got.part("html").as_bytes()) <= BUDGET + 200  # the part's own headers
    assert got.message.defects == []
    path = tmp_path / "mail.html"
    html = str(got.part("html").get_content()) if pictures == "blocked" else got.shown()
    path.write_text(html, encoding="utf-8")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url.split(":")[0]))
    tab.goto(path.as_uri())
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate(OVERFLOW) == {"over": 0, "wide": []}, width
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme=scheme)
            read = tab.evaluate(HARD_TO_READ)
            assert read["bad"] == [], f"{width} {scheme}"
            assert read["seen"] >= 5
            assert read["least"]["contrast"] >= 4.5
            if scheme == "light":
                # Clients that turn colours round do so with a mail in light colours.
                assert read["least"]["turned"] >= 4.5, read["least"]
    # A picture comes with the mail or not at all.
    assert set(asked) <= {"file", "data", "cid"}


@pytest.mark.parametrize(
    "name", ["whole", *(pytest.param(one, marks=pytest.mark.full) for one in ("open-200", "quiet"))]
)
def test_axe_finds_nothing_serious(
    tab: Page, mailbox: dict[str, Got], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "mail.html"
    path.write_text(mailbox[name].shown(), encoding="utf-8")
    for scheme in SCHEMES:
        tab.emulate_media(color_scheme=scheme)
        tab.goto(path.as_uri())
        assert grave_violations(tab) == [], scheme


def test_pictures_are_as_wide_as_their_room_and_no_wider(
    tab: Page, mailbox: dict[str, Got], tmp_path: Path
) -> None:
    got = mailbox["whole"]
    assert sorted(got.pictures) == ["burn-up@driftline", "trend@driftline"]
    path = tmp_path / "mail.html"
    path.write_text(got.shown(), encoding="utf-8")
    widths = {}
    for width in (360, 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        tab.goto(path.as_uri())
        boxes = [one.bounding_box() for one in tab.locator("img").all()]
        widths[width] = [round(box["width"]) for box in boxes if box]
        assert all(box and 2 <= box["width"] / box["height"] <= 3 for box in boxes)
    assert widths[1280] == [600, 600]
    assert widths[360] == [328, 328]


def test_without_pictures_their_words_stand_in_their_place(
    tab: Page, mailbox: dict[str, Got], tmp_path: Path
) -> None:
    path = tmp_path / "mail.html"
    path.write_text(str(mailbox["whole"].part("html").get_content()), encoding="utf-8")
    tab.set_viewport_size({"width": 360, "height": 800})
    tab.goto(path.as_uri())
    words = [one.get_attribute("alt") or "" for one in tab.get_by_role("img").all()]
    assert [re.sub(r":.*", "", one) for one in words] == ["Release 3.2", "Release 3.2"]
    assert all(
        one.evaluate("picture => picture.naturalWidth") == 0 for one in tab.get_by_role("img").all()
    )
