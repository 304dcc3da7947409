"""The one table of families; a fourth family is one folder and one row."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from core.errors import UserError
from core.i18n import N_, _, translated_fields
from core.schema import Options, merged
from core.sources import Source


@translated_fields("title", "short")
@dataclass(frozen=True)
class Family:
    """A wing of core: `core/<key>/` with the same rooms as every other.

    `section` is its folder in pages/, `data_flag` the command line's option for its input, `verb` what a trained one
    is used for. What others call in a wing:
    config.OPTIONS (its Options), config.PRESETS (names), config.preset(name, **sizes) -> Options;
    data.MAX_BYTES, data.sizes(sources, options) -> the sizes that preset() wants;
    train.make_task(run) -> Task; commands.add_parsers(commands) adds the verbs that use a trained run.
    """

    key: str
    title: str
    short: str
    icon: str
    section: str
    data_flag: str
    verb: str
    unit: str

    def room(self, name: str) -> ModuleType:
        """The wing's module `name`; imported only now, since train and model bring TensorFlow."""
        return import_module(f"core.{self.key}.{name}")

    @property
    def options(self) -> type[Options]:
        return self.room("config").OPTIONS


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family(
            "charlm", N_("Character LSTM"), N_("writes text"), ":material/edit_note:", "text", "text", "write", "chars"
        ),
        Family(
            "classifier",
            N_("Transformer classifier"),
            N_("judges sentences"),
            ":material/label:",
            "classify",
            "csv",
            "classify",
            "texts",
        ),
        Family("gan", N_("Dense GAN"), N_("draws pictures"), ":material/grid_view:", "gan", "images", "draw", "images"),
    )
}


def family(key: str) -> Family:
    """The family of that key. Raises UserError that lists the known ones."""
    try:
        return FAMILIES[key]
    except (KeyError, TypeError):
        raise UserError(
            _("There is no model family “{key}”; there are: {known}.").format(key=key, known=", ".join(FAMILIES))
        ) from None


def plan_options(family: Family, sources: list[Source], preset: str, values: dict[str, Any]) -> Options:
    """The preset's options for this data with `values` on top. Raises UserError for bad data or options."""
    model = family.options
    sizes = family.room("data.prepare").sizes(sources, merged(model(), values))
    return merged(family.room("config").preset(preset, **sizes), values)
