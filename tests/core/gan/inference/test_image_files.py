from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.gan.inference import image_files

PICTURES = np.random.default_rng(0).integers(0, 256, (7, 5, 5)).astype(np.uint8)


def test_a_grid_holds_every_picture_in_reading_order():
    sheet = image_files.grid(PICTURES, columns=3, gap=1)
    assert sheet.shape == (3 * 6 + 1, 3 * 6 + 1)
    for n, picture in enumerate(PICTURES):
        top, left = 1 + n // 3 * 6, 1 + n % 3 * 6
        assert np.array_equal(sheet[top : top + 5, left : left + 5], picture)
    assert (sheet[13:18, 7:] == image_files.LINE).all()


def test_a_grid_without_columns_is_nearly_square():
    assert image_files.grid(PICTURES, gap=0).shape == (15, 15)


def test_a_png_gives_back_every_pixel():
    with Image.open(BytesIO(image_files.png(PICTURES[0], 3))) as image:
        assert np.array_equal(np.asarray(image), PICTURES[0].repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_film_shows_its_frames_in_order_and_rests_on_the_last(kind):
    frames = [np.full((6, 6), 40 * n, np.uint8) for n in range(5)]
    with Image.open(BytesIO(image_files.animation(frames, kind, frame_ms=100))) as film:
        assert film.n_frames == 5  # type: ignore[attr-defined]
        seen, waits = [], []
        for n in range(5):
            film.seek(n)
            film.load()
            seen.append(int(np.asarray(film.convert("L"))[0, 0]))
            waits.append(film.info["duration"])
    np.testing.assert_allclose(seen, [0, 40, 80, 120, 160], atol=1)
    assert waits[0] == 100
    assert waits[-1] == 1000


def test_a_film_of_one_frame_is_a_picture():
    with Image.open(BytesIO(image_files.animation([PICTURES[0]]))) as film:
        assert film.size == (5, 5)


def test_arrays_come_back_without_pickling():
    with np.load(BytesIO(image_files.npz(pictures=PICTURES)), allow_pickle=False) as file:
        assert np.array_equal(file["pictures"], PICTURES)
