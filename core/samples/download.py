"""Download well-known data sets on request: URL, SHA-256 checksum and licence of each file."""

import hashlib
import http.client
import logging
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.i18n import _
from core.runs.files import write_bytes
from core.sources import Source

CACHE = Path(__file__).resolve().parents[2] / "downloads"
TIMEOUT = 20.0  # seconds without a single byte
CHUNK = 1 << 16

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Download:
    """One file on the internet. `file` is its name in the cache, `size` its length in bytes."""

    title: str
    file: str
    url: str
    sha256: str
    size: int
    what: str
    licence: str


def _fashion(file: str, sha256: str, size: int, what: str) -> Download:
    url = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{file}"
    return Download("Fashion-MNIST", file, url, sha256, size, what, "MIT, Zalando SE")


DOWNLOADS = {
    "tinyshakespeare": Download(
        "Tiny Shakespeare",
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        1_115_394,
        "1,115,394 characters from Shakespeare's plays, 65 of them distinct",
        "public domain",
    ),
    "mnist": Download(
        "MNIST",
        "mnist.npz",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        11_490_434,
        "70,000 handwritten digits of 28 × 28 pixels",
        "CC BY-SA 3.0, Yann LeCun and Corinna Cortes",
    ),
    "fashion-mnist-train-images": _fashion(
        "train-images-idx3-ubyte.gz",
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        26_421_880,
        "60,000 pictures of clothes of 28 × 28 pixels",
    ),
    "fashion-mnist-train-labels": _fashion(
        "train-labels-idx1-ubyte.gz",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        29_515,
        "the ten kinds of the 60,000 pictures",
    ),
    "fashion-mnist-test-images": _fashion(
        "t10k-images-idx3-ubyte.gz",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        4_422_102,
        "10,000 pictures of clothes for testing",
    ),
    "fashion-mnist-test-labels": _fashion(
        "t10k-labels-idx1-ubyte.gz",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        5_148,
        "the ten kinds of the 10,000 pictures",
    ),
    # Keras' own imdb.npz holds pickled objects, which are never loaded here: this is the archive it was made from.
    "imdb": Download(
        "IMDB reviews",
        "aclImdb_v1.tar.gz",
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        84_125_825,
        "50,000 film reviews, half of them positive, and 50,000 without a label",
        "no licence stated; for research, citing Maas et al. 2011",
    ),
}


def fetch(name: str, progress: Callable[[int, int], None] | None = None, cache_dir: Path | str = CACHE) -> Source:
    """Return the download `name` from `cache_dir`, or download and cache it.

    progress(done, size) is called with the bytes received so far and in total; an exception that it raises cancels the
    download and leaves no file. Raises UserError where the name is unknown, the download fails, or the file differs.
    """
    if name not in DOWNLOADS:
        message = _("There is no download “{name}”: choose one of {names}.")
        raise UserError(message.format(name=name, names=", ".join(DOWNLOADS)))
    download, path = DOWNLOADS[name], Path(cache_dir) / DOWNLOADS[name].file
    data = _read_cache(path, download)
    if data is None:
        data = _receive(download, progress or (lambda done, size: None))
        _write_cache(path, data)
    return Source(download.file, data)


def _read_cache(path: Path, download: Download) -> bytes | None:
    try:
        if path.stat().st_size != download.size:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == download.sha256 else None


def _receive(download: Download, progress: Callable[[int, int], None]) -> bytes:
    data = bytearray()
    for chunk in _chunks(download):
        data += chunk
        progress(min(len(data), download.size), download.size)
        if len(data) > download.size:  # certainly another file
            break
    if len(data) != download.size or hashlib.sha256(data).hexdigest() != download.sha256:
        message = _(
            "What came as “{title}” is not the expected file ({got} bytes received of {size}, or another checksum): "
            "try again later, or download it yourself from {url} and bring it."
        )
        got, size = f"{len(data):,}", f"{download.size:,}"
        raise UserError(message.format(title=download.title, got=got, size=size, url=download.url))
    return bytes(data)


def _chunks(download: Download) -> Iterator[bytes]:
    try:
        request = urllib.request.Request(download.url, headers={"User-Agent": "hidden-state"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            while chunk := response.read(CHUNK):
                yield chunk
    except (OSError, http.client.HTTPException) as error:
        message = _(
            "“{title}” could not be had ({reason}): check the internet connection, or download it yourself from "
            "{url} and bring it."
        )
        reason = getattr(error, "reason", None) or error
        raise UserError(message.format(title=download.title, reason=reason, url=download.url)) from None


def _write_cache(path: Path, data: bytes) -> None:
    """Write the file to the cache; only log a warning where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    except OSError as error:
        logger.warning("%s is not kept: %s", path, error)
