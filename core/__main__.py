"""python -m core …: train, use and look after runs from a script."""

# PYTHON_ARGCOMPLETE_OK

import sys

from core.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
