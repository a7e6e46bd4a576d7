"""python -m tools.texts check | update. `check` names the texts that are not marked; `update` is `make texts`."""

from __future__ import annotations

import sys

from . import catalogs, search


def main(verb: str) -> int:
    if verb == "update":
        catalogs.update()
        return 0
    found = list(search.everything())
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["update"]):
        sys.exit(f"{' '.join(sys.argv[1:])!r} is not a verb of this command. Use: python -m tools.texts check | update")
    sys.exit(main(sys.argv[1]))
