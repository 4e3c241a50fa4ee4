"""Pictures: figures of matplotlib and images of Pillow as PNG or JPEG, as large as the allowance lets them be.

Owns the size. Imports neither library; a figure or image is not changed by it.
"""

from __future__ import annotations

import io
import threading
from typing import Any, Final

from nbchat.core.attachments import MOST_IMAGE, image_tokens
from nbchat.notebook.context.describing import built_in

__all__: list[str] = []

_SIDES: Final = (1_024, 768, 512)
"""The largest side of a picture in pixels: the first with which it fits into its allowance."""
_CAPTION: Final = 60
"""Tokens, and more than it takes to say which name a picture belongs to."""
_DRAWING = threading.Lock()
"""matplotlib draws on one thread at a time; a figure that hangs lets the next ones wait for so long. Seconds."""
_PATIENCE: Final = 1.0
_MODES: Final = ("1", "L", "LA", "P", "RGB", "RGBA")


@built_in("matplotlib.figure:Figure")
def _figure(figure: Any, tokens: int) -> bytes | str:
    width, height = (float(side) for side in figure.get_size_inches())
    side = _side(width, height, tokens)
    words = f"Figure (matplotlib), {width:g} × {height:g} inches, with {len(figure.axes)} axes"
    if not side or not min(width, height):
        return f"{words}. The picture itself is more than the {tokens:,} tokens that it may come to."
    if not _DRAWING.acquire(timeout=_PATIENCE):
        return f"{words}. Another figure was being drawn."
    try:
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=side / max(width, height), bbox_inches=None)
    finally:
        _DRAWING.release()
    return drawn.getvalue()


@built_in("matplotlib.axes:Axes")
def _axes(axes: Any, tokens: int) -> bytes | str:
    return _figure(axes.get_figure(), tokens)


@built_in("PIL.Image:Image")
def _image(image: Any, tokens: int) -> bytes | str:
    width, height = image.size
    side = min(_side(width, height, tokens), max(width, height))
    if not side:
        return f"Image (Pillow), {width:,} × {height:,} pixels. It is more than the {tokens:,} tokens that it may come to."
    scale = side / max(width, height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    plain = image if image.mode in _MODES else image.convert("RGB")
    made = plain if size == plain.size else plain.convert("RGBA" if "A" in plain.mode else "RGB").resize(size)
    data = _saved(made, "PNG")
    return data if len(data) <= MOST_IMAGE else _saved(made.convert("RGB"), "JPEG")


def _saved(image: Any, form: str) -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def _side(width: float, height: float, tokens: int) -> int:
    """The largest side in pixels with which a picture of these proportions fits; 0 where none does."""
    for side in _SIDES:
        scale = side / max(width, height, 1e-9)
        if image_tokens(max(round(width * scale), 1), max(round(height * scale), 1)) + _CAPTION <= tokens:
            return side
    return 0
