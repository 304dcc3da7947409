"""Files shaped like the published attacks on model loading, with harmless payloads: none may ever be executed."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MARK = "hidden-state-was-here"  # the file that a payload would create if it were executed


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def changed_config(path: Path, change: Any) -> Path:
    """Return the file with `change(config)` applied to its config.json."""
    members = parts(path)
    config = json.loads(members["config.json"])
    change(config)
    return write(path, members | {"config.json": json.dumps(config).encode()})


def changed_weights(path: Path, change: Any) -> Path:
    """Return the file with `change(h5py.File)` applied to its weights."""
    members = parts(path)
    buffer = io.BytesIO(members["model.weights.h5"])
    with h5py.File(buffer, "r+") as file:
        change(file)
    return write(path, members | {"model.weights.h5": buffer.getvalue()})


def layer(config: dict, /, **node: Any) -> None:
    config["config"]["layers"].append(node)


CONFIGS = {
    "a Lambda layer with code": lambda config: layer(
        config,
        module="keras.layers",
        class_name="Lambda",
        config={
            "name": "l",
            "function": {"class_name": "__lambda__", "config": {"code": "4wAAAA==", "defaults": None}},
        },
    ),
    "an arbitrary function by its name": lambda config: layer(
        config, module="os", class_name="system", config={"command": f"touch {MARK}"}
    ),
    "a function of the builtins": lambda config: layer(
        config, module="builtins", class_name="function", config="exec", registered_name="function"
    ),
    "a class of a package": lambda config: layer(
        config, module="subprocess", class_name="Popen", config={"args": ["touch", MARK]}
    ),
    "an arbitrary activation": lambda config: config["config"]["layers"][1]["config"].update(
        activation={"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
    ),
    "a layer that reads a file": lambda config: layer(
        config, module="keras.layers", class_name="StringLookup", config={"vocabulary": "/etc/passwd"}
    ),
    "a layer that loads a saved model": lambda config: layer(
        config, module="keras.layers", class_name="TFSMLayer", config={"filepath": "/tmp/x"}
    ),
    "a layer that unpickles": lambda config: layer(
        config, module="keras.layers", class_name="TorchModuleWrapper", config={"module": "gASV"}
    ),
    "a registered stranger": lambda config: layer(
        config, module="keras.layers", class_name="Dense", registered_name="evil>Dense", config={}
    ),
    "a module without a class": lambda config: layer(config, module="os", config={}),
    "a class that is no text": lambda config: layer(config, module="keras.layers", class_name=["Dense"], config={}),
    "a module that is no text": lambda config: layer(config, module=["os"], class_name="Dense", config={}),
    "a loss to compile": lambda config: config.update(compile_config={"loss": {"module": "os", "class_name": "abort"}}),
    "no model at all": lambda config: config.update(class_name="Sequential"),
    "a bottomless nest": lambda config: config["config"].update(x=_nest(500)),
    "too many nodes": lambda config: config["config"].update(x=[{}] * 110_000),
}


def _nest(depth: int) -> list:
    found: list = []
    for _level in range(depth):
        found = [found]
    return found


def first_dataset(file: h5py.File) -> h5py.Dataset:
    found: list[h5py.Dataset] = []
    file.visititems(lambda name, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return found[0]


def _replace(file: h5py.File, create: Any) -> None:
    old = first_dataset(file)
    name, shape = old.name, old.shape
    del file[name]
    create(file, name, shape)


def _plist_external(file: h5py.File, name: str, shape: tuple) -> None:
    file.create_dataset(name, shape, "<f4", external=[("/etc/passwd", 0, int(np.prod(shape)) * 4)])


def _virtual(file: h5py.File, name: str, shape: tuple) -> None:
    layout = h5py.VirtualLayout(shape, "<f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", shape=shape)
    file.create_virtual_dataset(name, layout)


def _loop(file: h5py.File) -> None:
    file["layers/again"] = file["/"]


def _many(file: h5py.File) -> None:
    group = file.create_group("many")
    for number in range(5_100):
        group.create_group(str(number))


LARGE = {"too many nodes", "too many objects"}  # each takes seconds to write
WEIGHTS = {
    "a soft link": lambda file: file.__setitem__("soft", h5py.SoftLink("/layers")),
    "an external link": lambda file: file.__setitem__("external", h5py.ExternalLink("/etc/passwd", "/x")),
    "an array replaced by an external link": lambda file: _replace(
        file, lambda file, name, shape: file.__setitem__(name, h5py.ExternalLink("other.h5", "/x"))
    ),
    "an array that lies in another file": lambda file: _replace(file, _plist_external),
    "a virtual array": lambda file: _replace(file, _virtual),
    "a loop": _loop,
    "an array twice": lambda file: file.__setitem__("twice", first_dataset(file)),
    "terabytes declared": lambda file: file.create_dataset("big", (10**12,), "<f4"),
    "terabytes declared in the place of an array": lambda file: _replace(
        file, lambda file, name, shape: file.create_dataset(name, (10**12,), "<f4")
    ),
    "terabytes in chunks": lambda file: file.create_dataset("big", (10**12,), "<f4", chunks=(1024,)),
    "a packed bomb": lambda file: file.create_dataset("z", data=np.zeros(10**6, "<f4"), compression="gzip"),
    "texts": lambda file: file.create_dataset("t", data=np.array([b"x" * 10])),
    "texts of any length": lambda file: file.create_dataset("t", data=["x"], dtype=h5py.string_dtype()),
    "references": lambda file: file.create_dataset("r", data=[file["/"].ref], dtype=h5py.ref_dtype),
    "a compound type": lambda file: file.create_dataset("c", data=np.zeros(2, [("a", "<f4"), ("b", "<i4")])),
    "a named type": lambda file: file.__setitem__("n", np.dtype("<f4")),
    "too many objects": _many,
    "too many attributes": lambda file: [file["layers"].attrs.create(str(n), n) for n in range(30)],
    "an array more": lambda file: file.create_dataset("more", data=np.zeros(3, "<f4")),
    "an array less": lambda file: file.__delitem__(first_dataset(file).name),
    "another shape": lambda file: _replace(
        file, lambda file, name, shape: file.create_dataset(name, data=np.zeros((*shape, 2), "<f4"))
    ),
    "another type": lambda file: _replace(
        file, lambda file, name, shape: file.create_dataset(name, data=np.zeros(shape, "<f8"))
    ),
}
FITS_ELSEWHERE = {"an array more", "an array less", "another shape", "another type"}  # plain, but of another network
NO_PLAIN_ARRAYS = sorted(set(WEIGHTS) - FITS_ELSEWHERE)


def archives(members: dict[str, bytes]) -> dict[str, bytes]:
    """Archives with the right files and something wrong with the archive itself."""

    def packed(build: Any) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            build(archive)
        return buffer.getvalue()

    def plain(archive: zipfile.ZipFile) -> None:
        for name, content in members.items():
            archive.writestr(name, content)

    def more(name: str) -> bytes:
        return packed(lambda archive: (plain(archive), archive.writestr(name, b"x")))

    whole = packed(plain)
    size = len(members["model.weights.h5"]).to_bytes(4, "little")
    return {
        "nothing": b"",
        "no archive": b"PK but not really",
        "cut off": whole[: len(whole) // 2],
        "one more file": more("assets/vocabulary.txt"),
        "a name that climbs out": more(f"../{MARK}"),
        "a pickle": more("model.pkl"),
        "a file twice": packed(lambda archive: (plain(archive), archive.writestr("config.json", b"{}"))),
        "a file missing": packed(lambda archive: archive.writestr("config.json", members["config.json"])),
        "a size declared that is not real": whole.replace(size, (10**9).to_bytes(4, "little")),
        "a size declared too small": whole.replace(size, (100).to_bytes(4, "little")),
        "a bomb": packed(
            lambda archive: (
                archive.writestr("config.json", members["config.json"]),
                archive.writestr("metadata.json", b"{}"),
                archive.writestr("model.weights.h5", bytes(50_000_000), zipfile.ZIP_DEFLATED),
            )
        ),
        "weights that are none": packed(
            lambda archive: [archive.writestr(name, b"\x89HDF\r\n\x1a\n" + bytes(99)) for name in members]
        ),
    }
