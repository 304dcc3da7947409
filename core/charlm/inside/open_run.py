"""Load a run for inspection: network in NumPy, text writer, training text."""

from dataclasses import dataclass

from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import Text, prepare
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.write import load_vocabulary
from core.charlm.inside import passage
from core.charlm.inside.gate_intervention import GatedWriter
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.passage import Passage
from core.charlm.inside.suggestions import Suggestions
from core.charlm.training.model import build
from core.errors import UserError
from core.i18n import _
from core.runs import policy
from core.runs.run import Run
from core.training.weights import build_with_weights


@dataclass(frozen=True)
class OpenedRun:
    """A run's best weights; `writer` without interventions generates what `python -m core generate` does."""

    config: CharLMConfig
    vocabulary: Vocabulary
    network: NumpyNetwork
    writer: GatedWriter

    def read(self, text: str) -> Passage:
        """Read `text` with the network. Raises UserError where it is empty."""
        return passage.read(self.network, self.vocabulary, text, lowercase=self.config.lowercase, nfkc=self.config.nfkc)

    def suggestions(self) -> Suggestions:
        return Suggestions(self.network, self.vocabulary, lowercase=self.config.lowercase, nfkc=self.config.nfkc)


def open_run(run: Run) -> OpenedRun:
    """Load a run. Raises UserError where it is gone, not a character model, or has no whole model yet."""
    if not run.path.is_dir():
        raise UserError(_("The run “{run}” does not exist any more: choose another one.").format(run=run.id))
    config = run.options
    if not isinstance(config, CharLMConfig):
        raise UserError(_("The run “{run}” is no character model: choose one that writes.").format(run=run.id))
    vocabulary = load_vocabulary(run)
    model = build_with_weights(lambda: build(config, len(vocabulary)), run.model_path)
    return OpenedRun(
        config, vocabulary, NumpyNetwork.from_keras(model, config.cell), GatedWriter(model, config, vocabulary)
    )


def training_text(run: Run) -> Text:
    """Prepare the text that the run was trained on. Raises UserError where its data is missing or was changed."""
    config = run.options
    assert isinstance(config, CharLMConfig)
    return policy.current().read(prepare, run.sources(), config, run_folder=run.path)
