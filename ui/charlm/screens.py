"""The pages of the character model."""

from core.i18n import N_
from ui.shell.families import FamilyScreens, Screen

SECTION = N_("Write")
SCREENS = FamilyScreens(
    (
        Screen("text-train", "charlm/train.py", N_("Train on text"), "school", SECTION),
        Screen("text-write", "charlm/write.py", N_("Write"), "edit_note", SECTION),
        Screen("text-together", "charlm/together.py", N_("Write together"), "edit_square", SECTION),
        Screen("text-inside", "charlm/inside.py", N_("Look inside"), "visibility", SECTION),
    ),
    use="text-write",
    use_label=N_("Write with it"),
    inside="text-inside",
)
