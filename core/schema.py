"""The base of every family's options: name, default, bounds, unit and help of each option in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from core.bounds import choices, option_error
from core.errors import UserError
from core.i18n import _
from core.text_lists import by_spaces

TENSORFLOW_MB = 480  # memory of a process that has imported TensorFlow and compiled a step
STORED_PER_ACTIVATION = 3  # values stored for the backward pass per activation, measured on all three families


@dataclass(frozen=True)
class Cost:
    """The cost of a network.

    work: multiplications of the forward pass for one unit (a character, text or image). activations: values stored for
    the backward pass of one step. per_step, per_epoch: units in one step and in one epoch.
    """

    parameters: int
    work: float
    activations: float
    per_step: int
    per_epoch: float

    @property
    def memory_mb(self) -> float:
        """Estimated memory of training in MB: weights, gradients, two optimizer moments and activations, in float32."""
        return TENSORFLOW_MB + 4 * (4 * self.parameters + STORED_PER_ACTIVATION * self.activations) / 1e6


Level = Literal["basic", "advanced", "hidden"]
SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Control:
    """A page's control for a number: its step, and the part of the bounds that it goes over (None: up to the bound).

    A slider over an optional number means none at its right end.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    slider: bool = False


def option(
    default: Any,
    help: str,
    *,
    title: str | None = None,
    unit: str = "",
    group: str = "",
    level: Level = "advanced",
    off: float | None = None,
    control: Control | None = None,
    flag: str | None = None,
    **bounds: Any,
) -> Any:
    """Return a pydantic field with a unit, a group on the form, and a level that hides it from beginners.

    title: its label, if it is not words_of(name). off: the value that switches the option off; the help and the error
    sentence say so. control: how a page asks for it, if not by a box over all of its bounds. flag: its name on the
    command line, if it is another one.
    """
    extra: dict[str, Any] = {"unit": unit, "group": group, "level": level}
    extra |= {key: value for key, value in (("off", off), ("control", control), ("flag", flag)) if value is not None}
    return Field(default, title=title, description=help, json_schema_extra=extra, **bounds)


def title_of(name: str, field: FieldInfo) -> str:
    """Return the message id of the option's label."""
    return field.title or words_of(name)


def words_of(name: str) -> str:
    """Return an identifier as words: “min_count” as “Min count”."""
    return name.replace("_", " ").capitalize()


class Options(BaseModel):
    """The options that all families share: budget, schedule, optimizer and seed.

    A run has one budget: the first of `seconds`, `steps` and `epochs` that is not None. The learning-rate schedule is
    fitted to it.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False)
    family: ClassVar[str] = ""
    ALIASES: ClassVar[Mapping[str, str]] = {}  # former name of an option → its name; both are read

    epochs: float | None = option(
        10, "How often the data is read through.", group="budget", level="basic", gt=0, le=100_000
    )
    steps: int | None = option(
        None, "Train for this many steps instead of epochs.", group="budget", ge=1, le=100_000_000
    )
    seconds: float | None = option(
        None,
        "Train for about this long; turned into steps once, by measuring.",
        unit="s",
        group="budget",
        gt=0,
        le=1_000_000,
    )
    seed: int = option(
        0,
        "The same seed gives the same run, with the same data, options, steps, versions and machine.",
        group="budget",
        level="basic",
        ge=0,
        le=SEED_LIMIT,
    )
    batch_size: int = option(64, "Examples in one step.", group="training", ge=1, le=4096)
    learning_rate: float = option(1e-3, "The highest step size of the schedule.", group="training", gt=0, le=1)
    warmup: float = option(0.05, "Share of the budget over which the rate rises from 0.", group="training", ge=0, lt=1)
    schedule: Literal["cosine", "linear", "constant"] = option(
        "cosine", "How the rate falls after the warm-up.", group="training"
    )
    patience: int = option(
        0,
        "Stop after this many evaluations without a better one; 0 never stops early.",
        group="training",
        ge=0,
        le=10_000,
    )

    def cautions(self) -> list[str]:
        """Return warnings about valid combinations of options that have an unexpected effect; usually none."""
        return []

    @model_validator(mode="before")
    @classmethod
    def _read_former_names(cls, values: Any) -> Any:
        return renamed(cls, values) if isinstance(values, Mapping) else values


def name_of(model: type[Options], name: str) -> str:
    """The present name of an option that is called by its former or its present one; any other name as it is."""
    return model.ALIASES.get(name, name)


def renamed(model: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with every option under its present name. Raises UserError where one is given under both."""
    for former, name in model.ALIASES.items():
        if former in values and name in values:
            raise UserError(
                _("Option “{name}” is given twice: “{former}” is its former name.").format(name=name, former=former)
            )
    return {name_of(model, name): value for name, value in values.items()}


T = TypeVar("T", bound=Options)


def parse_options(model: type[T], values: dict[str, Any]) -> T:
    """Validate `values`. Raises UserError that names the first invalid option, its value and its bounds.

    Options may have their former names.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise option_error(model, error) from None


# The budget, and texts as values --------------------------------------------------------------------------------
BUDGETS = ("seconds", "steps", "epochs")


def one_budget(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values`; if they set a budget, the other budgets are set to None."""
    named = any(values.get(name) is not None for name in BUDGETS)
    return dict.fromkeys(BUDGETS) | dict(values) if named else dict(values)


def from_text(model: type[BaseModel], name: str, text: str) -> Any:
    """Convert a typed text to an option's value: a choice, None for "none", or a list; pydantic converts the rest."""
    annotation = model.model_fields[name].annotation
    for choice in choices(annotation) or ():
        if str(choice) == text:
            return choice
    if text.lower() == "none":
        return None
    if any(get_origin(part) in (list, tuple) for part in (annotation, *get_args(annotation))):
        return by_spaces(text)
    return text


def budget(options: Options) -> str:
    """Return the name of the budget in force."""
    return next((name for name in BUDGETS if getattr(options, name) is not None), "epochs")


def merged(base: Options, values: dict[str, Any]) -> Options:
    """Return `base` updated with `values`, validated."""
    return parse_options(type(base), base.model_dump() | renamed(type(base), values))
