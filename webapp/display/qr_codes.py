"""QR codes as inline SVG, which the content security policy allows."""

from __future__ import annotations

from io import BytesIO

from markupsafe import Markup


def svg(text: str) -> Markup:
    """Dark on white with a quiet zone in every theme, because cameras read that best. The page gives it a name and a size."""
    # Imported at its first use: one page of hundreds has a QR code.
    import segno

    out = BytesIO()
    options = {"dark": "#000", "light": "#fff", "border": 3, "omitsize": True, "svgclass": "qr-code", "lineclass": None}
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, svgns=False, nl=False, **options)
    return Markup(out.getvalue().decode())  # noqa: S704 - paths of the library, the text is in none
