"""Files that nobody writes by hand."""

import pytest

from sync.reconcile.generated import is_generated


@pytest.mark.parametrize(
    "path",
    [
        "package-lock.json",
        "web/yarn.lock",
        "go.sum",
        "vendor/github.com/x/y.go",
        "src/third_party/z.c",
        "app/static/jquery.MIN.js",
        "api/user.pb.go",
        "api/user_pb2.py",
        "ui/__snapshots__/a.test.js.snap",
        "lib/model.g.dart",
        "Form.Designer.cs",
    ],
)
def test_generated(path: str) -> None:
    assert is_generated(path)


@pytest.mark.parametrize(
    "path", ["src/app.py", "generator.py", "docs/vendor.md", "lock.json", "mapper.js", "snap.py"]
)
def test_written(path: str) -> None:
    assert not is_generated(path)
