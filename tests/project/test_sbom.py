"""The bill of materials names all that runs in production."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools import sbom


def purls(document: dict[str, Any]) -> set[str]:
    return {component["purl"] for component in document["components"]}


def test_it_is_of_the_present_pins_and_files() -> None:
    assert sbom.OUTPUT.read_text() == sbom.text(), "run `make sbom` and commit what it writes"


def test_it_is_valid_cyclonedx() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.text()) is None


@pytest.mark.parametrize("name", ["app", "relay", "xlsx"])
def test_each_pinned_package_is_in_it(name: str) -> None:
    pins = re.findall(r"^([\w.-]+)==(\S+)", (sbom.ROOT / "requirements" / f"{name}.txt").read_text(), re.M)
    assert pins
    assert {f"pkg:pypi/{package.lower()}@{version}" for package, version in pins} <= purls(json.loads(sbom.text()))


def test_each_vendored_file_that_is_served_is_in_it_with_its_hash() -> None:
    sums = [line.split() for line in (sbom.VENDOR / "SHA256SUMS").read_text().splitlines()]
    found = {
        file["name"]: file["hashes"][0]["content"]
        for component in json.loads(sbom.text())["components"]
        for file in component.get("components", [])
    }
    assert found == {path: digest for digest, path in sums if path.startswith("webapp/")}


def test_no_package_of_the_tests_is_in_it() -> None:
    assert not [purl for purl in purls(json.loads(sbom.text())) if re.search("pytest|playwright|axe-core|ruff", purl)]
