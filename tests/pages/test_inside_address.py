"""Choices in the address by their keys."""

import time

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ui.shell.address import choose, choose_many

    options = {"a": ":material/movie: Alpha", "b": "Béta", "c": "*C*"}
    st.write(choose(st.segmented_control, "One", options, key="one", required=True))
    st.write(",".join(choose_many(st.multiselect, "Many", options, key="many")))


def shown(app: AppTest) -> tuple[str, str]:
    assert not app.exception
    return app.markdown[0].value, app.markdown[1].value if len(app.markdown) > 1 else ""


def test_the_address_holds_the_key_and_only_where_it_is_not_the_default() -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert shown(app) == ("a", "")
    assert "one" not in app.query_params
    app.segmented_control(key="one").set_value("b").run()
    assert app.query_params["one"] == "b"
    app.multiselect(key="many").set_value(["c", "a"]).run()
    assert app.query_params["many"] == "c,a"
    assert shown(app) == ("b", "c,a")
    app.segmented_control(key="one").set_value("a").run()
    assert "one" not in app.query_params


def test_a_cold_link_opens_on_its_choice() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["one"] = "c"
    app.query_params["many"] = "b,nonsense"
    app.run()
    assert shown(app) == ("c", "b")


def test_nonsense_in_the_address_is_the_default_and_goes_away() -> None:
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["one"] = "zzz"
    app.run()
    assert shown(app)[0] == "a"
    assert "one" not in app.query_params


def test_an_address_that_changes_under_the_page_is_heeded_like_a_click() -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    app.segmented_control(key="one").set_value("b").run()
    time.sleep(1.6)
    app.query_params["one"] = "c"
    app.run()
    assert shown(app)[0] == "c"


def test_a_quick_second_click_is_not_undone_by_the_address_from_before() -> None:
    app = AppTest.from_function(page, default_timeout=60).run()
    app.segmented_control(key="one").set_value("b").run()
    del app.query_params["one"]
    app.segmented_control(key="one").set_value("c").run()
    assert shown(app)[0] == "c"
