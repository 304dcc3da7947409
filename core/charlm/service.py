"""HTTP endpoints of a trained character model."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from core.charlm.inference.request import MAX_COUNT, MAX_LENGTH, Settings
from core.charlm.inference.write import load_writer
from core.endpoint import Answer, Endpoint
from core.i18n import _
from core.runs.run import Run


class Generate(BaseModel):
    """How to write."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    prompt: str = Field("", max_length=100_000)
    length: int = Field(500, ge=1, le=MAX_LENGTH)
    temperature: float = Field(0.8, ge=0, le=100)
    top_k: int = Field(0, ge=0, le=10**9)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, ge=0, le=2**31 - 1)
    count: int = Field(1, ge=1, le=MAX_COUNT)


def endpoints(run: Run) -> list[Endpoint]:
    """Load the run's best weights. Raises UserError where there are none."""
    writer = load_writer(run)

    def settings(request: Generate) -> Settings:
        return Settings(**request.model_dump(exclude={"prompt"}))

    def whole(request: Generate) -> Answer:
        texts = writer.write(request.prompt, settings(request))
        return {"texts": texts, "unknown": writer.vocabulary.unknown(request.prompt)}

    def stream(request: Generate) -> Iterator[str]:
        for chunk in writer.stream(request.prompt, settings(request).replace(count=1)):
            yield "".join(chunk.symbols[0])

    return [
        Endpoint("/generate", _("Write on from a prompt."), Generate, whole),
        Endpoint("/generate/stream", _("One text, sent as it is written."), Generate, stream, "text/plain"),
    ]
