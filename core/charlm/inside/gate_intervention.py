"""Fix a gate at a constant during generation, to show the gate's effect on the text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.charlm.config import CharLMConfig
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import Settings
from core.charlm.inference.step_writer import StepWriter
from core.charlm.inference.write import Chunk, TextWriter
from core.charlm.inside.numpy_network import GATES, KINDS, NAMES
from core.charlm.training.cells import State
from core.errors import UserError
from core.i18n import _
from core.text_lists import COMMAS

# Gates that can be fixed; a simple RNN has no gate, only its hidden value.
SETTABLE = {cell: gates or ("h",) for cell, gates in GATES.items()}


@dataclass(frozen=True)
class GateIntervention:
    """Fix `gate` of `layer` (from 1) at `value`, for the cells in `units` or for all (None)."""

    layer: int
    gate: str
    value: float
    units: tuple[int, ...] | None = None


class GatedStepWriter(StepWriter):
    """A StepWriter with two more inputs after the weights: `mask`, 1 where a gate is fixed, and `values`, both (layers,
    gates in SETTABLE's order, U)."""

    def step(self, prepared: Sequence[Any], ids: Any, state: Sequence[State]) -> tuple[Any, list[State]]:
        *weights, mask, values = prepared
        return self._step(
            weights, ids, state, lambda layer, gate, value: value + mask[layer, gate] * (values[layer, gate] - value)
        )


class GatedWriter(TextWriter):
    """A TextWriter that can fix gates; without interventions its texts equal TextWriter's."""

    def __init__(self, model: keras.Model, config: CharLMConfig, vocabulary: Vocabulary) -> None:
        super().__init__(model, config, vocabulary, GatedStepWriter.shared(config, len(vocabulary)))

    def stream(
        self, prompt: str, settings: Settings, chunk: int | None = None, more: Sequence[Any] = ()
    ) -> Iterator[Chunk]:
        return super().stream(prompt, settings, chunk, more or self._intervention_tensors(()))

    def write_with_gates(self, prompt: str, settings: Settings, interventions: Sequence[GateIntervention]) -> list[str]:
        """Generate with `interventions` active from the prompt's first character on.

        Raises UserError for an invalid intervention.
        """
        return self.write(prompt, settings, self._intervention_tensors(interventions))

    def _intervention_tensors(self, interventions: Sequence[GateIntervention]) -> list[Any]:
        """Build the tensors `mask` and `values` of GatedStepWriter."""
        shape = (self.config.layers, len(SETTABLE[self.config.cell]), self.config.units)
        mask, values = (np.zeros(shape, np.float32) for _part in range(2))
        for intervention in interventions:
            row, columns = self._gate_and_units(intervention)
            mask[intervention.layer - 1, row, columns] = 1
            values[intervention.layer - 1, row, columns] = intervention.value
        return [tf.constant(mask), tf.constant(values)]

    def _gate_and_units(self, intervention: GateIntervention) -> tuple[int, Any]:
        known = SETTABLE[self.config.cell]
        if intervention.gate not in known:
            message = _("A {kind} has no {gate} to hold: it has {known}.")
            names = ", ".join(NAMES[gate] for gate in known)
            gate = NAMES.get(intervention.gate, intervention.gate)
            raise UserError(message.format(kind=KINDS[self.config.cell], gate=gate, known=names))
        if not 1 <= intervention.layer <= self.config.layers:
            message = _("There is no layer {layer}: this network has layers 1 to {count}.")
            raise UserError(message.format(layer=intervention.layer, count=self.config.layers))
        low = -1 if intervention.gate == "h" else 0
        if not low <= intervention.value <= 1:
            message = _("The {gate} cannot be held at {value:g}: it lies between {low} and 1.")
            raise UserError(message.format(gate=NAMES[intervention.gate], value=intervention.value, low=low))
        if intervention.units is not None and not all(0 <= unit < self.config.units for unit in intervention.units):
            message = _("A cell to hold does not exist: the layer has cells 0 to {last}.")
            raise UserError(message.format(last=self.config.units - 1))
        return known.index(intervention.gate), slice(None) if intervention.units is None else list(intervention.units)


@dataclass(frozen=True)
class TextShape:
    """Mean characters per non-empty line and per word of a text."""

    line: float
    word: float

    @classmethod
    def measure(cls, text: str) -> "TextShape":
        lines, words = [line for line in text.split("\n") if line.strip()], text.split()
        return cls(len("".join(lines)) / max(1, len(lines)), len("".join(words)) / max(1, len(words)))


def parse_units(text: str, count: int) -> tuple[int, ...] | None:
    """Parse "3, 17, 40-60" to cell numbers from 0 to count − 1; an empty text gives None, all cells.

    Raises UserError for anything else.
    """
    found: set[int] = set()
    for part in COMMAS.split(text.replace("–", "-")):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            if not first <= last < count:
                message = _("There are no cells “{part}”: the layer has cells 0 to {last}.")
                raise UserError(message.format(part=part.strip(), last=count - 1))
            found.update(range(first, last + 1))
        elif part.strip():
            message = _("“{part}” is no cell: write numbers and ranges such as 3, 17, 40-60.")
            raise UserError(message.format(part=part.strip()[:40]))
    return tuple(sorted(found)) or None
