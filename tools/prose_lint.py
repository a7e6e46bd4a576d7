"""Checks the English of added lines: python -m tools.prose_lint (part of `make lint`). STYLE.md has the rules.

Only lines added since the merge base with `main` are checked, or since the previous commit on `main` itself. So old text
fails no build, and new text follows the rules. Moved lines, lines with `prose: allow` and text in backticks are skipped.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

CHECKED = ("*.py", "*.md", "*.sql", "*.html", "*.js", "Makefile")
# These quote the words on purpose, are generated, or come from other projects.
EXEMPT = (
    "STYLE.md",
    "tools/prose_lint.py",
    "tests/project/test_prose_lint.py",
    "docs/performance.md",
    "tests/vendor/*",
    "webapp/static/vendor/*",
)
ALLOW = "prose: allow"
MAIN = "main"

_MACHINES = (
    r"(?:listener|leader|standby|hub|page|browser|process(?:es)?|server|worker|database|PostgreSQL|Redis|Celery|gunicorn"
    r"|nginx|proxy|program|trigger|panel|board|stream|log|doctor|script|kernel|client|driver|query|test|CODE)s?"
)
_HUMAN_VERBS = r"(?:says?|said|tells?|hears?|heard|looks?|knows?|wants?|believes?)"
_SENTENCE_START = r"(?:^[^\w]*|[.!?:;]\s+)"


class Rule(NamedTuple):
    pattern: re.Pattern[str]
    better: str


RULES = (
    Rule(re.compile(r"\b[Nn]obody\b"), "no one, none of the …, or name the subject: “no listener”"),
    Rule(re.compile(r"\b[Ss]omebody\b"), "name the subject: “a user”, “another process”"),
    Rule(re.compile(r"\b[Aa]nybody\b"), "name the subject: “any user”"),
    Rule(re.compile(r"\b[Ww]ho(?:m)?ever\b"), "name the subject: “the process that”, “any role that”"),
    Rule(re.compile(r"\b[Aa]new\b"), "again, from scratch, or the prefix re-"),
    Rule(re.compile(r"\bis none\b"), "“is not a valid …”, “there is no …”"),
    Rule(re.compile(r"\b(?:is|are|was|were|be|been|being) told\b"), "receives, gets"),
    Rule(re.compile(rf"\b{_MACHINES} {_HUMAN_VERBS}\b"), "machines send, receive, read, write, check, raise"),
    Rule(re.compile(rf"{_SENTENCE_START}(?P<word>Who|What) (?=[a-z])(?!.*\?)"), "begin with the subject"),
)


@dataclass(frozen=True)
class Finding:
    """One word to replace. `text` is the matched word or words."""

    path: str
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: “{self.text}” → {self.better}"


class NoHistory(Exception):
    """There is no commit to compare with; the message is the reason."""


def check(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Finding]:
    """Findings in the numbered `lines` of a file, in their order."""
    for number, line in lines:
        if ALLOW in line:
            continue
        text = re.sub(r"`[^`]*`", "CODE", line)
        for rule in RULES:
            for match in rule.pattern.finditer(text):
                found = match.groupdict().get("word") or match.group()
                yield Finding(path, number, found.replace("CODE", "`…`"), rule.better)


def is_checked(path: str) -> bool:
    return any(fnmatch(path.rpartition("/")[2], name) for name in CHECKED) and not any(
        fnmatch(path, name) for name in EXEMPT
    )


def added_lines(diff: str) -> Iterator[tuple[str, int, str]]:
    """Path, line number and text of each line that a unified diff without context adds and does not only move."""
    removed = {line[1:].strip() for line in diff.splitlines() if line.startswith("-")}
    path, number = "", 0
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line[4:].removeprefix("b/")
        elif line.startswith("@@"):
            number = int(re.split(r"[ ,]", line.partition("+")[2], maxsplit=1)[0])
        elif line.startswith("+"):
            if line[1:].strip() not in removed:
                yield path, number, line[1:]
            number += 1


def base_commit(root: Path) -> str:
    """The commit to compare with. Raises NoHistory."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        base = _git(root, "merge-base", "HEAD", MAIN)
        return _git(root, "rev-parse", "HEAD~1") if base == head else base
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        raise NoHistory(detail.strip().partition("\n")[0]) from error


def findings(root: Path) -> list[Finding]:
    """In lines added since the base commit, new files that git does not track yet included. Raises NoHistory."""
    diff = _git(root, "diff", "--unified=0", "--no-color", "--no-ext-diff", base_commit(root))
    found = [f for path, number, line in added_lines(diff) if is_checked(path) for f in check(path, [(number, line)])]
    for path in _git(root, "ls-files", "--others", "--exclude-standard").splitlines():
        if is_checked(path):
            found += check(path, enumerate((root / path).read_text(errors="replace").splitlines(), 1))
    return found


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.quotePath=off", *arguments]
    return subprocess.run(
        command, cwd=root, capture_output=True, text=True, errors="replace", check=True
    ).stdout.strip()


def main(root: Path = Path(__file__).parents[1]) -> int:
    try:
        found = findings(root)
    except NoHistory as error:
        print(f"prose lint: skipped, because there is no history to compare with ({error})")
        return 0
    for finding in found:
        print(finding)
    if found:
        print(f"prose lint: {len(found)} to reword; STYLE.md has the rules. For a quotation add “{ALLOW}” to its line.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
