"""HTTP endpoints of a trained classifier."""

from typing import Any

from core.classifier.inference.classify import Classifier, load_classifier
from core.classifier.inference.request import Classify
from core.endpoint import Endpoint
from core.i18n import _
from core.runs.run import Run


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
