"""Export of the toy as a program."""

from core.runs.run import Run

LEFT_OUT: dict[str, str] = {}


def files(run: Run) -> dict[str, bytes]:
    return {"train.py": b"print('toy')\n", "numbers.txt": b"1"}


def use(run: Run) -> str:
    return "print('use')\n"
