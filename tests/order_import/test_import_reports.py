"""The report of rejected rows: one per file, kept by a dry run, safe in a spreadsheet, and lossless."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.order_import.formula_escape import escape, unescape

from ..support.imports import HEADER, Importer


def test_a_dry_run_keeps_the_old_report(importer: Importer) -> None:
    importer.tenant()
    importer.load("A1,Toms,soon,5.00")
    before = importer.report.read_text()
    importer.load("A1,Toms,2026-01-02,5.00", options=("--dry-run",))
    assert importer.report.read_text() == before
    importer.run()
    assert not importer.report.exists(), "an import without rejected rows deletes it"


@pytest.mark.parametrize("name", ["orders.tsv", "orders.txt", "orders", "orders.CSV"])
def test_files_that_differ_in_their_suffix_have_their_own_reports(importer: Importer, name: str) -> None:
    importer.tenant()
    importer.load("A1,Toms,soon,5.00")
    other = importer.folder / name
    other.write_text(f"{HEADER}\nA2,Toms,2026-01-02,5.00\nA3,Toms,never,5.00\n")
    reports = set(importer.folder.iterdir()) - {importer.path, other}
    csvs, importer.path = importer.path, other
    assert importer.run().exit_code == 1
    new = set(importer.folder.iterdir()) - {csvs, other} - reports
    assert len(new) == 1
    assert "A1" in importer.report.read_text()
    assert "A3" in new.pop().read_text()


def test_formulas_are_escaped_in_the_report_and_unescaped_by_the_import(
    importer: Importer,
) -> None:
    importer.tenant()
    nasty = ['=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "'=quoted", "\tx", "+49 30 1234"]
    with importer.path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        writer.writerows([f"={n}", customer, "soon", "-5.00"] for n, customer in enumerate(nasty))
    assert importer.run().exit_code == 2
    for row in importer.rejected():
        assert not row["customer"].startswith(("=", "+", "@", "-", "\t"))
        assert not row["rejected_number"].startswith("=")
        assert not row["number"].startswith("=")
        assert row["total"] == "-5.00", "a number is not escaped"
    corrected = importer.report.read_text().replace("soon", "2026-01-02").replace("-5.00", "5.00")
    importer.path = importer.folder / "corrected.csv"
    importer.path.write_text(corrected)
    assert importer.run().exit_code == 0
    assert importer.orders("number", "customer") == [(f"={n}", customer.strip()) for n, customer in enumerate(nasty)]


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("'=+-@\t\r\n;\"1.,a "), max_size=8) | st.text(max_size=20))
def test_unescape_inverts_escape(cell: str) -> None:
    assert unescape(escape(cell)) == cell


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("text", ["Ana;=1+1;", "Ana\t@SUM(1)", "Ana; '+1+cmd", 'Ana;"=1+1', "Ana\n=1+1", "Ana\n;-2+3"])
def test_a_spreadsheet_with_another_separator_finds_no_formula_in_a_text(text: str, separator: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(["1", escape(text), "5.00"])
    cells = [cell for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator) for cell in row]
    assert [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))] == []
    assert unescape(escape(text)) == text


def test_a_report_is_written_even_if_its_encoding_lacks_a_character_of_a_reason(importer: Importer) -> None:
    importer.tenant()
    importer.write("A" * 80 + ",M\xfcller,2026-01-02,5.00", "A2,Toms,2026-01-02,5.00", encoding="latin-1")
    result = importer.run("--encoding", "latin-1")
    assert result.exit_code == 1, result.output
    assert "M\xfcller" in importer.report.read_text("latin-1")
