"""Read one array out of an .npy or IDX file; its header is checked against the bytes before anything is allocated."""

import math
import struct
import sys
from io import BytesIO

import numpy as np

from core.errors import UserError
from core.i18n import _

MAX_DIMENSIONS, MAX_LENGTH = 8, 2**40  # of an array
NPY = b"\x93NUMPY"
# The third byte of an IDX file (LeCun's MNIST page); numbers are big-endian.
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def is_npy(data: bytes) -> bool:
    return data.startswith(NPY)


def is_idx(data: bytes) -> bool:
    """Whether the bytes begin as an IDX file does: two zeros, a type, 1 to 4 dimensions and their lengths."""
    return len(data) >= 8 and data[:2] == b"\0\0" and data[2] in IDX_TYPES and 1 <= data[3] <= 4


def shape_of(data: bytes) -> tuple[int, ...]:
    """The shape that an .npy declares; () where its header is damaged."""
    try:
        return _header(data)[0]
    except ValueError:
        return ()


def read_idx(name: str, data: bytes) -> np.ndarray:
    """The array of an IDX file, without a copy. Raises UserError where it is not as long as its header says."""
    kind, rank = np.dtype(IDX_TYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    shape = struct.unpack_from(f">{rank}I", data, 4) if len(data) >= start else (0,)
    if len(data) < start or start + math.prod(shape) * kind.itemsize != len(data):
        raise UserError(
            _("“{name}” is an IDX file of the shape {shape}, but it is not as long as that: bring it again.").format(
                name=name, shape=shape
            )
        )
    return np.frombuffer(data, kind, offset=start).reshape(shape)


def read_npy(name: str, file: str, data: bytes) -> np.ndarray:
    """The array `name` of `file`: numbers or texts, never objects. Raises UserError."""
    damaged = _("The array “{array}” in “{file}” is damaged: save it again with numpy.savez.").format(
        array=name, file=file
    )
    try:
        shape, dtype, start = _header(data)
    except ValueError:
        raise UserError(damaged) from None
    if dtype.hasobject:
        raise UserError(
            _(
                "The array “{array}” in “{file}” holds pickled objects, which are never opened: save plain numbers."
            ).format(array=name, file=file)
        )
    if dtype.kind not in "buifUS" or dtype.subdtype:  # raw bytes, fields, times: no grey levels and no labels
        raise UserError(
            _("The array “{array}” in “{file}” holds {kind}, not numbers or names.").format(
                array=name, file=file, kind=dtype
            )
        )
    if start + math.prod(shape) * dtype.itemsize != len(data):
        raise UserError(
            _("The array “{array}” in “{file}” is not as long as it says: save it again with numpy.savez.").format(
                array=name, file=file
            )
        )
    values = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
    if dtype.kind == "U" and values.size and _code_points(values).max() > sys.maxunicode:
        raise UserError(damaged)
    return values


def _code_points(texts: np.ndarray) -> np.ndarray:
    """The code points of an array of texts, one number each, also of those that no text can have."""
    order = np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder)
    return np.frombuffer(np.ascontiguousarray(texts).tobytes(), order)


def _header(data: bytes) -> tuple[tuple[int, ...], np.dtype, int]:
    """Parse an .npy header: shape, dtype and offset of the data. Raises ValueError."""
    file = BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _fortran, dtype = read(file)
    except Exception as error:  # numpy and Python's tokenizer raise many types on damaged headers
        raise ValueError("no header of an array") from error
    if len(shape) > MAX_DIMENSIONS or not all(type(length) is int and 0 <= length <= MAX_LENGTH for length in shape):
        raise ValueError("no shape that an array can have")
    return shape, dtype, file.tell()
