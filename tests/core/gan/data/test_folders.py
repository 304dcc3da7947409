"""Pictures in folders and zips: which class and part each is of, and zips in zips."""

import pytest

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.data.prepare import prepare
from core.sources import Source
from tests.core.gan.pictures import encoded, shapes, zipped

X, Y = shapes(200)


def take(*sources):
    return prepare(list(sources), GANConfig())


def kinds(part=""):
    return [(f"{part}{'ab'[y]}/x/{n}.png", encoded(x)) for n, (x, y) in enumerate(zip(X, Y, strict=True))]


def test_folders_of_parts_are_parts_and_a_class_is_the_path_below_them():
    members = [(f"d/{'test' if n >= 150 else 'train'}/{name}", data) for n, (name, data) in enumerate(kinds())]
    images = take(Source("d.zip", zipped(members)))
    assert images.classes == ["a/x", "b/x"]
    assert (len(images.x), len(images.held_x)) == (150, 50)
    assert [len(take(*(Source(*member) for member in members)).x)] == [150]


def test_a_zip_in_a_zip_is_opened_and_hidden_folders_are_not():
    inner = zipped([*kinds(), (".ipynb_checkpoints/x.png", encoded(X[0].T))])
    images = take(Source("d.zip", zipped([("train.zip", inner)])))
    assert images.classes == ["a/x", "b/x"]
    assert len(images.x) + len(images.held_x) == 200


def test_a_zip_for_each_class_has_the_folders_as_classes():
    by_class = {y: [(f"{'ab'[y]}/{n}.png", encoded(x)) for n, x in enumerate(X[y == Y])] for y in (0, 1)}
    assert take(*(Source(f"{y}.zip", zipped(by_class[y])) for y in (0, 1))).classes == ["a", "b"]


def test_zips_in_zips_share_one_bound(monkeypatch):
    monkeypatch.setattr("core.gan.data.files.MAX_TOTAL", 3_000_000)
    bomb = zipped([("x.png", bytes(1_000_000))])
    with pytest.raises(UserError, match="unpacks to"):
        take(Source("d.zip", zipped([(f"{n}.zip", bomb) for n in range(5)])))
    with pytest.raises(UserError, match="archives within archives"):
        take(Source("d.zip", zipped([("a.zip", zipped([("b.zip", zipped([("c.zip", bomb)]))]))])))
