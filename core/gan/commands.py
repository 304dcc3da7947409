"""python -m core sample RUN: generate images with a trained GAN, as a grid, an animation or arrays."""

import argparse
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.flags import add_common, add_request, given_request
from core.gan.inference.request import Film, Sample, next_seed
from core.i18n import _
from core.runs.files import write_bytes, writing
from core.runs.run import Run
from core.runs.store import find_of
from core.tensorflow_import import import_tensorflow
from core.terminal import printable

FILMS = {".gif": "GIF", ".webp": "WEBP"}


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("sample", help=_("draw with a trained GAN"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    parser.add_argument(
        "--output", default="grid.png", metavar="FILE",
        help=_(".png: a grid; .npz: the arrays; .gif or .webp: a walk from each picture to one of the next seed"),
    )  # fmt: skip
    add_request(parser, Sample)
    add_request(parser, Film)
    add_common(parser)
    parser.set_defaults(run=sample)


def sample(arguments: argparse.Namespace) -> dict[str, Any]:
    output = Path(arguments.output)
    kind = output.suffix.lower()
    if kind not in (".png", ".npz", *FILMS):
        raise UserError(_("“{file}” should end in .png, .npz, .gif or .webp.").format(file=output.name))
    request, walk = given_request(arguments, Sample), given_request(arguments, Film)
    run = find_of("gan", arguments.id)
    import_tensorflow()

    from core.gan.inference import image_files
    from core.gan.inference.draw import interpolate_frames, interpolate_linear, interpolate_spherical, load_sampler

    sampler = load_sampler(run)
    count, scale = request.count, request.scale
    noise = sampler.noise(count, request.seed, request.truncation)
    shares = sampler.shares(count, request.choice)
    if kind in FILMS:
        goals = sampler.noise(count, next_seed(request.seed), request.truncation)
        paths = interpolate_frames(
            noise, goals, walk.frames, interpolate_linear if walk.straight else interpolate_spherical
        )
        sheets = [image_files.grid(sampler.draw(at, shares), request.columns) for at in paths]
        content = image_files.animation(sheets, FILMS[kind], times=scale)
    elif kind == ".npz":
        arrays = {"pictures": sampler.draw(noise, shares), "noise": noise}
        content = image_files.npz(**arrays, **({} if shares is None else {"classes": shares.argmax(1)}))
    else:
        content = image_files.png(image_files.grid(sampler.draw(noise, shares), request.columns), scale)
    with writing(output):
        write_bytes(output, content)
    if not arguments.json:
        print(printable(_("{count} pictures in {file}").format(count=count, file=output)))
    return {"run": run.id, "output": str(output), "count": count, "seed": request.seed, "bytes": len(content)}


def evaluate(run: Run, path: str = "") -> dict[str, Any]:
    """The figures of `run` against its held-out pictures, or against those at `path`. Raises UserError."""
    from core.families import family
    from core.gan.training.evaluate import evaluate as measured
    from core.inputs import load_sources

    return measured(run, load_sources([path], family("gan"))[0] if path else ())
