"""The import's texts in the words of the page, and options from its form."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.order_import.pipeline import ImportOptions
from webapp.uploads import files, options
from webapp.uploads.words import for_page, without_repeats

from ..support.uploads import Uploads

PATH = Path("/tmp/doorbell-import-1-x/upload.csv")  # noqa: S108 - a name only
HEADER = ("Nr", "Wer", "Total", "Total", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{PATH} is a PDF: export it.", "May.csv is a PDF: export it."),
        ("Omit --encoding to have it detected.", "Omit “Encoding” to have it detected."),
        ("such as --encoding cp1252 for Excel", "such as “Encoding: Windows-1252” for Excel"),
        ("use --decimal point or --decimal comma", "use “Decimal mark: 12.50” or “Decimal mark: 12,50”"),
        ("Name it with --map number=Column.", "Choose the column of “Order number” below."),
        (
            'is unknown: Zorp (2). State it for each, such as --status "Zorp=paid"; allowed: placed, a refund. If not, use x.',
            "is unknown: Zorp (2). Choose the meaning of each under “Status words”. If not, use x.",
        ),
        ("--dates dmy or --dates mdy", "“Dates: Day, month, year” or “Dates: Month, day, year”"),
        ("run flask user enable a--b", "run flask user enable a--b"),
    ],
)
def test_options_of_the_command_are_named_as_on_the_page(text: str, shown: str) -> None:
    assert for_page(text, PATH, "May.csv") == shown


def test_an_advice_is_given_with_the_first_row_that_needs_it() -> None:
    reasons = ["Wann '1.' is not a date; allowed: 1996-07-04; Total 'x' is not an amount", None]
    reasons += ["Wann '2.' is not a date; allowed: 1996-07-04", "Total 'y' is not an amount; allowed: 12.50"]
    assert without_repeats(reasons) == [*reasons[:2], "Wann '2.' is not a date", reasons[3]]


def test_a_form_gives_status_words_a_meaning() -> None:
    form = {"word-0": "Zorp", "meaning-0": "paid", "word-1": "Done", "meaning-1": "", "word-2": "x", "meaning-2": "x"}
    found = options.from_form(form, HEADER, {"words": {"Late": ""}})
    assert found == {"mapped": {}, "words": {"Late": "", "Zorp": "paid"}}
    again = options.from_form({"word-0": "Zorp", "meaning-0": ""}, HEADER, found)
    assert again["words"] == {"Late": "", "Zorp": ""}
    assert "words" not in options.from_form({"option-format": "shopify"}, HEADER, found)


def test_a_form_changes_the_options_that_it_names() -> None:
    form = {"option-owners": "create", "column-number": "0", "column-total": "3", "column-sku": "none"}
    found = options.from_form(form, HEADER, {"decimal": "comma"})
    assert found == {"owners": "create", "decimal": "comma", "mapped": {"number": "Nr", "total": "#4", "sku": ""}}
    again = options.from_form({"column-total": "auto"}, HEADER, found)
    assert again["mapped"] == {"number": "Nr", "sku": ""}
    assert [options.column_index(HEADER, name) for name in ("Nr", "#4", "#5", "Total", "none")] == [0, 3, 4, None, None]


@pytest.mark.parametrize(
    "form",
    [
        {"option-owners": "delete"},
        {"option-path": "/etc/passwd"},
        {"option-dry_run": "1"},
        {"column-path": "0"},
        {"column-number": "99"},
        {"column-number": "-1"},
        {"column-number": "²"},
    ],
)
def test_values_that_the_page_does_not_offer_are_ignored(form: dict[str, str]) -> None:
    assert options.from_form(form, HEADER, {}) == {"mapped": {}}


def test_options_become_those_of_the_import(uploads: Uploads) -> None:
    chosen: dict[str, object] = {
        "owners": "ignore",
        "words": {"A": "paid", "B=C": "not an order", "D": ""},
        "header_line": "3",
        "zone": "",
        "decimal": "",
    }
    upload = uploads.add(b"", "orders.csv", **chosen)
    found = options.import_options(upload, PATH, "acme", is_dry_run=True)
    wanted = ImportOptions(
        PATH, "acme", owners="ignore", status=("A=paid", "B=C=not an order"), header_line=3, dry_run=True
    )
    assert found == wanted


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-16"])
def test_a_sample_of_a_file_ends_with_a_whole_row(uploads: Uploads, encoding: str) -> None:
    row = '{},"Hotel ""Süd""' + "\r\nline" * 200 + '"\r\n'
    text = "number,customer\r\n" + "".join(map(row.format, range(1_000)))
    upload = uploads.add(text.encode(encoding))
    with files.local_copy(uploads.conn, upload, 100_000) as (path, is_complete):
        sample = path.read_bytes().decode(encoding)
    assert not is_complete
    assert not path.exists()
    assert sample.endswith('line"\r\n')
    assert text.startswith(sample)
    with files.local_copy(uploads.conn, upload) as (path, is_complete):
        assert (path.read_bytes().decode(encoding), is_complete) == (text, True)
