"""HTTP endpoints of a trained character model."""

from collections.abc import Iterator

from core.charlm.inference.request import Generate
from core.charlm.inference.write import load_writer
from core.endpoint import Answer, Endpoint
from core.i18n import _
from core.runs.run import Run


def endpoints(run: Run) -> list[Endpoint]:
    """Load the run's best weights. Raises UserError where there are none."""
    writer = load_writer(run)

    def whole(request: Generate) -> Answer:
        texts = writer.write(request.prompt, request.settings)
        return {"texts": texts, "unknown": writer.vocabulary.unknown(request.prompt)}

    def stream(request: Generate) -> Iterator[str]:
        for chunk in writer.stream(request.prompt, request.settings.replace(count=1)):
            yield "".join(chunk.symbols[0])

    return [
        Endpoint("/generate", _("Write on from a prompt."), Generate, whole),
        Endpoint("/generate/stream", _("One text, sent as it is written."), Generate, stream, "text/plain"),
    ]
