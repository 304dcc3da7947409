"""A mask is a function of seed, step, place and row, whatever parts the batch is split into."""

import numpy as np
import pytest
import tensorflow as tf

from core.charlm.training.dropout import BYTE, Masks, PartMasks, drop, random_bytes

RATE = 0.25


def step(number: int = 3) -> tf.Tensor:
    return tf.constant(number, tf.int64)


def test_it_drops_its_share_keeps_the_mean_and_drops_the_same_on_the_way_back():
    x = tf.ones((30, 20, 50))
    with tf.GradientTape() as tape:
        tape.watch(x)
        dropped = Masks(3, step()).rows(x, RATE, 1)
    assert float(tf.reduce_mean(tf.cast(dropped == 0, tf.float32))) == pytest.approx(RATE, abs=0.01)
    assert float(tf.reduce_mean(dropped)) == pytest.approx(1.0, abs=0.02)
    np.testing.assert_array_equal(tape.gradient(dropped, x), dropped)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize("rows", [[7], [3, 4], [1, 1, 5], [1] * 7])
@pytest.mark.parametrize(("T", "U"), [(4, 8), (5, 3)])
def test_parts_of_a_batch_draw_the_rows_of_the_whole_batch(T, U, rows, dtype):
    x = tf.cast(np.random.default_rng(0).normal(size=(T, 7, U)), dtype)
    masks = Masks(1, step())
    parts = [
        masks.part(number, sum(rows[:number])).rows(part, RATE, 2) for number, part in enumerate(tf.split(x, rows, 1))
    ]
    np.testing.assert_array_equal(tf.concat(parts, 1), masks.rows(x, RATE, 2))


def test_all_parts_drop_the_same_weights():
    matrix, masks = tf.ones((6, 24)), Masks(1, step())
    first, second = (masks.part(number, 4 * number).weights(matrix, RATE, 1) for number in (0, 1))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, Masks(1, step()).weights(matrix, RATE, 1))


def test_seed_step_place_row_and_kind_each_have_a_mask_of_their_own():
    x, last = tf.ones((8, 2, 8)), 2**31 - 1
    drawn = [
        np.asarray(Masks(seed, step(number)).rows(x, 0.5, place))
        for seed, number, place in [(1, 3, 1), (2, 3, 1), (1, 4, 1), (1, 3, 2), (2, 3, 2), (last, 10**8, 4)]
    ]
    drawn.append(np.asarray(Masks(1, step()).weights(x, 0.5, 1)))
    assert len({mask.tobytes() for mask in drawn}) == len(drawn)
    assert np.any(drawn[0][:, 0] != drawn[0][:, 1])


def test_a_rate_of_0_returns_what_came():
    x = tf.ones((2, 2, 2))
    for masks in (Masks(0, step()), PartMasks(0, step())):
        assert masks.rows(x, 0.0, 1) is x
        assert masks.weights(x, 0.0, 1) is x


def test_a_run_of_version_0_1_0_goes_on_with_the_masks_that_it_began_with():
    x, seed = tf.ones((5, 3, 7)), [11 + 1000 * 2 + 1, 3]  # seed, part and place, step
    words = tf.random.stateless_uniform((-(-105 // 4),), seed, None, None, tf.uint32, alg="philox")
    drawn = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:105], x.shape)
    expected = tf.where(tf.cast(drawn, tf.int32) >= int(RATE * BYTE), 1 / (1 - RATE), 0.0)
    np.testing.assert_allclose(PartMasks(11, step()).part(1, 99).rows(x, RATE, 1), expected)


def test_what_is_left_out_of_the_bytes_is_left_out_in_front():
    seed = tf.constant([1, 2], tf.int64)
    np.testing.assert_array_equal(random_bytes(100, seed)[32:], random_bytes(68, seed, 2))
    assert float(tf.reduce_max(drop(tf.ones(100), random_bytes(100, seed), 0.5))) == 2.0
