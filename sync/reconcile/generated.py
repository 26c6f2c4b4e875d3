"""Files that nobody writes by hand: their lines tell nothing about the work done; pure."""

from fnmatch import fnmatchcase

#: Folders, anywhere in a path.
_FOLDERS = frozenset(
    {
        "vendor",
        "vendored",
        "third_party",
        "third-party",
        "node_modules",
        "dist",
        "generated",
        "__generated__",
        "__snapshots__",
        "gen",
    }
)
#: Names of files.
_NAMES = frozenset(
    {
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "cargo.lock",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "pipfile.lock",
        "gemfile.lock",
        "composer.lock",
        "go.sum",
        "mix.lock",
        "podfile.lock",
        "packages.lock.json",
        "gradle.lockfile",
        "flake.lock",
    }
)
_PATTERNS = (
    "*.min.js",
    "*.min.css",
    "*.map",
    "*.pb.go",
    "*_pb2.py",
    "*_pb2.pyi",
    "*_pb2_grpc.py",
    "*.pb.cc",
    "*.pb.h",
    "*.g.dart",
    "*.freezed.dart",
    "*.designer.cs",
    "*.snap",
    "*.generated.*",
    "*_generated.*",
)


def is_generated(path: str) -> bool:
    """Whether a path of a repository names a lock file, or what was generated or copied in."""
    *folders, name = path.casefold().split("/")
    return (
        name in _NAMES
        or not _FOLDERS.isdisjoint(folders)
        or any(fnmatchcase(name, one) for one in _PATTERNS)
    )
