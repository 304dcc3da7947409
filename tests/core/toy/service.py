"""The endpoints of a trained toy's HTTP service."""

from core.endpoint import Answer, Endpoint
from core.runs.run import Run
from tests.core.toy.inference.request import Count
from tests.core.toy.training.train import make_task


def endpoints(run: Run) -> list[Endpoint]:
    task = make_task(run)
    task.load_model(str(run.model_path))

    def answer(request: Count) -> Answer:
        return {"numbers": task.weight.value[: request.up_to].tolist()}

    return [Endpoint("/count", "Say the numbers that were learned.", Count, answer)]
