"""The character model: a recurrent network that guesses the next character of any text.

config and what reads a text in data/ import no TensorFlow, so that a form, an upload's report and `--help` are instant.
Others come in through the family's row in core/families.py, not by importing a module of this package by name; the
pages of this family, which show its data and its inside, are the exception.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # mypy checks the modules against the contract in core/families.py
    from core import families
    from core.charlm import card, commands, config, fine_tuning, program, service
    from core.charlm.config import CharLMConfig
    from core.charlm.data import prepare
    from core.charlm.exports import page
    from core.charlm.inference import request
    from core.charlm.training import train, verdict

    _config: families.ConfigModule[CharLMConfig] = config
    _data: families.DataModule[CharLMConfig] = prepare
    _training: families.TrainingModule = train
    _verdict: families.VerdictModule = verdict
    _fine_tuning: families.FineTuningModule = fine_tuning
    _program: families.ProgramModule = program
    _card: families.CardModule = card
    _page: families.PageModule = page
    _request: families.RequestModule = request
    _service: families.ServiceModule = service
    _commands: families.CommandsModule = commands
