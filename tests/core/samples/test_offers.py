"""Conversion of downloads into the formats that the families read."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from core.errors import UserError
from core.samples.download import DOWNLOADS
from core.samples.offers import OFFERS, _fashion, _imdb, load_offer
from core.sources import Source


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(header + array.tobytes())


def test_idx_files_become_an_npz_with_keras_keys() -> None:
    images = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    labels = np.array([4, 9], np.uint8)
    parts = [Source("x", idx(array)) for array in (images, labels, images[:1], labels[:1])]
    with np.load(io.BytesIO(_fashion(parts)[0].data), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["x_train"], images)
        np.testing.assert_array_equal(found["y_test"], labels[:1])


def test_the_review_archive_keeps_its_test_part_apart_and_leaves_unlabelled_ones_out() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (
            ("aclImdb/train/pos/0_9.txt", "good<br />indeed"),
            ("aclImdb/train/unsup/0_0.txt", "unlabelled"),
            ("aclImdb/test/neg/0_2.txt", 'bad, "very"'),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    train, test = _imdb([Source("aclImdb_v1.tar.gz", buffer.getvalue())])
    assert (train.role, test.role) == ("train", "test")
    assert train.data.decode().splitlines() == ["text,label", '"good', 'indeed",pos']
    assert test.data.decode().splitlines() == ["text,label", '"bad, ""very""",neg']


def test_every_part_of_every_offer_is_a_known_download() -> None:
    assert {part for offer in OFFERS.values() for part in offer.parts} <= set(DOWNLOADS)


def test_an_unknown_offer_is_named() -> None:
    with pytest.raises(UserError, match=r"no download “nothing”.*tinyshakespeare"):
        load_offer("nothing")
