"""Arrays: what is said of arrays and tensors: shape, type, some statistics, a corner of the values.

Owns how much of them is looked at: a corner, and for statistics only what is small or lies in one piece. Imports no library.
"""

from __future__ import annotations

from typing import Any, Final

from nbchat.notebook.context.describing import built_in, name_of
from nbchat.notebook.context.outline import outline

__all__: list[str] = []

_SAMPLE: Final = 100_000
"""Elements that statistics look at, evenly spaced."""
_CORNERS: Final = {1: (50,), 2: (6, 20)}
"""How far the corner that is shown goes, by the number of dimensions; where they are more, three in each."""


@built_in("numpy:ndarray")
def _numpy(array: Any, tokens: int) -> str:
    told = f"{name_of(array)}: shape {array.shape}, dtype {str(array.dtype)[:200]}"
    return _array(told, _numbers(array), array, tokens)


def _numbers(array: Any) -> str:
    """Smallest, mean and largest value of numbers, and how many are missing; of plain arrays: others mask some values, give them
    units, or would read a file."""
    if (
        type(array).__name__ != "ndarray"
        or array.dtype.kind not in "iufb"
        or not array.size
        or not (array.flags.c_contiguous or array.size <= _SAMPLE)
    ):
        return ""
    flat = array.reshape(-1)[:: -(-array.size // _SAMPLE)]
    known = flat[flat == flat]
    if not known.size:
        return "No value is a number."
    of = f" of {flat.size:,} values looked at" if flat.size < array.size else ""
    missing = f"; {flat.size - known.size:,} NaN" if known.size < flat.size else ""
    return f"Smallest {known.min()}, mean {known.mean(dtype='f8'):.6g}, largest {known.max()}{of}{missing}"


@built_in("torch:Tensor")
def _torch(tensor: Any, tokens: int) -> str:
    device = f", on {tensor.device}" + (", requires gradients" if tensor.requires_grad else "")
    return _array(f"Tensor (torch): shape {tuple(tensor.shape)}, {tensor.dtype}{device}", "", tensor.detach(), tokens)


@built_in("xarray:DataArray", "xarray:Dataset")
def _xarray(data: Any, _tokens: int) -> str:
    return f"{type(data).__name__} (xarray):\n{data!r}"  # its own summary: dimensions, coordinates, a few values; loads nothing


def _array(told: str, numbers: str, array: Any, tokens: int) -> str:
    shape = tuple(array.shape)
    steps = _CORNERS.get(len(shape), (3,) * len(shape))
    lines = [told, *([numbers] if numbers else [])]
    try:
        corner = array[tuple(map(slice, steps))] if shape else array
        values = _rounded(corner.tolist())
    except Exception as error:  # it has none (torch's "meta"), or is not to be cut (a sparse one)
        return "\n".join([*lines, f"Its values cannot be read ({type(error).__name__})."])
    lines.append("Its values:" if tuple(corner.shape) == shape else "A corner of its values:")
    lines += [outline(row, tokens * 4) for row in (values if len(shape) > 1 else [values])]
    return "\n".join(lines)


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
