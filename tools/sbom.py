"""`make sbom` writes docs/sbom.cdx.json: the CycloneDX bill of materials of what runs in production.

Its components are the pinned packages of requirements/ with the hashes that pip accepts, and the vendored scripts, style
sheets and icons with the hashes of their files. Equal inputs give equal bytes: there is no time in it, and its serial
number is made from its content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "docs" / "sbom.cdx.json"
APP = ROOT / "requirements" / "app.txt"
# Extras, which an operator may install: each file repeats the packages of app.txt.
EXTRAS = (ROOT / "requirements" / "relay.txt", ROOT / "requirements" / "xlsx.txt")
VENDOR = ROOT / "tools" / "vendor"
# The npm package of each vendored file. axe-core is left out: only tests load it.
VENDORED = {
    "htmx.min.js": "htmx.org",
    "hx-sse.min.js": "htmx.org",
    "tabler.min.css": "@tabler/core",
    "tabler.rtl.min.css": "@tabler/core",
    "uplot.min.js": "uplot",
    "sprite.html": "@tabler/icons",
}
_PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))? \\\n(?P<hashes>(?: +--hash=sha256:\w+[ \\]*\n?)+)",
    re.M,
)


def main() -> None:
    OUTPUT.write_text(text())


def text() -> str:
    """The document, as JSON."""
    product = Component(name="doorbell", type=ComponentType.APPLICATION, bom_ref="doorbell")
    bom = Bom(components=[*packages(), *vendored()], metadata=BomMetaData(component=product))
    bom.register_dependency(product, bom.components)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"], document["serialNumber"]
    document["serialNumber"] = uuid5(NAMESPACE_URL, json.dumps(document, sort_keys=True)).urn
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def packages() -> Iterator[Component]:
    """One component per pinned version. Those of extras are optional."""
    seen = set()
    for path in (APP, *EXTRAS):
        for pin in _PIN.finditer(path.read_text()):
            purl = PackageURL("pypi", None, pin["name"], pin["version"])
            if purl in seen:
                continue
            seen.add(purl)
            marker = [Property(name="doorbell:marker", value=pin["marker"])] if pin["marker"] else []
            hashes = re.findall(r"sha256:(\w+)", pin["hashes"])
            yield Component(
                name=pin["name"],
                version=pin["version"],
                purl=purl,
                bom_ref=str(purl),
                scope=ComponentScope.REQUIRED if path == APP else ComponentScope.OPTIONAL,
                # One per file of the release, of which pip installs the one that fits the machine.
                properties=[*marker, Property(name="doorbell:accepted-sha256", value=" ".join(hashes))],
            )


def vendored() -> Iterator[Component]:
    """One component per vendored npm package, with its files."""
    versions = json.loads((VENDOR / "package.json").read_text())["dependencies"]
    lines = [line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines()]
    sums = {path: digest for digest, path in lines}
    for package in sorted(set(VENDORED.values())):
        group, _, name = package.rpartition("/")
        purl = PackageURL("npm", group or None, name, versions[package])
        yield Component(
            name=name,
            group=group or None,
            version=versions[package],
            purl=purl,
            bom_ref=str(purl),
            scope=ComponentScope.REQUIRED,
            components=[_file(path, sums[path]) for path in sorted(sums) if VENDORED.get(Path(path).name) == package],
        )


def _file(path: str, sha256: str) -> Component:
    content = HashType(alg=HashAlgorithm.SHA_256, content=sha256)
    return Component(name=path, type=ComponentType.FILE, bom_ref=path, hashes=[content])


if __name__ == "__main__":
    main()
