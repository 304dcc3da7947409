"""The pages of the GAN."""

from core.i18n import N_
from ui.shell.families import FamilyScreens, Screen

SECTION = N_("Draw")
SCREENS = FamilyScreens(
    (
        Screen("gan-train", "gan/train.py", N_("Train on pictures"), "school", SECTION),
        Screen("gan-draw", "gan/draw.py", N_("Draw"), "grid_view", SECTION),
        Screen("gan-inside", "gan/inside.py", N_("Look inside"), "visibility", SECTION),
    ),
    use="gan-draw",
    use_label=N_("Draw with it"),
    inside="gan-inside",
)
