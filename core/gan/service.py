"""HTTP endpoints of a trained GAN."""

from core.endpoint import Endpoint
from core.errors import UserError
from core.gan.inference import image_files
from core.gan.inference.draw import load_sampler
from core.gan.inference.request import Sample
from core.i18n import _
from core.runs.run import Run

MOST_PIXELS = 30_000_000  # of one answer: an image of more takes too much time and memory


def endpoints(run: Run) -> list[Endpoint]:
    """Load the run's best weights. Raises UserError where there are none."""
    sampler = load_sampler(run)

    def grid(request: Sample) -> bytes:
        pictures = sampler.pictures(request.count, request.seed, request.choice, request.truncation)
        sheet = image_files.grid(pictures, request.columns)
        pixels = sheet.size * request.scale**2
        if pixels > MOST_PIXELS:
            raise UserError(
                _(
                    "The image would have {pixels:,} pixels, but at most {limit:,} are sent: ask for fewer pictures, "
                    "fewer columns or a smaller scale."
                ).format(pixels=pixels, limit=MOST_PIXELS)
            )
        return image_files.png(sheet, request.scale)

    def arrays(request: Sample) -> bytes:
        return image_files.npz(
            pictures=sampler.pictures(request.count, request.seed, request.choice, request.truncation)
        )

    return [
        Endpoint("/sample", _("A grid of new pictures."), Sample, grid, "image/png"),
        Endpoint("/sample/arrays", _("New pictures as an .npz."), Sample, arrays, "application/octet-stream"),
    ]
