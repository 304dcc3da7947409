"""Runs of a character model as training leaves them, made in a moment, for the screens that look inside."""

from pathlib import Path

import numpy as np

from core.charlm.config import CharLMConfig
from core.charlm.inside.open_run import training_text
from core.charlm.training.model import build
from core.runs.checkpoint import save_arrays
from core.runs.run import Run
from core.runs.store import create
from core.sources import Source

TEXT = "“The lamp,” said Mr Keeper (aged 61), “is lit.”\nThe sea was calm; the wind came from the west.\n\n" * 60


def make_run(folder: Path, cell: str = "lstm", name: str = "inside", layers: int = 2, text: str = TEXT) -> Run:
    """A run as training leaves it, with weights large enough to have preferences."""
    config = CharLMConfig(cell=cell, units=10, embedding=6, layers=layers, dropout=0.1)
    run = create(config, [Source("a.txt", text.encode())], name=name, directory=folder)
    vocabulary = training_text(run).vocabulary
    run.write_json("vocabulary.json", vocabulary.to_json())
    (run.path / "snapshots").mkdir()
    rows = []
    for step in (10, 40, 90):
        model = build(config, len(vocabulary), seed=step)
        model.set_weights([array if array.dtype.kind == "u" else array * 3 for array in model.get_weights()])
        arrays = {f"model/{item.path}": np.asarray(item).copy() for item in model.variables if "seed" not in item.path}
        save_arrays(run.path / "snapshots" / f"step-{step:010d}.npz", arrays, {"step": step})
        rows.append(f'{{"step": {step}, "loss": 2.5, "val_loss": {3 - step / 100}}}\n')
    run.metrics_path.write_text("".join(rows))
    model.save(run.model_path)
    return run
