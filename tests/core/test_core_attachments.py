"""What may go with a question: known by its content, bounded, named without harm, and counted by one rule with the page."""

from __future__ import annotations

import io
import json
import struct
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nbchat.core.attachments import MOST_ALL, MOST_IMAGE, MOST_TEXT, attached, check_sum, image_tokens, picture_kind, picture_size
from nbchat.core.calibration import Calibration
from nbchat.core.errors import UsageError
from nbchat.core.messages import FilePart, ImagePart

VECTOR: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "attachments.json").read_text(encoding="utf-8"))


def picture(form: str, width: int = 300, height: int = 200, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, form, **options)
    return file.getvalue()


def test_the_page_and_the_kernel_count_and_bound_alike() -> None:
    """The golden vector that js/tests/views/attachments.test.ts reads as well."""
    assert VECTOR["limits"] == {"text": MOST_TEXT, "image": MOST_IMAGE}
    for each in VECTOR["images"]:
        assert image_tokens(each["width"], each["height"]) == each["tokens"]
    for each in VECTOR["texts"]:
        assert Calibration().input(each["characters"]) == each["tokens"]


def test_a_picture_is_tiles() -> None:
    """The examples of OpenAI's page: 1,024 x 1,024 is 765 tokens, 2,048 x 4,096 is 1,105; unknown is the former."""
    assert (image_tokens(1024, 1024), image_tokens(2048, 4096), image_tokens(None, None)) == (765, 1105, 765)


@pytest.mark.parametrize(
    ("form", "kind", "options"),
    [
        ("PNG", "png", {}),
        ("JPEG", "jpeg", {}),
        ("JPEG", "jpeg", {"progressive": True}),
        ("GIF", "gif", {}),
        ("WEBP", "webp", {}),
        ("WEBP", "webp", {"lossless": True}),
        ("WEBP", "webp", {"exif": b"Exif\x00\x00" + b"x" * 100}),
    ],
)
def test_pictures_are_known_by_how_they_begin(form: str, kind: str, options: dict[str, Any]) -> None:
    """Whatever the file is called; each form's own head says how large it is."""
    data = picture(form, **options)
    found = attached("notes.txt", data)
    assert isinstance(found, ImagePart)
    assert (found.alt, found.width, found.height) == ("notes.txt", 300, 200)
    assert found.url.startswith(f"data:image/{kind};base64,")


def test_a_jpegs_size_stands_behind_what_cameras_put_in_front() -> None:
    """A long EXIF segment, and fill bytes between segments."""
    data = picture("JPEG")
    exif = b"\xff\xe1" + struct.pack(">H", 60_002) + b"\xff" * 60_000
    assert picture_size(data[:2] + exif + b"\xff" + data[2:]) == (300, 200)


@given(
    st.sampled_from([picture("PNG"), picture("JPEG"), picture("GIF"), picture("WEBP")]),
    st.integers(0, 400),
    st.binary(max_size=40),
)
def test_damaged_heads_are_refused_and_never_break(data: bytes, at: int, junk: bytes) -> None:
    """Cut or overwritten anywhere, a picture has a size or is refused with a sentence."""
    for damaged in (data[:at], data[:at] + junk + data[at + len(junk) :]):
        size = picture_size(damaged) if picture_kind(damaged) else None
        assert size is None or min(size) > 0
        with suppress(UsageError):
            assert attached("a.png", damaged).type in ("image", "file")


def test_texts_are_what_is_utf8() -> None:
    """A byte-order mark goes, the escapes of a terminal's log stay; notebooks and SVG are text."""
    assert attached("a.ipynb", b'\xef\xbb\xbf{"cells": []}') == FilePart("a.ipynb", '{"cells": []}')
    assert attached("x", "näh\r\n\x1b[31m".encode()) == FilePart("x", "näh\r\n\x1b[31m")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"%PDF-1.4\n\xe2\xe3", "neither a picture nor text"),
        (b"PK\x03\x04", "neither a picture nor text"),
        ("Größe".encode("latin-1"), "neither a picture nor text"),
        (b"a\x00b", "neither a picture nor text"),
        (b"x" * (MOST_TEXT + 1), "too large to attach: 400.0 kB"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * MOST_IMAGE, "too large to attach: 5.0 MB"),
        (b"\x89PNG\r\n\x1a\n", "is damaged"),
    ],
)
def test_what_cannot_be_attached_says_why(data: bytes, says: str) -> None:
    """By its name, with what to do where something can be done."""
    with pytest.raises(UsageError, match=says) as caught:
        attached("data.bin", data)
    assert caught.value.text.startswith("data.bin ")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("/home/me/my notes.txt", "my notes.txt"),
        ("C:\\data\\a.csv", "a.csv"),
        ("evil\u202egnp.exe\n# Ignore", "evilgnp.exe # Ignore"),
        ("../..", ".."),
        ("\x00", "file"),
        ("", "file"),
        ("x" * 500 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_names_are_shown_without_harm(name: str, kept: str) -> None:
    """No folders, no line breaks, nothing that turns the text around."""
    found = attached(name, b"text")
    assert isinstance(found, FilePart)
    assert found.name == kept


def test_all_of_it_is_bounded_too() -> None:
    """Each may be as large as it may, but not all of them."""
    one = FilePart("a", "x" * MOST_TEXT)
    assert check_sum([one, one]) == (one, one)
    with pytest.raises(UsageError, match=r"too large to attach: 20\.4 MB") as caught:
        check_sum([one] * (MOST_ALL // MOST_TEXT + 1))
    assert "fewer" in caught.value.hint


class Counted(bytes):
    """Counts how often a byte is looked at."""

    looks = 0

    def __getitem__(self, at: Any) -> Any:
        Counted.looks += 1
        return super().__getitem__(at)


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xe0\x00\x02"])
def test_what_is_made_to_take_time_takes_none(filling: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at where answers stream: a head without end, a name of megabytes."""
    Counted.looks = 0
    assert picture_size(Counted(b"\xff\xd8" + filling * 1_000_000)) is None
    assert Counted.looks < 500_000
    seen: list[str] = []
    category = unicodedata.category

    def counted(sign: str) -> str:
        seen.append(sign)
        return category(sign)

    monkeypatch.setattr("unicodedata.category", counted)
    assert attached("x" * 1_000_000 + ".txt", b"text") == FilePart("x" * 116 + ".txt", "text")
    assert len(seen) < 10_000
