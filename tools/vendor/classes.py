"""Which classes of Tabler our pages use, as JSON for reduce.mjs: `python tools/vendor/classes.py tabler.css`.

It writes the list of all that Tabler has, too, and imports nothing beyond the standard library.

A class counts as used where it stands in a class attribute, in a string of a Jinja expression, as a whole string of a script,
or after class= in Python. One that is put together (alert-{{ category }}) cannot be found so: DYNAMIC lists what such a
beginning becomes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
WEBAPP = HERE.parent.parent / "webapp"
ALL_CLASSES = HERE / "tabler-classes.txt"  # each class that the whole of Tabler has a rule for
REDUCED = WEBAPP / "static" / "vendor" / "tabler.min.css"

DYNAMIC: dict[str, tuple[str, ...]] = {
    "alert-": ("danger", "info", "success", "warning"),
    "is-": (),  # our own: is-paid, is-up
}

WORD = re.compile(r"[A-Za-z][\w-]*")
STRING = re.compile(r""""[^"\n]*"|'[^'\n]*'|`[^`]*`""")
ONE_WORD = re.compile(r"""(["'`])([a-z][\w-]*)\1""")
CLASS_ATTRIBUTE = re.compile(r"""\bclass=("[^"]*"|'[^']*')""")
JINJA = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
TAG = re.compile(r"<[a-z][^<>]*>")
PYTHON_CLASS = re.compile(r"""(?:\bclass_?=|["']class["']\s*:\s*)("[^"]*"|'[^']*')""")
BEGINNING = re.compile(r"([A-Za-z][\w-]*-)(?:\{\{|\$\{)")


def used() -> set[str]:
    """Words that may be classes; those that are not Tabler's do no harm."""
    found = {word for text in _class_texts() for word in WORD.findall(text)}
    return found | {beginning + end for beginning, ends in DYNAMIC.items() for end in ends}


def words() -> set[str]:
    """What selectors of tags and attributes are compared with: all that stands in a tag, and the own sheets' themes."""
    texts = [text for template in _templates() for text in TAG.findall(template)]
    scripts = [text for script in _scripts() for text in STRING.findall(script)]
    fixed = {"html", "body", "data-bs-theme", "dark", "light"}
    return used() | fixed | {word for text in (*texts, *scripts) for word in WORD.findall(text)}


def beginnings() -> set[str]:
    """The beginnings of classes that are put together, ours and Tabler's."""
    texts = [text for file in (*_templates(), *_scripts()) for text in CLASS_ATTRIBUTE.findall(file)]
    return {beginning for text in texts for beginning in BEGINNING.findall(text)}


def variables() -> set[str]:
    """Tabler's custom properties that our own sheets read or set."""
    sheets = [path.read_text() for path in (WEBAPP / "static").glob("*.css")]
    return {name for sheet in sheets for name in re.findall(r"--tblr-[\w-]+", sheet)}


def classes_of(css: str) -> set[str]:
    """The classes that a style sheet has a rule for."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    return {name.replace("\\", "") for name in re.findall(r"\.((?:[A-Za-z_-]|\\.)(?:[\w-]|\\.)*)", selectors)}


def _class_texts() -> Iterator[str]:
    for template in _templates():
        yield from CLASS_ATTRIBUTE.findall(template)
        yield from (text for expression in JINJA.findall(template) for text in STRING.findall(expression))
    for script in _scripts():
        yield from (word for _quote, word in ONE_WORD.findall(script))
        yield from CLASS_ATTRIBUTE.findall(script)
    for module in _read(WEBAPP.rglob("*.py")):
        yield from PYTHON_CLASS.findall(module)


def _templates() -> list[str]:
    return _read((WEBAPP / "templates").rglob("*.html"))


def _scripts() -> list[str]:
    return _read((WEBAPP / "static").glob("*.js"))


def _read(paths: Iterable[Path]) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(paths)]


if __name__ == "__main__":
    ALL_CLASSES.write_text("\n".join(sorted(classes_of(Path(sys.argv[1]).read_text()))) + "\n")
    print(json.dumps({"words": sorted(words()), "variables": sorted(variables())}))
