"""One small run of made-up reviews, trained once for all tests of its use, and one in Chinese."""

import numpy as np
import pytest

from core.classifier.config import ClassifierConfig
from core.classifier.training.train import make_task
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create
from core.training.loop import Trainer
from tests.core.classifier.reviews import chinese, sentences, table

SMALL = {"width": 16, "heads": 2, "feed_forward": 16, "batch_size": 16, "max_tokens": 24, "epochs": None}
PLAN = {"log_every": 20, "eval_every": 20, "sample_every": 60, "checkpoint_every": 60}


def trained(folder, rows, name, steps=60, **changes) -> Run:
    options = ClassifierConfig(**(SMALL | {"steps": steps, "learning_rate": 5e-3, "ema": 0.9} | changes))
    run = create(options, [table(rows)], name=name, directory=folder)
    run.write_json("plan.json", PLAN | {"total_steps": steps})
    assert Trainer(run, make_task(run), Status(state="running")).fit() == "finished"
    return Run(run.path)


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    return trained(tmp_path_factory.mktemp("runs"), sentences(400), "reviews", blocks=2)


@pytest.fixture(scope="session")
def chinese_run(tmp_path_factory) -> Run:
    return trained(tmp_path_factory.mktemp("runs"), chinese(240), "chinese", pooling="first", bigram_buckets=256)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
