"""The rules for scripts, `.oxlintrc.json`: each finds the fault that it is for. `make lint` applies them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OXLINT = Path(sys.executable).parent / "oxlint"


def broken_rules(folder: Path) -> set[str]:
    """The rules that the scripts in `folder` break, by the folder's own configuration."""
    done = subprocess.run([OXLINT, "--format=json", "."], cwd=folder, capture_output=True, text=True)
    return {found["code"] for found in json.loads(done.stdout)["diagnostics"]}


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ('import { other } from "./other.js";', "eslint(no-unused-vars)"),
        ("const unused = 1;", "eslint(no-unused-vars)"),
        ("export const same = (one, two) => one == two;", "eslint(eqeqeq)"),
        ("export const found = () => misspelt;", "eslint(no-undef)"),
        ("export let count = 0;\nexport const add = () => { count += 1; };", "import(no-mutable-exports)"),
        ('import { other } from "./other.js";\nexport const self = () => other();', "import(no-cycle)"),
        (
            f"export function choose(a) {{ return {' || '.join(f'a === {n}' for n in range(12))}; }}",
            "eslint(complexity)",
        ),
        (
            f"export function long() {{\n{'  document.title;' * 40}\n}}".replace(";", ";\n"),
            "eslint(max-lines-per-function)",
        ),
    ],
)
def test_a_fault_in_a_script_is_found(tmp_path: Path, source: str, rule: str) -> None:
    shutil.copy(ROOT / ".oxlintrc.json", tmp_path)
    (tmp_path / "other.js").write_text('import { self } from "./script.js";\nexport const other = () => self();\n')
    (tmp_path / "script.js").write_text("export const self = () => 1;\n")
    assert broken_rules(tmp_path) == set(), "guard: without the fault"
    (tmp_path / "script.js").write_text(source + "\n")
    assert rule in broken_rules(tmp_path)
