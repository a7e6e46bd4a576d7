"""The prose lint finds the words that STYLE.md forbids, in added lines only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import prose_lint


def words(line: str) -> list[str]:
    return [finding.text for finding in prose_lint.check("page.md", [(1, line)])]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("# nobody listens", "nobody"),
        ("Somebody else changed it.", "Somebody"),
        ("lets anybody sign a cookie", "anybody"),
        ("Whoever leads begins by waking.", "Whoever"),
        ("the figures are counted anew", "anew"),
        ("a zone that is none", "is none"),
        ("the page is told to refetch", "is told"),
        ("when Redis says no", "Redis says"),
        ("the listeners look at the table", "listeners look"),
        ("`flask doctor` tells the operator", "`…` tells"),
        ("# Who comes later waits.", "Who"),
        ('"""What a page missed."""', "What"),
        ("It ends. What is left is closed.", "What"),
    ],
)
def test_a_forbidden_word_is_found(line: str, word: str) -> None:
    assert words(line) == [word]


@pytest.mark.parametrize(
    "line",
    [
        "What does a viewer cost?",
        "the user who is signed in",
        "cursor.begin_anew()",
        'NOBODY = "0"',
        "the column `nobody` is a Unix user",
        "run as nobody  # prose: allow",
        "class Who(NamedTuple):",
        "The listener reads the outbox and publishes one signal per tenant.",
    ],
)
def test_plain_text_and_identifiers_pass(line: str) -> None:
    assert words(line) == []


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch `work` of `main`, whose page has an old sentence."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "page.md").write_text("Nobody reads this.\n")
    commit(tmp_path)
    (tmp_path / "other.md").write_text("A plain line.\n")
    commit(tmp_path)
    git(tmp_path, "switch", "--quiet", "--create", "work")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Change a page")


def found(root: Path) -> list[tuple[str, int, str]]:
    return [(finding.path, finding.line, finding.text) for finding in prose_lint.findings(root)]


def test_only_added_lines_are_checked(repository: Path) -> None:
    (repository / "page.md").write_text("Nobody reads this.\nA plain line.\nCount anew.\n")
    commit(repository)
    assert found(repository) == [("page.md", 3, "anew")]


def test_uncommitted_and_untracked_lines_are_checked(repository: Path) -> None:
    (repository / "page.md").write_text("Count anew.\nNobody reads this.\n")
    (repository / "new.sql").write_text("-- whoever writes\n")
    assert found(repository) == [("page.md", 1, "anew"), ("new.sql", 1, "whoever")]


def test_a_moved_line_is_not_new_text(repository: Path) -> None:
    (repository / "page.md").unlink()
    (repository / "other.md").write_text("A plain line.\n  Nobody reads this.\nCount anew.\n")
    commit(repository)
    assert found(repository) == [("other.md", 3, "anew")]


def test_on_main_the_last_commit_is_checked(repository: Path) -> None:
    git(repository, "switch", "--quiet", "main")
    (repository / "page.md").write_text("Nobody reads this.\nCount anew.\n")
    commit(repository)
    assert found(repository) == [("page.md", 2, "anew")]


def test_quotations_in_the_style_guide_and_other_kinds_of_files_pass(repository: Path) -> None:
    (repository / "STYLE.md").write_text("Bad: nobody.\n")
    (repository / "data.csv").write_text("nobody\n")
    assert found(repository) == []


def test_a_finding_names_file_line_word_and_the_better_word(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "page.md").write_text("Count anew.\nNobody reads this.\n")
    assert prose_lint.main(repository) == 1
    assert "page.md:1: “anew” → again, from scratch, or the prefix re-" in capsys.readouterr().out


@pytest.mark.parametrize("setup", [[], [["init", "--quiet", "--initial-branch=main"]]])
def test_without_history_it_passes_and_prints_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setup: list[list[str]]
) -> None:
    for arguments in setup:
        git(tmp_path, *arguments)
    assert prose_lint.main(tmp_path) == 0
    assert capsys.readouterr().out.startswith("prose lint: skipped, because there is no history to compare with (")


def test_the_makefile_runs_it_with_the_other_linters() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    recipe = makefile.partition("\nlint:")[2].partition("\n\n")[0]
    assert "python -m tools.prose_lint" in recipe
