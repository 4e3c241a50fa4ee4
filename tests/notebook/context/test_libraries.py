"""Values of libraries that nbchat does not import: figures, polars, xarray, torch; each where it is installed."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from nbchat.core.attachments import attachment_tokens
from nbchat.core.messages import ImagePart
from nbchat.notebook.context.describing import describe
from tests.notebook.context.test_describing import text


def test_figures_are_pictures() -> None:
    """And so are their axes; smaller for a smaller allowance, in words where none fits; the figure stays what it was."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(6, 3), dpi=77)
    axes = figure.subplots()
    axes.plot([1, 3, 2])
    canvas = figure.canvas
    for value in (figure, axes):
        for tokens, width in ((2_000, 1_024), (400, 512)):
            (part,) = describe("@fig", value, tokens)
            assert isinstance(part, ImagePart)
            assert (part.width, part.height, part.alt) == (width, width // 2, "@fig")
            assert attachment_tokens(part) <= tokens
    assert (figure.dpi, figure.canvas) == (77, canvas)
    assert describe("@fig", figure, 2_000) == describe("@fig", figure, 2_000)
    assert text(figure, 200).startswith("Figure (matplotlib), 6 × 3 inches, with 1 axes.")


def test_frames_of_polars_are_told_as_those_of_pandas() -> None:
    """Ten million rows by their head; a lazy one is not computed."""
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": range(10_000_000), "b": [None, "x"] * 5_000_000})
    told = text(frame)
    assert told.startswith("DataFrame (polars): 10,000,000 rows × 2 columns\n\nColumns:\n- a: Int64\n- b: String, missing in ")
    assert told.endswith("\n19 | 19 | x")
    assert text(frame["a"]).startswith("Series (polars): 10,000,000 rows × 1 columns")

    def boom(_: Any) -> Any:
        raise AssertionError("computed")

    assert text(frame.lazy().map_batches(boom)).startswith("LazyFrame (polars):")


def test_arrays_with_labels_have_their_own_summary() -> None:
    """Of xarray: dimensions and coordinates."""
    xarray = pytest.importorskip("xarray")
    told = text(xarray.DataArray(np.zeros((200, 300)), dims=("x", "y"), name="t"))
    assert told.startswith("DataArray (xarray):\n<xarray.DataArray 't' (x: 200, y: 300)>")


if find_spec("torch"):  # too large to be installed for one test

    def test_tensors_have_a_shape_a_type_and_a_device() -> None:
        """Of torch: a corner of the values."""
        torch = importlib.import_module("torch")
        told = text(torch.ones(100, 100, requires_grad=True))
        assert told.startswith("Tensor (torch): shape (100, 100), torch.float32, on cpu, requires gradients\nA corner")
        told = text(torch.ones(100_000, 100_000, device="meta"))  # which has no values at all
        assert told.startswith("Tensor (torch): shape (100000, 100000), torch.float32, on meta\nIts values cannot be read")


def test_no_library_is_imported_by_looking() -> None:
    """A value of one is there only when somebody else has imported it."""
    program = (
        "import sys; from nbchat.notebook.context.describing import describe; describe('@x', {'a': 1}, 500);"
        "print([name for name in ('pandas', 'numpy', 'polars', 'torch', 'xarray', 'matplotlib', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
