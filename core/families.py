"""The protocols that a family package implements, and the table of families; a new family is one folder and one row.

The modules of a family are imported on first access: a form, a table of runs and `--help` never import the training
code, which imports TensorFlow. Each family's `__init__.py` assigns its modules to the protocols below, so that mypy
reports what a family lacks; callers are checked against the same protocols.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from core.endpoint import Endpoint
from core.errors import UserError
from core.i18n import N_, _, translated_fields
from core.model_card import ModelCard
from core.request import Request
from core.schema import Cost, Options, merged
from core.sources import Source

if TYPE_CHECKING:
    from core.offline.page import Page
    from core.runs.run import Run
    from core.training.task import Task
    from core.training.verdict import Verdict

O = TypeVar("O", bound=Options)  # the family's own options
OIn = TypeVar("OIn", bound=Options, contravariant=True)


class ConfigModule(Protocol[O]):
    """`config.py`: the options and their presets. It imports no TensorFlow."""

    @property
    def OPTIONS(self) -> type[O]: ...  # noqa: N802

    @property
    def PRESETS(self) -> Collection[str]: ...  # noqa: N802

    def preset(self, name: str, /, *args: Any, **sizes: Any) -> O:
        """Return the options of a preset for data of these sizes. Raises UserError for an unknown name."""

    def cost(self, options: O, /, *args: Any, **sizes: Any) -> Cost:
        """Return the cost of the network of `options` on data of these sizes."""


class DataModule(Protocol[OIn]):
    """`data/prepare.py`: convert sources to training data. It imports no TensorFlow."""

    @property
    def MAX_BYTES(self) -> int: ...  # noqa: N802

    def sizes(self, sources: Sequence[Source], options: OIn, /) -> dict[str, Any]:
        """Return the keyword arguments of preset() and cost(). Raises UserError for unusable data."""

    def prepare(self, sources: Sequence[Source], options: OIn, /) -> Any:
        """Return the cleaned and split data in the family's own type. Raises UserError as sizes() does."""


class TrainingModule(Protocol):
    """`training/train.py`. It imports TensorFlow."""

    def before_devices(self) -> None:
        """Change TensorFlow settings that must be set before its first use, such as the number of threads."""

    def make_task(self, run: "Run", /) -> "Task":
        """Return the family's part of the training loop. Raises UserError where data or options are unusable."""


class VerdictModule(Protocol):
    """`training/verdict.py`: assess the training curve in sentences. It imports no TensorFlow."""

    def verdicts(self, run: "Run", rows: list[dict[str, Any]], /) -> "list[Verdict]":
        """Assess the lines of metrics.jsonl; empty while there are too few."""


class ProgramModule(Protocol):
    """`program.py`: export a run as a program in plain Keras."""

    @property
    def LEFT_OUT(self) -> Mapping[str, str]:  # noqa: N802
        """What the run does and the program does not, as messages; keys are the options that it does not follow."""

    def files(self, run: "Run", /) -> dict[str, bytes]:
        """Return train.py and the files that it reads, by name. Raises UserError where the data is missing."""

    def use(self, run: "Run", /) -> str:
        """Return a short program that uses the model.keras beside it."""


class CardModule(Protocol):
    """`card.py`: what a model card says of the family's networks."""

    @property
    def CARD(self) -> ModelCard: ...  # noqa: N802


class PageModule(Protocol):
    """`exports/page.py`: the offline page of a trained run."""

    def page(self, run: "Run", /) -> "Page":
        """Return the parts of the page. Raises UserError where the run has no whole model."""


class FineTuningModule(Protocol):
    """`fine_tuning.py`: train a finished run on with other data. It imports no TensorFlow."""

    @property
    def KEPT(self) -> Collection[str]:  # noqa: N802
        """The options that a run keeps from the one it goes on from: its network's shape, and how data is read."""

    def earlier(self, run: "Run", /) -> dict[str, Any]:
        """Return what a run keeps of `run` beside its own data, as JSON; prepare() reads it from an EARLIER source."""

    def start(self, run: "Run", sources: Sequence[Source], options: Any, /) -> dict[str, Any]:
        """Return the first weights of a run on `sources` by variable name, float32: those of `run`, and new rows.

        Raises UserError where the networks do not match, or the model of `run` is missing or damaged.
        """


class RequestModule(Protocol):
    """`inference/request.py`: what a trained run is asked for. It imports no TensorFlow."""

    @property
    def REQUEST(self) -> type[Request]: ...  # noqa: N802


class ServiceModule(Protocol):
    """`service.py`: the endpoints of a trained run's HTTP service."""

    def endpoints(self, run: "Run", /) -> list[Endpoint]:
        """Load the best weights and return the endpoints. Raises UserError where there are none."""


class CommandsModule(Protocol):
    """`commands.py`: the commands that use a trained run. It imports no TensorFlow."""

    def add_parsers(self, commands: Any, /) -> None:
        """Add the commands to argparse's sub-parsers."""

    def evaluate(self, run: "Run", path: str = "", /) -> dict[str, Any]:
        """Return the figures of the best weights on held-out data, or on the file at `path`. Raises UserError."""


@translated_fields("title", "short")
@dataclass(frozen=True)
class Family:
    """One row of the table.

    key: name of its folders core/<key>/, ui/<key>/ and pages/<key>/; short: what it does, for people; section: what
    the addresses of its screens begin with; data_flag: the command line's option for its input; verb: what a trained
    one is used for; unit: what its throughput counts; package: where its modules are, if not in core/<key>/;
    own_parts: roles of the files that a person may bring beside the one to learn from.
    """

    key: str
    title: str
    short: str
    icon: str
    section: str
    data_flag: str
    verb: str
    unit: str
    package: str = ""
    own_parts: tuple[str, ...] = ()

    def _module(self, name: str) -> Any:
        return import_module(self._name(name))

    def _name(self, module: str) -> str:
        return f"{self.package or f'core.{self.key}'}.{module}"

    def has(self, module: str) -> bool:
        """Whether the family has this module; `module`: its name within the family's package."""
        try:
            return find_spec(self._name(module)) is not None
        except ModuleNotFoundError:  # not even the folder that would hold it
            return False

    @property
    def config(self) -> ConfigModule[Any]:
        return cast(ConfigModule[Any], self._module("config"))

    @property
    def data(self) -> DataModule[Any]:
        return cast(DataModule[Any], self._module("data.prepare"))

    def preview(self, sources: Sequence[Source], options: Options) -> list[str]:
        """What the reader guessed about this data, in sentences to read before training; a family need not say any."""
        made = getattr(self.data, "preview", None)
        return list(made(sources, options)) if made else []

    @property
    def training(self) -> TrainingModule:
        return cast(TrainingModule, self._module("training.train"))

    @property
    def verdict(self) -> VerdictModule:
        return cast(VerdictModule, self._module("training.verdict"))

    @property
    def program(self) -> ProgramModule:
        return cast(ProgramModule, self._module("program"))

    @property
    def fine_tuning(self) -> FineTuningModule:
        """Raises UserError where the family cannot train on with other data."""
        if not self.fine_tunes:
            raise UserError(_("A run of the family {family} cannot train on with other data.").format(family=self.key))
        return cast(FineTuningModule, self._module("fine_tuning"))

    @property
    def fine_tunes(self) -> bool:
        """Whether a finished run of the family can train on with other data."""
        return self.has("fine_tuning")

    @property
    def card(self) -> ModelCard:
        return cast(CardModule, self._module("card")).CARD

    @property
    def offline_page(self) -> PageModule:
        return cast(PageModule, self._module("exports.page"))

    @property
    def request(self) -> type[Request]:
        return cast(RequestModule, self._module("inference.request")).REQUEST

    @property
    def service(self) -> ServiceModule:
        return cast(ServiceModule, self._module("service"))

    @property
    def commands(self) -> CommandsModule:
        return cast(CommandsModule, self._module("commands"))

    @property
    def options(self) -> type[Options]:
        return cast(type[Options], self.config.OPTIONS)


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family(
            "charlm",
            N_("Character LSTM"),
            N_("writes text"),
            ":material/edit_note:",
            "text",
            "text",
            "write",
            "chars",
            own_parts=("validation",),
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
            own_parts=("validation", "test"),
        ),
        Family(
            "gan",
            N_("Dense GAN"),
            N_("draws pictures"),
            ":material/grid_view:",
            "gan",
            "images",
            "draw",
            "images",
            own_parts=("test",),
        ),
    )
}


def family(key: str) -> Family:
    """Return the family with that key. Raises UserError that lists the known keys."""
    try:
        return FAMILIES[key]
    except (KeyError, TypeError):
        raise UserError(
            _("There is no model family “{key}”; there are: {known}.").format(key=key, known=", ".join(FAMILIES))
        ) from None


def plan_options(family: Family, sources: list[Source], preset: str, values: dict[str, Any]) -> Options:
    """Return the preset's options for this data, updated with `values`. Raises UserError for bad data or options."""
    sizes = family.data.sizes(sources, merged(family.options(), values))
    return merged(family.config.preset(preset, **sizes), values)
