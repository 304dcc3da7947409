"""The pages of the classifier."""

from core.i18n import N_
from ui.shell.families import FamilyScreens, Screen

SECTION = N_("Classify")
SCREENS = FamilyScreens(
    (
        Screen("classify-train", "classifier/train.py", N_("Train on a table"), "school", SECTION),
        Screen("classify-use", "classifier/use.py", N_("Classify"), "label", SECTION),
        Screen("classify-evaluate", "classifier/evaluate.py", N_("Evaluate"), "fact_check", SECTION),
        Screen("classify-why", "classifier/why.py", N_("Why"), "visibility", SECTION),
    ),
    use="classify-use",
    use_label=N_("Classify with it"),
    inside="classify-why",
)
