"""Several panels in one answer: `GET /panels?names=revenue,salespeople`, for pages that many users watch.

The body has an <hx-partial> for each panel that differs from the page's. The header `Doorbell-Panels` lists all rendered panels
with their ETags (`revenue="…", salespeople="…"`), and the page sends it back with its next request. A panel that is not in the
header failed, and the page shows it as stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from urllib.parse import parse_qs

from cachetools import LRUCache

from ..language import gettext as _
from ..observability.metrics import web as metrics
from ..panels.registry import PANELS
from ..panels.render import Render

NAMES = "names"
HEADER = "Doorbell-Panels"


# The pages of a crowd send the same header and get the same body. ETags and header -> body, number of unchanged panels.
_built: LRUCache[tuple[str, str], tuple[bytes, int]] = LRUCache(256)
_lock = Lock()


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
                _(
                    "%(field)s has %(name)s; use some of %(allowed)s, separated by commas. Reload the page.",
                    field=NAMES,
                    name=repr(name[:80]),
                    allowed=", ".join(PANELS),
                )
            )
    return names


def build(renders: Mapping[str, Render], known: str) -> BatchAnswer:
    """`known` is the header of the last answer that the page received."""
    etags = ", ".join([f'{name}="{render.etag}"' for name, render in renders.items()])
    with _lock:
        found = _built.get((etags, known))
        if found is None:
            changed = [name for name, render in renders.items() if f'{name}="{render.etag}"' not in known]
            found = _built[etags, known] = b"".join(_parts(renders, changed)), len(renders) - len(changed)
    body, unchanged = found
    if unchanged:
        metrics.PANELS_UNCHANGED.inc(unchanged)
    return BatchAnswer(body, etags, min(renders.values(), key=lambda render: render.moment))


def _parts(renders: Mapping[str, Render], names: Iterable[str]) -> Iterable[bytes]:
    for name in names:
        yield b'<hx-partial id="%b" hx-swap="innerMorph">' % name.encode()
        yield renders[name].body
        yield b"</hx-partial>"
