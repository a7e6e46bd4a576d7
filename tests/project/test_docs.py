"""The pages name files, headings, limits, settings and checks that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from webapp.config.config import PROCESSES

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
FOLDERS = "webapp|tasks|tests|migrations|tools|bench|docs|requirements"


def table(page: str, head: str) -> list[list[str]]:
    """The cells of the table that begins with the line `head`, without backticks."""
    lines = (ROOT / page).read_text().partition(f"\n{head}\n")[2].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    assert rows, f"{page} has no table {head!r}"
    return rows


def anchors(page: Path) -> set[str]:
    """The headings as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_file_in_backticks_exists(page: Path) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "row",
    table("docs/architecture.md", "| limit | value | constant | file | meaning |"),
    ids=lambda row: f"{row[3]}:{row[2]}",
)
def test_the_table_of_limits_has_the_values_of_the_code(row: list[str]) -> None:
    _, value, constant, file, _ = row
    number = float(value.split()[0])
    found = re.search(rf"\b{constant}\b[^=,\n]*[=,][^=\d\n]*\(?\s*([\d_.]+)", (ROOT / file).read_text())
    assert found, f"{file} has no {constant}"
    assert float(found[1].rstrip(".").replace("_", "")) == number


def test_the_table_of_checks_lists_the_doctors_checks_in_their_order() -> None:
    rows = table("docs/monitoring.md", "| check | fails or warns when |")
    listed = [name.strip() for row in rows for name in row[0].split(",")]
    source = (ROOT / "webapp" / "doctor" / "run.py").read_text()
    assert listed == re.findall(r'^    Check\("([\w-]+)"', source, re.MULTILINE)


def test_the_readme_lists_every_setting_of_the_configuration() -> None:
    listed = {
        name.strip() for row in table("README.md", "| variable | meaning | default |") for name in row[0].split(",")
    }
    files = ("config.py", "mail.py", "network.py", "passkey_domain.py", "vapid.py", "webhook_allow.py")
    source = "".join((ROOT / "webapp" / "config" / file).read_text() for file in files)
    read = set(re.findall(r"(?:read\.\w+|get)\([\"']([A-Z_]+)[\"']", source))
    of_gunicorn = {"WEB_CONCURRENCY", "GRACEFUL_TIMEOUT", "FORWARDED_ALLOW_IPS"}
    set_by_make_run = {"DOORBELL_DEMO", "MAIL_FOLDER"}
    assert listed == (read | set(PROCESSES) | of_gunicorn) - set_by_make_run


def strings_of_the_code() -> set[str]:
    files = [path for folder in ("webapp", "tasks") for path in (ROOT / folder).rglob("*.py")]
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text())))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_log_lines_listed_for_operators_exist() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text()
    cells = [line.split(" | ")[0] for line in page.partition("### Web")[2].partition("## Metrics")[0].splitlines()]
    lines = [text.strip() for cell in cells if cell.startswith("| `") for text in re.findall(r"`([^`]+)`", cell)]
    of_libraries = ("Exception on", "consumer:", "Connected to", "beat:", "tasks.", "DATABASE_URL leads")
    ours = [line for line in lines if " " in line and "=" not in line and not line.startswith(of_libraries)]
    assert len(ours) > 20
    known = strings_of_the_code()
    # An incident's line has three parts: "redis", "away" and "the pages poll".
    unknown = [
        line
        for line in (line.removeprefix("… ").partition("…")[0].rstrip(" ;") for line in ours)
        if not any(line in text for text in known) and not set(re.split(r" is |; (?=.*$)", line, maxsplit=2)) <= known
    ]
    assert unknown == []


def test_each_test_that_the_security_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/.]+)`", (ROOT / "docs" / "security.md").read_text()))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
