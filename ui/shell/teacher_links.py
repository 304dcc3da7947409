"""Teacher links: apply one on a Train page, and create one from the current form."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from core.errors import UserError
from core.families import Family
from core.hosting import classes, links
from core.hosting.links import LinkSettings
from core.i18n import N_, _, translated_mapping
from core.runs.store import root_dir
from core.schema import Options, merged
from ui.shell import hosting, navigation
from ui.widgets.text import guard, md

HIDE = translated_mapping(
    {"data": N_("The data"), "preset": N_("The preset"), "options": N_("The options"), "name": N_("The run's name")}
)


def read_link(family: Family) -> LinkSettings:
    """Parse the settings of the address; warn about invalid ones, which are ignored."""
    setup, faults = links.read(family, st.query_params.to_dict())
    if faults:
        told = "\n".join(f"- {md(fault)}" for fault in faults[:8])
        st.warning(
            _("Parts of this address were passed over:") + f"\n\n{told}",
            icon=":material/link_off:",
        )
    return setup


def linked_options(setup: LinkSettings, names: Iterable[str]) -> dict[str, Any]:
    """The link's options whose names are in `names`."""
    return {name: setup.options[name] for name in names if name in setup.options}


def apply_link(proposed: Options, setup: LinkSettings, fixed: Mapping[str, Any]) -> Options:
    """Merge the link's options into the preset's; where the result is invalid, show the error and return the preset."""
    try:
        return merged(proposed, setup.options | dict(fixed))
    except UserError as error:
        st.warning(md(str(error)), icon=":material/link_off:")
        return proposed


def key_suffix(values: Mapping[str, Any]) -> str:
    """Suffix for widget keys, so that widgets are reset for another link."""
    return ",".join(f"{name}={values[name]}" for name in sorted(values))


def show_link_notice(setup: LinkSettings) -> None:
    """Show which options are set by the link where controls are hidden."""
    if setup.hide:
        words = [_("This page was set up for you, and shows only a part of its controls.")]
        words += [", ".join(f"{name} {value}" for name, value in setup.options.items() if value is not None)]
        st.caption(f":material/school: {md(' '.join(words))}")


def share_panel(family: Family, sample: str, preset: str, before: Options, now: Options) -> None:
    """Expander that shows the link to the current form, and creates or leaves a class."""
    title = _("Share this set-up")
    with st.expander(title, icon=":material/share:", key=f"{family.key}-share", on_change="rerun") as box:
        if not box.open:
            return
        if sample:
            st.caption(_("Whoever opens this link finds this page with this sample, preset, options and seed."))
        else:
            st.caption(_("Your own data does not travel in a link: whoever opens it brings data of their own."))
        offered = {key: words for key, words in HIDE.items() if sample or key != "data"}
        hide = st.multiselect(
            _("Hide from the page"), list(offered), key=f"{family.key}-hide", format_func=lambda key: offered[key]
        )
        group = hosting.present_class()
        query = links.write(family, sample, preset, before, now, tuple(hide), group.token if group else "")
        st.code(hosting.full_address(f"{family.section}-train", query), language=None, wrap_lines=True)
        with guard("class"):
            _class_controls(group)


def _class_controls(group: classes.Class | None) -> None:
    if group is None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                _("Name of a class"), key="class-name", max_chars=80, placeholder=_("Tuesday, group B")
            )
            if st.button(_("Make a class address"), icon=":material/groups:"):
                hosting.set_class(classes.create(root_dir(), name).token)
                st.rerun()
        st.caption(_("Runs that are trained by a class's link are seen together, by all who have the link."))
        return
    st.caption(
        _("The link leads into the class “{name}”: what is trained by it is seen together.").format(name=md(group.name))
    )
    with st.container(horizontal=True):
        navigation.link("compare", _("See the class's runs"), ":material/groups:")
        leave_class_button()


def leave_class_button() -> None:
    """Draw the “Leave the class” button."""
    if st.button(_("Leave the class"), icon=":material/logout:", key="leave-class"):
        hosting.set_class("")
        st.rerun()
