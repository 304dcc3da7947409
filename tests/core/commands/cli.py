"""Helpers that call the command line in this process."""

import json
from typing import Any

from core.commands.main import main


def run(capsys, *words: str) -> tuple[int, str, str]:
    try:
        code: Any = main(list(words))
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    return code, out, err


def answer(capsys, *words: str) -> dict:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out.splitlines()[-1])
