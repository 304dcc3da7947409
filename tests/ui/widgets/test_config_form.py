"""The form is the schema: every option has a widget, and what it returns is what the schema takes."""

from streamlit.testing.v1 import AppTest

from core.charlm.config import CharLMConfig


def _form() -> None:
    import streamlit as st

    from core.charlm.config import CharLMConfig
    from core.schema import merged
    from ui.widgets.config_form import budget_row, options_form

    base = CharLMConfig(epochs=None, seconds=30, units=77, cell="gru")
    values = budget_row(base, key="t") | options_form(base, key="t", level="basic")
    values |= options_form(base, key="t", level="advanced")
    st.session_state["options"] = merged(base, values).model_dump()
    st.session_state["names"] = sorted(values)


def test_every_option_has_a_widget_that_starts_from_the_given_value() -> None:
    app = AppTest.from_function(_form, default_timeout=60).run()
    assert not app.exception
    assert app.session_state["names"] == sorted(CharLMConfig.model_fields)
    wanted = CharLMConfig(epochs=None, seconds=30, units=77, cell="gru").model_dump()
    assert app.session_state["options"] == wanted


def test_a_changed_widget_changes_that_option_alone() -> None:
    app = AppTest.from_function(_form, default_timeout=60).run()
    app.number_input(key="t.units").set_value(5).run()
    changed = app.session_state["options"]
    assert changed["units"] == 5
    assert changed["seconds"] == 30


def test_another_budget_puts_the_first_out_of_force() -> None:
    app = AppTest.from_function(_form, default_timeout=60).run()
    app.segmented_control(key="t.budget").set_value("steps").run()
    options = app.session_state["options"]
    assert options["steps"] == 1000
    assert options["seconds"] is None
    assert options["epochs"] is None


def test_bounds_of_the_schema_are_bounds_of_the_widget() -> None:
    app = AppTest.from_function(_form, default_timeout=60).run()
    layers = app.number_input(key="t.layers")
    assert (layers.min, layers.max) == (1, 4)
