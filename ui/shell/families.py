"""The optional user-interface modules of a family, in ui/<key>/.

screens.py says which pages it has (FamilyScreens), run_view.py what the run view and Compare draw of its runs
(ui/runs/family_view.py), card.py what the first page shows. A family without them still is listed, shown and compared.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from core.families import FAMILIES
from core.i18n import N_, translated_fields
from core.runs.run import Run


@translated_fields("title", "section")
@dataclass(frozen=True)
class Screen:
    """`key` is the URL path; `file` lies in a sub-folder of pages/ (a file directly in pages/ would switch Streamlit
    to its old page mechanism); `section` is the heading in the sidebar."""

    key: str
    file: str
    title: str
    icon: str
    section: str


@translated_fields("use_label")
@dataclass(frozen=True)
class FamilyScreens:
    """The screens of a family in the sidebar's order, and the keys of those that use a trained run and look inside it;
    "" where there is none. The one that trains has the key `<section>-train`, of the family's section in the table.
    `use_label` is the text of the run page's link to the one that uses it.
    """

    screens: tuple[Screen, ...] = ()
    use: str = ""
    use_label: str = N_("Use it")
    inside: str = ""


class CardModule(Protocol):
    """`card.py`: a trained run on the first page, ready to be tried."""

    def card(self, run: Run, /) -> None: ...


def family_module(key: str, name: str) -> Any | None:
    """The module ui.<key>.<name>, or None where the family has none."""
    package = f"ui.{key}"
    if key not in FAMILIES or find_spec(package) is None or find_spec(f"{package}.{name}") is None:
        return None
    return import_module(f"{package}.{name}")


def screens_of(key: str) -> FamilyScreens:
    module = family_module(key, "screens")
    return FamilyScreens() if module is None else cast(FamilyScreens, module.SCREENS)
