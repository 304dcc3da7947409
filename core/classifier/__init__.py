"""The Transformer classifier: tells the labels of texts apart, beside linear models trained on the same split.

config and what reads a table in data/ import neither TensorFlow nor scikit-learn, so that a form and the report on a
table are instant. Others come in through the family's row in core/families.py; the pages of this family are the
exception.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # mypy checks the modules against the contract in core/families.py
    from core import families
    from core.classifier import card, commands, config, program, service
    from core.classifier.config import ClassifierConfig
    from core.classifier.data import prepare
    from core.classifier.inference import request
    from core.classifier.training import train, verdict

    _config: families.ConfigModule[ClassifierConfig] = config
    _data: families.DataModule[ClassifierConfig] = prepare
    _training: families.TrainingModule = train
    _verdict: families.VerdictModule = verdict
    _program: families.ProgramModule = program
    _card: families.CardModule = card
    _request: families.RequestModule = request
    _service: families.ServiceModule = service
    _commands: families.CommandsModule = commands
