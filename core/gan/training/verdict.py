"""Diagnose GAN training: imbalance, mode collapse, memorisation, progress; and suggest option changes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.gan.config import GANConfig
from core.gan.training.memorization import OFF_BALANCE
from core.i18n import _
from core.runs.metrics import column
from core.runs.run import Run
from core.runs.status import ENDED
from core.training.verdict import Verdict

Rows = Sequence[Mapping[str, Any]]
SURE = 0.02  # D(fake) below this: D rejects every generated image
GUESS = 0.03  # D within this of ½ on real and fake: it cannot discriminate
EARLY = 0.15  # share of the evaluations that counts as the start, when modes may be missing
NAMED = 6  # maximum missing classes that are listed


def verdicts(run: Run, rows: list[dict[str, Any]]) -> list[Verdict]:
    """Diagnose a run from its metrics so far; empty while there are too few."""
    options = run.options
    assert isinstance(options, GANConfig)
    floor = next((item["value"] for item in run.baselines if item["name"] == "floor"), None)
    steps = run.sample_steps()
    try:
        histogram = json.loads(run.sample(steps[-1], "histogram.json") or b"{}") if steps else {}
    except (ValueError, RecursionError):
        histogram = {}
    modes = run.facts.get("modes")
    names = [str(name) for name in modes] if isinstance(modes, list) else []
    ended = run.status.state in ENDED
    return diagnose_training(rows, options, names, _missing(histogram), floor, ended)


def diagnose_training(
    rows: Rows, options: GANConfig, names: Sequence[str], missing: Sequence[str], floor: float | None, ended: bool
) -> list[Verdict]:
    """Diagnose metrics rows. names: all modes; missing: modes not covered in the newest sample."""
    listed = [dict(row) for row in rows]
    if len(column(listed, "frechet_classifier_distance")[0]) < 3:
        return []
    found = [
        *_collapse(listed, options, names, missing),
        *_balance(listed, options),
        *_memory(listed, options, len(names)),
        *_rolled_back(listed, options),
    ]
    return found + _progress(listed, options, floor, ended, troubled=any(one.kind == "bad" for one in found))


def _missing(histogram: Any) -> list[str]:
    found = histogram if isinstance(histogram, dict) else {}
    names, covered = found.get("names"), found.get("covered")
    if not isinstance(names, list) or not isinstance(covered, list) or len(names) != len(covered):
        return []
    return [str(name) for name, here in zip(names, covered, strict=True) if not here]


def _collapse(
    rows: list[dict[str, Any]], options: GANConfig, names: Sequence[str], missing: Sequence[str]
) -> list[Verdict]:
    steps, covered = column(rows, "modes_covered")
    late = max(2, round(EARLY * len(steps)))
    if not names or len(steps) <= late or min(len(names) - covered[-1], len(names) - covered[-2]) < 1:
        return []
    lost = round(len(names) - covered[-1])
    since = next((steps[n + 1] for n in range(len(steps) - 2, -1, -1) if covered[n] >= len(names)), steps[0])
    which = ", ".join(missing[:NAMED]) + (" …" if len(missing) > NAMED else "")
    share = column(rows, "largest_share")[1]
    evidence = _("Missing in the newest sample: {names}.").format(names=which) + " " if missing else ""
    evidence += _("{share:.0%} of all pictures are of one kind.").format(share=share[-1]) if share else ""
    text = _("{lost} of {all} kinds are missing since step {step:,}: collapse.").format(
        lost=lost, all=len(names), step=since
    )
    changes: dict[str, Any] = {"loss": "non-saturating"} if options.loss == "minimax" else {}
    changes |= {"penalty": "r1" if options.penalty == "off" else options.penalty, "penalty_weight": _more(options)}
    changes |= {} if options.conditional else {"conditional": True}
    return [Verdict("bad", text, evidence.strip(), changes, _("Train again with a flatter discriminator"))]


def _balance(rows: list[dict[str, Any]], options: GANConfig) -> list[Verdict]:
    steps, fake = column(rows, "d_fake")
    _steps, real = column(rows, "d_real")
    if len(steps) < 5:
        return []
    low = _run_length(steps, np.array(fake) < SURE)
    if low >= max(200, 0.1 * steps[-1]):
        slope = column(rows, "g_grad")[1]
        starved = options.loss == "minimax"
        text = _("D(fake) at {value:.2g} for {steps:,} steps: the generator {what}.").format(
            value=float(np.mean(fake[-5:])),
            steps=low,
            what=_("gets no gradient") if starved else _("is told that it is wrong, but hardly how"),
        )
        changes: dict[str, Any] = {"penalty": "r1", "penalty_weight": _more(options)}
        changes |= {"loss": "non-saturating"} if starved else {"instance_noise": max(0.1, options.instance_noise)}
        evidence = _("The generator's gradient has the length {norm:.2g}; D(real) is {real:.2f}.").format(
            norm=slope[-1] if slope else 0.0, real=real[-1]
        )
        action = _("Train again with a loss that does not fade") if starved else _("Train again with a tamer opponent")
        return [Verdict("bad", text, evidence, changes, action)]
    window = max(5, len(fake) // 10)
    near = max(abs(np.mean(real[-window:]) - 0.5), abs(np.mean(fake[-window:]) - 0.5))
    sign = column(rows, "sign_real")[1][-window:] + column(rows, "sign_fake")[1][-window:]
    distances = column(rows, "frechet_classifier_distance")[1]
    if near < GUESS and sign and abs(np.mean(sign) - 0.5) < 2 * GUESS and distances[-1] > 0.8 * distances[1]:
        text = _("The discriminator can only guess, and the pictures do not get better: it is too weak to teach.")
        evidence = _("D(real) is {real:.2f}, D(fake) {fake:.2f}, and it is right {share:.0%} of the time.").format(
            real=float(np.mean(real[-window:])), fake=float(np.mean(fake[-window:])), share=float(np.mean(sign))
        )
        changes = {"d_rate": min(100.0, 2 * options.d_rate), "d_steps": min(10, options.d_steps + 1)}
        if options.penalty != "off":
            changes["penalty_weight"] = options.penalty_weight / 10
        return [Verdict("warning", text, evidence, changes, _("Train again with a stronger opponent"))]
    return []


def _memory(rows: list[dict[str, Any]], options: GANConfig, modes: int) -> list[Verdict]:
    steps, share_nearer_to_training = column(rows, "towards_training")
    covered = column(rows, "modes_covered")[1]
    # The output of a collapsed generator is near to one side by chance, so do not test it for memorisation.
    if (
        len(share_nearer_to_training) < 3
        or min(share_nearer_to_training[-3:]) < 0.5 + OFF_BALANCE
        or covered[-1] < modes / 2
    ):
        return []
    since = next(
        (steps[n + 1] for n in range(len(steps) - 2, -1, -1) if share_nearer_to_training[n] < 0.5 + OFF_BALANCE),
        steps[0],
    )
    return [
        Verdict(
            "warning",
            _("It is learning pictures by heart since step {step:,}.").format(step=since),
            _(
                "{share:.0%} of what it draws is nearer to training pictures than to as many unseen ones; ½ is fair."
            ).format(share=share_nearer_to_training[-1]),
            {
                "dropout": min(0.6, options.dropout + 0.2),
                "penalty": options.penalty if options.penalty != "off" else "r1",
                "penalty_weight": _more(options),
            },
            _("Train again with an opponent that remembers less"),
        )
    ]


def _rolled_back(rows: list[dict[str, Any]], options: GANConfig) -> list[Verdict]:
    events = [row for row in rows if isinstance(row.get("event"), str)]
    if not events:
        return []
    return [
        Verdict(
            "warning",
            _("Training broke {count} times and went back to the last good weights.").format(count=len(events)),
            events[-1]["event"],
            {"learning_rate": options.learning_rate / 4},
            _("Train again with a quarter of the rate"),
        )
    ]


def _progress(
    rows: list[dict[str, Any]], options: GANConfig, floor: float | None, ended: bool, troubled: bool
) -> list[Verdict]:
    steps, distances = column(rows, "frechet_classifier_distance")
    best = int(np.argmin(distances))
    facts = _("The Fréchet classifier distance is {now:.1f}, at its best {best:.1f} at step {step:,}").format(
        now=distances[-1], best=distances[best], step=steps[best]
    )
    facts += _(".") if floor is None else _("; real pictures against real ones have {floor:.1f}.").format(floor=floor)
    if distances[-1] > 1.5 * distances[best] and len(distances) - best > 3:
        text = _("It has become worse; the generator of step {step:,} is the one that is kept.").format(
            step=steps[best]
        )
        return [Verdict("warning", text, facts, {"learning_rate": options.learning_rate / 2}, _("Train again, slower"))]
    if troubled:
        return []
    window = max(2, len(distances) // 5)
    before = min(distances[:-window])
    if min(distances[-window:]) < 0.95 * before:
        text = _("It was still getting better when it ended: more steps would help.") if ended else _("Getting better.")
        return [Verdict("info" if ended else "good", text, facts)]
    return [Verdict("good", _("It has settled: more of the same would change little."), facts)]


def _more(options: GANConfig) -> float:
    """A stronger penalty than the run's, or one to begin with where it has none."""
    return min(1000.0, 5 * options.penalty_weight) if options.penalty != "off" and options.penalty_weight else 1.0


def _run_length(steps: Sequence[int], holds: np.ndarray) -> int:
    """For how many steps up to the last a condition has held at every row."""
    broken = np.nonzero(~holds)[0]
    first = int(broken[-1]) + 1 if len(broken) else 0
    return steps[-1] - steps[first] if first < len(steps) else 0
