"""The toy's options."""

from typing import Any, ClassVar

from core.errors import UserError
from core.schema import Cost, Options, option

PRESETS = ("quick", "balanced", "best")
SIZE = 3


class ToyOptions(Options):
    family: ClassVar[str] = "toy"

    width: int = option(SIZE, "Numbers to learn.", unit="numbers", group="network", ge=1, le=100)
    nan_at: int = option(-1, "The data of this step makes the loss NaN.", level="hidden")
    spike_at: int = option(-1, "The data of this step makes the loss huge.", level="hidden")
    worse_after: int = option(10**9, "From this step on the validation only gets worse.", level="hidden")
    delay: float = option(0.0, "How long a step takes.", unit="s", level="hidden", ge=0)
    fast: bool = option(False, "A switch.", level="hidden")
    milestones: tuple[int, ...] | None = option(None, "A list.", level="hidden")


OPTIONS = ToyOptions


def preset(name: str, **sizes: Any) -> ToyOptions:
    if name not in PRESETS:
        raise UserError(f"There is no preset “{name}”.")
    return ToyOptions(epochs={"quick": 3, "balanced": 10, "best": 30}[name])


def cost(options: ToyOptions, numbers: int = 0) -> Cost:
    return Cost(options.width, options.width, options.width, 4, max(1, numbers))
