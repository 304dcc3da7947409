"""What several exports say of a run: its figures, and the data that it was trained on."""

from core.families import family
from core.model_card import Figure
from core.runs.files import is_number
from core.runs.run import Run

NAMES_SHOWN = 10  # files of the data


def figures(run: Run) -> list[tuple[Figure, float]]:
    """The figures of the family's model card that the run's report holds."""
    report = run.report
    return [(item, report[item.key]) for item in family(run.family).card.figures if is_number(report.get(item.key))]


def data_files(run: Run) -> tuple[list[tuple[str, str]], int]:
    """Name and sha256 of the first NAMES_SHOWN files of the data, and how many more there are."""
    files = run.config["data"]["files"]
    named = [(str(item.get("name", "")), str(item.get("sha256", ""))) for item in files[:NAMES_SHOWN]]
    return named, max(0, len(files) - NAMES_SHOWN)
