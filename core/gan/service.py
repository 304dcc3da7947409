"""HTTP endpoints of a trained GAN."""

from pydantic import BaseModel, ConfigDict, Field

from core.endpoint import Endpoint
from core.gan.inference import image_files
from core.gan.inference.draw import load_sampler
from core.i18n import _
from core.runs.run import Run
from core.schema import SEED_LIMIT

MOST = 400  # pictures in one answer


class Sample(BaseModel):
    """What to draw. `choice` is a class by name or number, or a share for each class."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    count: int = Field(64, ge=1, le=MOST)
    seed: int = Field(0, ge=0, le=SEED_LIMIT)
    choice: int | str | list[float] | None = None
    truncation: float | None = Field(None, ge=0.05, le=100)
    columns: int | None = Field(None, ge=1, le=MOST)
    scale: int = Field(2, ge=1, le=8)


def endpoints(run: Run) -> list[Endpoint]:
    """Load the run's best weights. Raises UserError where there are none."""
    sampler = load_sampler(run)

    def grid(request: Sample) -> bytes:
        pictures = sampler.pictures(request.count, request.seed, request.choice, request.truncation)
        return image_files.png(image_files.grid(pictures, request.columns), request.scale)

    def arrays(request: Sample) -> bytes:
        return image_files.npz(
            pictures=sampler.pictures(request.count, request.seed, request.choice, request.truncation)
        )

    return [
        Endpoint("/sample", _("A grid of new pictures."), Sample, grid, "image/png"),
        Endpoint("/sample/arrays", _("New pictures as an .npz."), Sample, arrays, "application/octet-stream"),
    ]
