"""Validate a `.keras` file without Keras: only stock layers, and only plain arrays as weights.

Such a file is a zip of metadata.json, config.json and model.weights.h5. Keras' own loader instantiates every class that
config.json names and follows every HDF5 link; here every class must be on a list of stock layers that cannot run code
or read files, and every HDF5 object must be a plain array inside the file (h5py lists them; no link is followed).
"""

import io
import json
import math
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from core.zip_reader import ZipFaultError, blocks

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
CONFIG_LIMIT = 4_000_000  # bytes
FILE_LIMIT = 1_000_000_000  # bytes
NODES, DEPTH = 100_000, 100  # of config.json
OBJECTS, RANK, ATTRIBUTES = 5_000, 8, 16  # of the HDF5 file
LARGEST = 1e9  # absolute value of a weight; what is larger makes infinities of a network's outputs
NUMBERS = 1_000_000  # looked at together

_INITIALIZERS = (
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal "
    "RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros"
)
_LAYERS = (
    "Activation Add AlphaDropout Average AveragePooling1D AveragePooling2D BatchNormalization Bidirectional "
    "Concatenate Conv1D Conv2D Conv2DTranspose Dense Dot Dropout ELU Embedding Flatten GRU GRUCell GaussianDropout "
    "GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D "
    "GroupNormalization InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D "
    "Maximum Minimum MultiHeadAttention Multiply PReLU Permute RMSNormalization RNN ReLU RepeatVector Rescaling "
    "Reshape SimpleRNN SimpleRNNCell Softmax SpatialDropout1D Subtract TimeDistributed UnitNormalization UpSampling2D "
    "ZeroPadding2D"
)
_NUMPY = (
    "Absolute Add Argmax Cast Clip Concatenate Cos Cumsum Divide Einsum Equal Exp ExpandDims Full GetItem Greater "
    "GreaterEqual Less LessEqual Log LogicalAnd LogicalNot LogicalOr Matmul Max Maximum Mean Min Minimum Multiply "
    "Mod Negative NotEqual Ones OnesLike Power Prod Repeat Reshape Sin Sqrt Square Squeeze Stack Subtract Sum Swapaxes "
    "Take Tanh Tile Transpose TrueDivide Where Zeros ZerosLike"
)
ALLOWED: dict[str | None, set[str]] = {
    None: {"__keras_tensor__", "__slice__", "__ellipsis__"},
    "keras": {"DTypePolicy"},
    "keras.initializers": set(_INITIALIZERS.split()),
    "keras.layers": set(_LAYERS.split()),
    "keras.regularizers": {"L1", "L1L2", "L2"},
    "keras.constraints": {"MaxNorm", "NonNeg", "UnitNorm"},
    "keras.src.models.functional": {"Functional"},
    "keras.src.ops.core": {"Cast"},
    "keras.src.ops.numpy": set(_NUMPY.split()),
    "keras.src.ops.nn": {"Elu", "Gelu", "LogSoftmax", "Relu", "Sigmoid", "Silu", "Softmax", "Softplus", "Tanh"},
}


class ForeignFileError(ValueError):
    """The file is not one that a run could have written; the text is a clause that names the reason."""


def check_file(path: Path) -> None:
    """Raise ForeignFileError or OSError where `path` is no `.keras` file of stock layers and plain, finite arrays."""
    with open_weights(path) as file:
        for name, item in datasets(file).items():
            check_numbers(name, item)


@contextmanager
def open_weights(path: Path, limit: int = FILE_LIMIT) -> Iterator[h5py.File]:
    """Validate the archive, its config.json and all objects in its weights, and open the weights.

    An array is read when it is asked for: a file costs no memory before its shapes are known. Raises ForeignFileError,
    and OSError where the file cannot be read.
    """
    if path.stat().st_size > limit + CONFIG_LIMIT:
        raise ForeignFileError("the file is too large")
    with path.open("rb") as file:
        begin, size = _find_weights(file, limit)
        with _open_checked(io.BufferedReader(_Part(file, begin, size)), size) as weights:
            yield weights


def _find_weights(file: BinaryIO, limit: int) -> tuple[int, int]:
    """Validate the archive; return where the bytes of model.weights.h5 begin in it, and how many they are."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if sorted(names) != sorted([CONFIG, METADATA, WEIGHTS]):
                raise ForeignFileError("the archive does not hold the three files of a Keras model")
            config = read_member(archive, archive.getinfo(CONFIG), CONFIG_LIMIT)
            entry = archive.getinfo(WEIGHTS)
            _check_member(entry, limit)
            for _block in read_blocks(archive, entry):
                pass  # verifies checksum and length
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, UnicodeError, OverflowError) as error:
        raise ForeignFileError("the archive is damaged") from error
    except ForeignFileError:
        raise
    except ValueError as error:
        raise ForeignFileError("the archive is damaged") from error
    check_config(config)
    file.seek(entry.header_offset)
    name, extra = struct.unpack("<26xHH", file.read(30))  # lengths in the header before the content
    return entry.header_offset + 30 + name + extra, entry.file_size


class _Part(io.RawIOBase):
    """`size` bytes of an open file from `begin` on, as a file of its own."""

    def __init__(self, file: BinaryIO, begin: int, size: int) -> None:
        self._file, self._begin, self._size, self._at = file, begin, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")[: max(0, self._size - self._at)]
        self._file.seek(self._begin + self._at)
        block = self._file.read(len(view))
        view[: len(block)] = block
        self._at += len(block)
        return len(block)


def read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """Return the content of one uncompressed archive member of at most `limit` bytes, declared and actual."""
    _check_member(entry, limit)
    return b"".join(read_blocks(archive, entry))


def _check_member(entry: zipfile.ZipInfo, limit: int) -> None:
    if entry.file_size > limit:
        raise ForeignFileError(f"{entry.filename[:80]!r} declares {entry.file_size:,} bytes")
    if entry.flag_bits & 1 or entry.compress_type != zipfile.ZIP_STORED:
        raise ForeignFileError(f"{entry.filename[:80]!r} is encrypted or packed")


def read_blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the content of `entry` in blocks. Raises ForeignFileError where its size is not the declared one."""
    try:
        yield from blocks(archive, entry)
    except ZipFaultError as error:
        what = "is damaged" if error.kind == "damaged" else "is not as long as it declares"
        raise ForeignFileError(f"{entry.filename[:80]!r} {what}") from error


def check_config(content: bytes) -> None:
    """Raise ForeignFileError where config.json names a class that is not in ALLOWED."""
    try:
        config = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ForeignFileError("config.json is no JSON") from error
    if not isinstance(config, dict) or config.get("class_name") != "Functional" or config.get("compile_config"):
        raise ForeignFileError("config.json describes no plain Functional model")
    todo: list[tuple[Any, int]] = [(config, 0)]
    seen = 0
    while todo:
        node, depth = todo.pop()
        seen += 1
        if seen > NODES or depth > DEPTH:
            raise ForeignFileError("config.json is too deep or too long")
        if isinstance(node, dict):
            if "class_name" in node or "module" in node:
                _check_class(node)
            todo += [(item, depth + 1) for item in node.values() if isinstance(item, dict | list)]
        else:
            todo += [(item, depth + 1) for item in node if isinstance(item, dict | list)]


def _check_class(node: dict[str, Any]) -> None:
    module, kind, registered = node.get("module"), node.get("class_name"), node.get("registered_name")
    known = isinstance(kind, str) and (module is None or isinstance(module, str)) and kind in ALLOWED.get(module, ())
    if not known or registered not in (None, kind):
        raise ForeignFileError(f"config.json names {module!r:.60} {kind!r:.60}, which is none of the layers used here")


@contextmanager
def _open_checked(content: BinaryIO, size: int) -> Iterator[h5py.File]:
    """Open the HDF5 file in `content` after checking that all its objects are plain arrays stored inside it.

    Rejected are soft and external links, a second link to the same object (and so every cycle), external and virtual
    storage, filters and chunks (a small file could expand to any size), non-numeric types, and arrays that are declared
    larger than the file's `size`. Raises ForeignFileError.
    """
    try:
        file = h5py.File(content, "r")
    except Exception as error:
        raise ForeignFileError("the weights are no HDF5 file") from error
    with file:
        try:
            _walk(file, size)
        except ForeignFileError:
            raise
        except Exception as error:  # h5py raises many kinds of exception for a damaged file
            raise ForeignFileError("the weights are damaged") from error
        yield file


def datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Return all arrays of the file by their names in it."""
    found: dict[str, h5py.Dataset] = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def layer_arrays(path: Path) -> dict[str, list[np.ndarray]]:
    """Return the weights of each layer by the layer's name, those of a recurrent layer's cell as the layer's own.

    Layers without weights, and those that hold other layers than a cell, are left out. Raises as open_weights() does,
    and ForeignFileError where a weight is no number.
    """
    found: dict[str, list[np.ndarray]] = {}
    with open_weights(path) as file:
        for layer in file["layers"].values():
            own = layer["cell/vars"] if "cell" in layer else layer["vars"]
            for number in range(len(own)):
                check_numbers(own.name, own[str(number)])
                found.setdefault(str(layer["vars"].attrs["name"]), []).append(np.asarray(own[str(number)]))
    return found


def check_numbers(name: str, item: h5py.Dataset) -> None:
    """Raise ForeignFileError where `item` holds what is no finite number, or one beyond LARGEST."""
    if item.dtype.kind == "f" and not all(np.all(np.abs(block) <= LARGEST) for block in _array_blocks(item)):
        raise ForeignFileError(f"the weights {name[:80]!r} hold what is no number, or one out of all bounds")


def _array_blocks(item: h5py.Dataset) -> Iterator[np.ndarray]:
    """Yield the values of `item`, at most NUMBERS at once."""
    shape = item.shape
    if not item.size or not shape:
        yield item[()]
        return
    axis = next(at for at in range(len(shape)) if math.prod(shape[at + 1 :]) <= NUMBERS)
    step = max(1, NUMBERS // math.prod(shape[axis + 1 :]))
    for leading in np.ndindex(*shape[:axis]):
        for start in range(0, shape[axis], step):
            yield item[(*leading, slice(start, start + step))]


def _walk(file: h5py.File, size: int) -> None:
    todo, seen = [file["/"]], set[Any]()
    while todo:
        group = todo.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if type(link) is not h5py.HardLink:
                raise ForeignFileError(f"the weights hold a {type(link).__name__}")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen or len(seen) >= OBJECTS:
                raise ForeignFileError("the weights hold one object twice, or too many")
            seen.add(address)
            if len(item.attrs) > ATTRIBUTES:
                raise ForeignFileError("the weights hold too many attributes")
            if isinstance(item, h5py.Group):
                todo.append(item)
            elif isinstance(item, h5py.Dataset):
                _check_dataset(item, size)
            else:
                raise ForeignFileError("the weights hold what is no array")


def _check_dataset(item: h5py.Dataset, size: int) -> None:
    properties = item.id.get_create_plist()
    plain = properties.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
    if not plain or properties.get_nfilters() or properties.get_external_count() or item.is_virtual:
        raise ForeignFileError("the weights hold an array that is packed, or lies in another file")
    if item.dtype.kind not in "fiu" or len(item.shape or ()) > RANK:
        raise ForeignFileError("the weights hold what are no plain numbers")
    if item.nbytes > size or (item.id.get_offset() or 0) + item.nbytes > size:
        raise ForeignFileError(f"the weights declare an array of {item.nbytes:,} bytes, more than the file has")
