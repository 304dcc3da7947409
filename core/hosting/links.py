"""Teacher links: the address of a Train page with sample, preset, options and seed set and some controls hidden.

    /text-train?charlm-sample=lighthouse&charlm-preset=quick&units=48&seed=3&hide=data,preset&language=zh

The keys are those of samples, presets and options, the same in every language; an option is named only where it differs
from its preset. A link hides controls to keep a lesson simple, not to forbid anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from core.errors import UserError, one_line
from core.families import Family
from core.i18n import _, language
from core.jobs.rerun import differences
from core.samples.registry import SAMPLES
from core.schema import BUDGETS, Options, from_text, name_of, one_budget, parse_options

HIDE = ("data", "preset", "options", "name")
ELSEWHERE = ("class", "visitor", "language", "from")  # URL parameters that other modules read
OWN = ("text_column", "label_column")  # options that depend on the data and are never part of a link
SHOWN = 60  # characters of an unknown parameter that a message quotes


@dataclass(frozen=True)
class LinkSettings:
    """The settings of a link: options that override the preset's, and groups of controls to hide."""

    options: dict[str, Any] = field(default_factory=dict)
    hide: tuple[str, ...] = ()

    def hides(self, group: str) -> bool:
        return group in self.hide


def read(family: Family, query: Mapping[str, str]) -> tuple[LinkSettings, list[str]]:
    """Return the settings in a URL query, and a message for each part that was ignored."""
    model, options, hide, faults = family.options, dict[str, Any](), list[str](), list[str]()
    for given, text in query.items():
        name = name_of(model, given)
        shown, value = name[:SHOWN], text[:SHOWN]
        if name == "hide":
            asked = [part.strip() for part in text.split(",") if part.strip()]
            hide = [part for part in HIDE if part in asked]
            faults += [_("“{part}” cannot be hidden.").format(part=part[:SHOWN]) for part in asked if part not in HIDE]
        elif name in model.model_fields and name not in OWN:
            try:
                options[name] = getattr(parse_options(model, {name: from_text(model, name, text)}), name)
            except UserError as error:
                faults.append(str(error))
        elif name in keys(family):
            if text not in keys(family)[name]:
                faults.append(_("There is no “{value}” for “{name}”.").format(value=value, name=shown))
        elif name not in ELSEWHERE:
            faults.append(_("This page knows no “{name}”.").format(name=shown))
    named = [name for name in BUDGETS if options.get(name) is not None]
    if len(named) > 1:
        faults.append(_("A run has one budget, so “{name}” counts.").format(name=named[0]))
        for name in named[1:]:
            options.pop(name)
    if "data" in hide and f"{family.key}-sample" not in query:
        hide.remove("data")
        faults.append(_("The data can only be hidden where the link names a sample."))
    return LinkSettings(one_budget(options), tuple(hide)), [one_line(fault) for fault in faults]


def keys(family: Family) -> dict[str, list[str]]:
    """Return the URL parameters of a Train page, other than options, with their possible values."""
    return {
        f"{family.key}-way": ["sample", "upload", "paste", "download"],
        f"{family.key}-sample": [name for name, item in SAMPLES.items() if item.family == family.key],
        f"{family.key}-preset": list(family.config.PRESETS),
    }


def write(
    family: Family, sample: str, preset: str, before: Options, now: Options, hide: tuple[str, ...], group: str = ""
) -> str:
    """Return the URL query of a link to the Train page; without a `sample` it asks for an upload.

    before: the options that preset and data propose; now: the options to set. Only differences become part of the
    query. group: the token of a class. The link's language is the current one.
    """
    query = {f"{family.key}-sample": sample} if sample else {f"{family.key}-way": "upload"}
    query[f"{family.key}-preset"] = preset
    changed = differences(before.model_dump(mode="json"), now.model_dump(mode="json"))
    for item in changed:
        if item.option not in OWN and not (item.option in BUDGETS and item.now is None):
            query[item.option] = _typed(item.now)
    query["seed"] = str(now.seed)
    if hide:
        query["hide"] = ",".join(part for part in HIDE if part in hide)
    if group:
        query["class"] = group
    query["language"] = language()
    return urlencode(query)


def _typed(value: Any) -> str:
    """Format `value` so that from_text() restores it."""
    if isinstance(value, list | tuple):
        return ",".join(map(_typed, value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
