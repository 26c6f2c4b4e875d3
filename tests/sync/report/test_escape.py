"""Whatever a title or a proof says, it stays a title or a proof in every rendering."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_

from sync.reconcile.contract import Evidence, Reconciliation
from sync.report import html, json_, mail, text
from sync.report.build import build
from sync.report.clean import clean

TEXTS = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                '"',
                "'",
                "&",
                "</",
                "script",
                "<!--",
                "-->",
                "{{",
                "}}",
                "\n",
                "\x00",
                "&lt;",
                "style",
                "=",
                "\u202e",
                "]]>",
                "\\",
                "`",
                "é",
            ]
        ),
        max_size=12,
    ).map("".join),
)


class Shape(HTMLParser):
    """The elements and attribute names of a page, without what they say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.shape.append(("comment", ()))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def example(word: str) -> Reconciliation:
    """The word stands wherever another system's text can stand."""
    return given_.reconciliation(
        program=f"x{word}",
        findings=(
            given_.finding(
                title=f"x{word}",
                what=f"x{word}",
                so_what=f"x{word}",
                who=f"x{word}",
                by_when=f"x{word}",
                remedy=f"x{word}",
                subject_label=f"x{word}",
                evidence=(Evidence(f"x{word}", url=None, source=f"x{word}"),),
            ),
        ),
        milestones=(given_.milestone(f"x{word}", url=None),),
        hygiene=(f"x{word}",),
        not_checked=((f"x{word}", f"x{word}", f"x{word}"),),
        certificates=(given_.certificate(scope=f"x{word}", outcome="failed", reason=f"x{word}"),),
    )


SAFE = build(example("y"))
PAGE_SHAPE = Shape(html.render(SAFE)).shape
MAIL_SHAPE = Shape(mail.mail_html(SAFE)[0]).shape


@given(TEXTS)
def test_no_text_changes_the_shape_of_a_page_or_mail(word: str) -> None:
    data = build(example(word))
    page = Shape(html.render(data))
    assert page.shape == PAGE_SHAPE
    assert clean(f"x{word}", 240) in "".join(page.said)
    assert Shape(mail.mail_html(data)[0]).shape == MAIL_SHAPE


@given(TEXTS)
def test_no_text_adds_a_line_or_a_control_to_the_plain_report(word: str) -> None:
    data = build(example(word))
    written = text.render(data)
    assert not [char for char in written if ord(char) < 32 and char != "\n"]
    assert not set(written) & set(
        "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\x7f"
    )
    assert json_.document(data)["risks"][0]["title"] == clean(f"x{word}", 240)
