"""The JSON Schemas in docs/events/ are those of the generator, one per type of the catalog, and valid themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from webapp.events import catalog, schemas


def test_the_files_equal_the_generator() -> None:
    files = {path.name: path.read_text() for path in schemas.FOLDER.glob("*.schema.json")}
    assert files == schemas.render(), "run `make docs`"
    assert sorted(files) == sorted(f"{name}.schema.json" for name in catalog.TYPES)


@pytest.mark.parametrize("event", catalog.CATALOG, ids=lambda event: event.name)
def test_each_file_is_a_valid_json_schema(event: catalog.EventType) -> None:
    Draft202012Validator.check_schema(schemas.schema(event))


def test_writing_removes_the_file_of_a_type_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone.schema.json").write_text("{}")
    schemas.write(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == schemas.render()
    assert json.loads((tmp_path / "paid.schema.json").read_text())["title"] == "doorbell.order.paid"
