"""Holding a gate while the network writes, to see from the text what the gate is for."""

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
from core.charlm.inference.write import Chunk, Writer
from core.charlm.inside.numpy_network import GATES, KINDS, NAMES
from core.charlm.training.cells import State
from core.errors import UserError
from core.i18n import _
from core.text_lists import COMMAS

# What can be held; a simple RNN has no gate, only its hidden value.
HOLDABLE = {cell: gates or ("h",) for cell, gates in GATES.items()}


@dataclass(frozen=True)
class GateIntervention:
    """A gate of `layer` (from 1), for the cells in `units` or all of them (None), stays at `value`."""

    layer: int
    gate: str
    value: float
    units: tuple[int, ...] | None = None


class GatedStepWriter(StepWriter):
    """Steps with gates held at values: after the weights come `held`, 1 where one is, and `values`, both (layers, gates
    in HOLDABLE's order, U)."""

    def step(self, prepared: Sequence[Any], ids: Any, state: Sequence[State]) -> tuple[Any, list[State]]:
        *weights, held, values = prepared
        return self._step(
            weights, ids, state, lambda layer, gate, value: value + held[layer, gate] * (values[layer, gate] - value)
        )


class GatedWriter(Writer):
    """Writes like Writer, with gates held; without any it writes the same texts."""

    def __init__(self, model: keras.Model, config: CharLMConfig, vocabulary: Vocabulary) -> None:
        super().__init__(model, config, vocabulary, GatedStepWriter.shared(config, len(vocabulary)))

    def stream(
        self, prompt: str, settings: Settings, chunk: int | None = None, more: Sequence[Any] = ()
    ) -> Iterator[Chunk]:
        return super().stream(prompt, settings, chunk, more or self._in_force(()))

    def write_held(self, prompt: str, settings: Settings, holds: Sequence[GateIntervention]) -> list[str]:
        """The texts with `holds` in force from the prompt's first character on.

        Raises UserError where one cannot be held.
        """
        return self.write(prompt, settings, self._in_force(holds))

    def _in_force(self, holds: Sequence[GateIntervention]) -> list[Any]:
        """`held` and `values`, as the stepper takes them."""
        shape = (self.config.layers, len(HOLDABLE[self.config.cell]), self.config.units)
        held, values = (np.zeros(shape, np.float32) for _part in range(2))
        for hold in holds:
            row, columns = self._place(hold)
            held[hold.layer - 1, row, columns] = 1
            values[hold.layer - 1, row, columns] = hold.value
        return [tf.constant(held), tf.constant(values)]

    def _place(self, hold: GateIntervention) -> tuple[int, Any]:
        known = HOLDABLE[self.config.cell]
        if hold.gate not in known:
            message = _("A {kind} has no {gate} to hold: it has {known}.")
            names = ", ".join(NAMES[gate] for gate in known)
            gate = NAMES.get(hold.gate, hold.gate)
            raise UserError(message.format(kind=KINDS[self.config.cell], gate=gate, known=names))
        if not 1 <= hold.layer <= self.config.layers:
            message = _("There is no layer {layer}: this network has layers 1 to {count}.")
            raise UserError(message.format(layer=hold.layer, count=self.config.layers))
        low = -1 if hold.gate == "h" else 0
        if not low <= hold.value <= 1:
            message = _("The {gate} cannot be held at {value:g}: it lies between {low} and 1.")
            raise UserError(message.format(gate=NAMES[hold.gate], value=hold.value, low=low))
        if hold.units is not None and not all(0 <= unit < self.config.units for unit in hold.units):
            message = _("A cell to hold does not exist: the layer has cells 0 to {last}.")
            raise UserError(message.format(last=self.config.units - 1))
        return known.index(hold.gate), slice(None) if hold.units is None else list(hold.units)


@dataclass(frozen=True)
class Shape:
    """What a text looks like from afar: characters per line that is not empty, and per word."""

    line: float
    word: float

    @classmethod
    def of(cls, text: str) -> "Shape":
        lines, words = [line for line in text.split("\n") if line.strip()], text.split()
        return cls(len("".join(lines)) / max(1, len(lines)), len("".join(words)) / max(1, len(words)))


def parse_units(text: str, count: int) -> tuple[int, ...] | None:
    """Cells from "3, 17, 40-60", of cells 0 to count − 1; None, all of them, from an empty text.

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
