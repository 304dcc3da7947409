"""HTTP endpoints of a trained classifier."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.classifier.inference.classify import Classifier, load_classifier
from core.endpoint import Endpoint
from core.i18n import _
from core.runs.run import Run

MOST = 1000  # texts in one request
LONGEST = 100_000  # characters of one text


class Classify(BaseModel):
    """The texts to judge. Below `threshold` an answer has no label."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    texts: list[Annotated[str, Field(max_length=LONGEST)]] = Field(min_length=1, max_length=MOST)
    threshold: float = Field(0.0, ge=0, le=1)


def endpoints(run: Run) -> list[Endpoint]:
    """Load the run's best weights. Raises UserError where there are none."""
    classifier = load_classifier(run)
    return [Endpoint("/classify", _("Judge texts."), Classify, lambda request: _answers(classifier, request))]


def _answers(classifier: Classifier, request: Classify) -> dict[str, Any]:
    shares = classifier.probabilities(request.texts)
    tops = shares.argmax(1)
    return {
        "classes": classifier.classes,
        "answers": [
            {
                "label": classifier.classes[top] if row[top] >= request.threshold else None,
                "confidence": float(row[top]),
                "probabilities": row.tolist(),
            }
            for row, top in zip(shares, tops, strict=True)
        ],
    }
