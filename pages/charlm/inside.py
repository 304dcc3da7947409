"""Inspect a trained character model in seven views, each with its own address."""

from importlib import import_module

import streamlit as st

from core.i18n import _
from ui.runs.picker import pick_run
from ui.shell.address import choose_view
from ui.widgets.text import guard

VIEWS = {
    "cells": (
        _("Cells"),
        "grid_on",
        _("What is this cell doing? Text coloured by one cell, and which cells follow what."),
    ),
    "gates": (_("Gates"), "sensor_door", _("When do its gates open, and how long does a cell keep what it has?")),
    "lookback": (_("How far back"), "history", _("Which earlier characters does one prediction rest on?")),
    "score": (_("Surprise"), "bolt", _("How well does it know a text, beside simple tables and beside other runs?")),
    "copying": (_("Copying"), "content_copy", _("Does it copy? Every stretch that stands word for word in its text.")),
    "hold": (
        _("Hold a gate"),
        "front_hand",
        _("What becomes of its writing when a gate is forced open or shut?"),
    ),
    "film": (_("Film strip"), "movie", _("How its writing grew: the same prompt and seed at every kept moment.")),
}

MODULES = {"hold": "gate_intervention", "film": "film_strip"}  # views whose address differs from the module name

st.title(_("Look inside"), anchor=False)
run = pick_run("charlm")
if run is None:
    st.stop()
view = choose_view(VIEWS)
with guard(f"inside: {view}"):
    import_module(f"ui.charlm.{MODULES.get(view, view)}").show(run)
