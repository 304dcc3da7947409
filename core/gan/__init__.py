"""The dense GAN: a generator draws grey pictures that a discriminator takes for real.

config and data/ import no TensorFlow, so that a form and the report on pictures are instant. Others come in through the
family's row in core/families.py; the pages of this family are the exception.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # mypy checks the modules against the contract in core/families.py
    from core import families
    from core.gan import card, commands, config, program, service
    from core.gan.config import GANConfig
    from core.gan.data import prepare
    from core.gan.inference import request
    from core.gan.training import train, verdict

    _config: families.ConfigModule[GANConfig] = config
    _data: families.DataModule[GANConfig] = prepare
    _training: families.TrainingModule = train
    _verdict: families.VerdictModule = verdict
    _program: families.ProgramModule = program
    _card: families.CardModule = card
    _request: families.RequestModule = request
    _service: families.ServiceModule = service
    _commands: families.CommandsModule = commands
