"""Small files: a picture with one palette of 256 colours, still or moving."""

from __future__ import annotations

from collections import Counter
from io import BytesIO
from pathlib import Path

from PIL import Image

COLOURS = 256
DOCS = Path(__file__).parents[2] / "docs"


def save(png: bytes, name: str) -> None:
    """Without dithering, which would blur text and cost bytes."""
    image = Image.open(BytesIO(png)).convert("RGB")
    _reduced(image, _palette([image])).save(DOCS / f"{name}.png", optimize=True)
    _report(name)


def save_moving(frames: list[tuple[Image.Image, int]], name: str) -> None:
    """An APNG that repeats. `frames` are images of one size with their time in ms; equal neighbours become one frame."""
    merged: list[tuple[Image.Image, int]] = []
    for image, ms in frames:
        if merged and merged[-1][0].tobytes() == image.tobytes():
            merged[-1] = (image, merged[-1][1] + ms)
        else:
            merged.append((image, ms))
    palette = _palette([image for image, _ms in merged])
    images = [_reduced(image, palette) for image, _ms in merged]
    images[0].save(
        DOCS / f"{name}.png",
        save_all=True,
        append_images=images[1:],
        duration=[ms for _image, ms in merged],
        loop=0,
        optimize=True,
    )
    _report(name)


def _palette(images: list[Image.Image]) -> Image.Image:
    """The most frequent colours, so that those of surfaces and text stay exact. Of many frames every few are counted."""
    counts: Counter[tuple[int, ...]] = Counter()
    for image in images[:: max(1, len(images) // 12)]:
        for count, colour in image.getcolors(image.width * image.height) or ():
            counts[colour] += count  # type: ignore[index]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour, _count in counts.most_common(COLOURS) for value in colour])
    return palette


def _reduced(image: Image.Image, palette: Image.Image) -> Image.Image:
    return image.quantize(palette=palette, dither=Image.Dither.NONE)


def _report(name: str) -> None:
    path = DOCS / f"{name}.png"
    print(f"docs/{path.name}  {path.stat().st_size / 1000:.0f} kB", flush=True)
