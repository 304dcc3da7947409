import subprocess
import sys

import pytest

from core.errors import UserError
from core.gan.config import NOTES, PRESETS, GANConfig, parse_widths, preset
from core.schema import parse_options


def test_forms_and_help_need_no_tensorflow():
    code = (
        "import sys, core.gan.config, core.gan.data.prepare; "
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_widths_are_read_in_order():
    assert parse_widths("256-512-1024") == (256, 512, 1024)
    assert parse_widths("1") == (1,)


@pytest.mark.parametrize("text", ["", "-", "256-", "256,512", "0", "256-0", "5000", "1-1-1-1-1-1-1-1-1", "two"])
def test_bad_widths_end_in_one_sentence_that_says_how_they_are_written(text):
    with pytest.raises(UserError, match=r"Option “generator” cannot be .*as in 256-512"):
        parse_options(GANConfig, {"generator": text})


@pytest.mark.parametrize(("name", "value"), [("latent", 0), ("learning_rate", 10), ("size", 20), ("loss", "magic")])
def test_options_out_of_bounds_are_named(name, value):
    with pytest.raises(UserError, match=name):
        parse_options(GANConfig, {name: value})


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid_and_survive_json(name):
    options = preset(name, images=60_000, classes=10)
    assert parse_options(GANConfig, options.model_dump(mode="json")) == options


def test_the_notes_preset_has_the_sizes_of_the_notes():
    options = preset("notes", images=1000, classes=10)
    assert (options.latent, options.generator, options.discriminator) == (100, "128", "128")
    assert (options.output, options.loss, options.conditional) == ("sigmoid", "minimax", False)
    assert options.model_dump().items() >= NOTES.items()


def test_pictures_without_classes_get_no_conditional_network():
    assert not preset("balanced", images=1000, classes=0).conditional


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(UserError, match="quick, balanced, best, notes"):
        preset("fast", 1000, 10)


def test_a_penalty_on_a_discriminator_with_batch_norm_is_cautioned_against():
    """With batch norm the gradient of D at one picture depends on the others of its batch."""
    for penalty in ("r1", "gradient"):
        (caution,) = GANConfig(penalty=penalty, discriminator_norm="batch").cautions()
        assert "layer norm or none" in caution
        assert GANConfig(penalty=penalty, discriminator_norm="layer").cautions() == []
    assert GANConfig(penalty="off", discriminator_norm="batch").cautions() == []
    assert all(preset(name, images=1000, classes=10).cautions() == [] for name in PRESETS)
