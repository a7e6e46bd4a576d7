"""Several panels in one answer: `GET /panels?names=revenue,salespeople`, for pages that many users watch.

The body has an <hx-partial> for each panel that differs from the page's. The header `Doorbell-Panels` lists all rendered panels
with their ETags (`revenue="…", salespeople="…"`), and the page sends it back with its next request. A panel that is not in the
header failed, and the page shows it as stale.
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
    """A requested panel does not exist. The text has its name and the names that do."""


@dataclass(frozen=True)
class BatchAnswer:
    """`etags` is the header; `as_of` is the oldest of the renders."""

    body: bytes
    etags: str
    as_of: Render


@lru_cache(maxsize=256)
def parse_names(query: str) -> tuple[str, ...]:
    """The panels in a query string, each once. Raises UnknownPanel."""
    text = ",".join(parse_qs(query).get(NAMES, []))
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in PANELS:
            raise UnknownPanel(
                f"{NAMES} has {name[:80]!r}; use some of {', '.join(PANELS)}, separated by commas. Reload the page."
            )
    return names


def build(renders: Mapping[str, Render], known: str) -> BatchAnswer:
    """`known` is the header of the last answer that the page received."""
    etags = {name: f'{name}="{render.etag}"' for name, render in renders.items()}
    changed = [name for name, etag in etags.items() if etag not in known]
    metrics.PANELS_UNCHANGED.inc(len(etags) - len(changed))
    body = b"".join(_parts(renders, changed))
    return BatchAnswer(body, ", ".join(etags.values()), min(renders.values(), key=lambda render: render.moment))


def _parts(renders: Mapping[str, Render], names: Iterable[str]) -> Iterable[bytes]:
    for name in names:
        yield b'<hx-partial id="%b" hx-swap="innerMorph">' % name.encode()
        yield renders[name].body
        yield b"</hx-partial>"
