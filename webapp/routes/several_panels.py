"""Several panels in one answer: `GET /panels?names=revenue,salespeople`, for pages that a crowd watches.

The body has an <hx-partial> for each panel that is another than the page has. The header `Doorbell-Panels` names all that
were answered, each with its ETag (`revenue="…", salespeople="…"`); the page sends it back with its next request. A panel
that is not named there failed, and the page shows it as stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs

from ..observability.metrics import web as metrics
from ..panels.registry import PANELS
from ..panels.render import Render

NAMES = "names"
HEADER = "Doorbell-Panels"


class UnknownPanel(ValueError):
    """What was asked for, and what may be."""


@dataclass(frozen=True)
class Answer:
    """`seen` is the header; `as_of` the render that is the oldest of them."""

    body: bytes
    seen: str
    as_of: Render


@lru_cache(maxsize=256)
def names_in(query: str) -> tuple[str, ...]:
    """The panels that a query string names, each once. Raises UnknownPanel."""
    text = ",".join(parse_qs(query).get(NAMES, []))
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in PANELS:
            raise UnknownPanel(
                f"{NAMES} has {name[:80]!r}; allowed are some of {', '.join(PANELS)}, separated by commas. Reload the page."
            )
    return names


def put_together(renders: Mapping[str, Render], known: str) -> Answer:
    """`known` is the header as the page was told it last."""
    seen = {name: f'{name}="{render.etag}"' for name, render in renders.items()}
    changed = [name for name, mark in seen.items() if mark not in known]
    metrics.PANELS_UNCHANGED.inc(len(seen) - len(changed))
    body = b"".join(_parts(renders, changed))
    return Answer(body, ", ".join(seen.values()), min(renders.values(), key=lambda render: render.moment))


def _parts(renders: Mapping[str, Render], names: Iterable[str]) -> Iterable[bytes]:
    for name in names:
        yield b'<hx-partial id="%b" hx-swap="innerMorph">' % name.encode()
        yield renders[name].body
        yield b"</hx-partial>"
