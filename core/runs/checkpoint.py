"""Checkpoints: one .npz file each, written atomically; the newest two are kept and a damaged one is skipped.

The file holds the arrays by name and one JSON text under `__meta__`, uncompressed while the run trains. The checksums
of the zip format reveal a damaged file. Nothing is ever unpickled.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.runs.files import to_json_value, write_atomic

META = "__meta__"
KEPT = 2

Arrays = dict[str, np.ndarray]


def save_arrays(path: Path, arrays: Arrays, meta: dict[str, Any], *, compressed: bool = False) -> None:
    write_atomic(path, lambda file: _save(file, arrays, meta, np.savez_compressed if compressed else np.savez))


def arrays_bytes(arrays: Arrays, meta: dict[str, Any]) -> bytes:
    """Return the content of the file that save_arrays() writes."""
    file = io.BytesIO()
    _save(file, arrays, meta, np.savez)
    return file.getvalue()


def _save(file: BinaryIO, arrays: Arrays, meta: dict[str, Any], save: Callable[..., None]) -> None:
    save(file, **{META: np.frombuffer(json.dumps(to_json_value(meta)).encode(), dtype=np.uint8)}, **arrays)


def load_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the metadata of a checkpoint. Raises ValueError or OSError where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop(META).tobytes())
    except OSError:
        raise
    except Exception as error:  # zipfile and numpy raise many kinds of exception for a damaged file
        raise ValueError(f"{path.name}: {error}") from error
    if not isinstance(meta, dict):
        raise ValueError(f"{path.name}: no meta data")
    return arrays, meta


def save_checkpoint(folder: Path, step: int, arrays: Arrays, meta: dict[str, Any], keep: int = -1) -> Path:
    """Write the checkpoint of `step`, then delete all but the newest two and that of step `keep`."""
    folder.mkdir(exist_ok=True)
    path = _path(folder, step)
    save_arrays(path, arrays, meta | {"step": step})
    for old in checkpoints(folder)[KEPT:]:
        if old != _path(folder, keep):
            old.unlink(missing_ok=True)
    return path


def compact_checkpoints(folder: Path) -> None:
    """Keep only the newest checkpoint of a finished run and compress it; change nothing where it is damaged.

    It is needed only if the run is extended later. The optimizer's arrays are rounded to bfloat16 precision (eight
    significant bits), which compresses to half the size; the weights are unchanged.
    """
    newest, *older = checkpoints(folder) or [folder]
    try:
        arrays, meta = load_arrays(newest)
    except (ValueError, OSError):
        return
    small = {
        name: _round_to_bfloat16(array) if name.startswith("optimizer/") else array for name, array in arrays.items()
    }
    save_arrays(newest, small, meta, compressed=True)
    for path in older:
        path.unlink(missing_ok=True)


def _round_to_bfloat16(array: np.ndarray) -> np.ndarray:
    """Round a float32 array to bfloat16 precision (half away from zero, dtype unchanged); return others unchanged."""
    if array.dtype != np.float32 or array.ndim == 0:
        return array
    bits = np.ascontiguousarray(array).view(np.uint32)
    rounded = ((bits + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isfinite(rounded), rounded, array)


def _path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:010d}.npz"


def checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoint files of a run, the newest first."""
    return sorted(folder.glob("step-*.npz"), reverse=True)


def load_newest(folder: Path, before: int | None = None) -> tuple[Arrays, dict[str, Any]] | None:
    """Return the newest readable checkpoint, of a step before `before` if given, or None."""
    for path in checkpoints(folder):
        try:
            arrays, meta = load_arrays(path)
        except (ValueError, OSError):
            continue
        if isinstance(meta.get("step"), int) and (before is None or meta["step"] < before):
            return arrays, meta
    return None
