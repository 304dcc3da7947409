"""The language: from the address, by choice, from the browser; each person has their own."""

import shutil
from urllib.parse import parse_qs, parse_qsl, urlencode, urlparse

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import STUDIO, faults, open_page
from tests.pages.test_strange_addresses import DEMOS, SCREENS
from tests.selection import sampled
from ui.shell import language, navigation

TITLES = {screen.file: screen for screen in navigation.screens()}


def title(app):
    return app.title[0].value


@pytest.mark.parametrize(
    "screen",
    sampled(
        [*SCREENS, "classifier/evaluate.py"],
        ["home/overview.py", "charlm/train.py", "classifier/evaluate.py", "runs/runs.py", "learn/index.py"],
    ),
)
def test_a_screen_opened_in_chinese_shows_no_fault_and_keeps_the_language(app, runs_folder, screen):
    for demo in DEMOS.values():
        shutil.copytree(demo, runs_folder / demo.name)
    open_page(app, screen, language="zh")
    assert faults(app) == []
    assert app.query_params["language"] == ["zh"] or app.query_params["language"] == "zh"
    said = [item.value for kind in (app.title, app.subheader, app.caption, app.markdown) for item in kind]
    assert any("\u4e00" <= letter <= "\u9fff" for text in said for letter in text)
    assert app.sidebar.caption[0].value.startswith("Hidden State · 小型神经网络")


def test_the_address_leads_and_a_choice_stays_on_every_page(app):
    open_page(app, "runs/runs.py", language="zh")
    assert title(app) == "训练记录"
    app.query_params.clear()
    open_page(app, "runs/compare.py")
    assert title(app) == "比较"
    app.segmented_control(key="language-below").set_value("en").run()
    assert title(app) == "Compare"
    assert dict(app.query_params)["language"] in ("en", ["en"])
    open_page(app, "home/overview.py", language="xx")
    assert faults(app) == []
    assert app.segmented_control(key="language-above").value == "en"


def test_a_browser_speaks_for_a_person_who_chose_nothing(app, monkeypatch):
    monkeypatch.setattr(type(st.context), "locale", property(lambda _context: "zh-CN"))
    open_page(app, "runs/runs.py")
    assert title(app) == "训练记录"
    assert "language" not in app.query_params, "nobody chose it"
    monkeypatch.setattr(type(st.context), "locale", property(lambda _context: "fr-FR"))
    open_page(app, "runs/runs.py")
    assert title(app) == "Runs"


def test_a_teachers_link_carries_the_language_and_the_page_is_set_up_in_it(app):
    open_page(app, "charlm/train.py", language="zh")
    app.session_state["charlm-share"] = True
    app.run()
    (address,) = [item.value for item in app.code if "charlm-preset" in item.value]
    query = dict(parse_qsl(urlparse(address).query))
    assert query["language"] == "zh"
    open_page(app, "charlm/train.py", **query)
    assert not app.warning, "the page knows all of it"


def test_no_more_sessions_are_remembered_than_there_is_room_for(app, monkeypatch):
    monkeypatch.setattr(language, "SESSIONS", 3)
    language._languages.update({str(number): "zh" for number in range(9)})
    open_page(app, "runs/runs.py")
    assert len(language._languages) == 3


@pytest.mark.parametrize("said", sampled(["编码器与解码器", "both", "Encoder and decoder"]))
@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_lab_pages_address_says_the_same_in_every_language(app, code, said):
    open_page(app, "learn/attention.py", **{"language": code, "attention-view": said})
    assert not app.warning
    assert app.main.segmented_control(key="attention-view").value == "both"
    assert dict(app.query_params)["attention-view"] in ("both", ["both"])


def forget_all():
    st.cache_data.clear()
    st.cache_resource.clear()


def said(app):
    return [item.value for kind in (app.caption, app.markdown, app.main.info) for item in kind] + [
        frame.value.to_csv() for frame in app.dataframe
    ]


@pytest.mark.parametrize(
    ("screen", "query"),
    sampled(
        [
            ("charlm/train.py", {}),
            ("classifier/train.py", {}),
            ("gan/train.py", {}),
            ("gan/train.py", {"gan-sample": "shapes"}),
            ("classifier/evaluate.py", {"run": "demo-reviews"}),
            ("classifier/why.py", {"run": "demo-reviews", "view": "attention", "text": "Good tea"}),
            ("charlm/inside.py", {"run": "demo-lighthouse", "view": "cells"}),
            ("learn/rnn.py", {}),
        ],
        3,
    ),
    ids=lambda value: value if isinstance(value, str) else "-".join(value.values()),
)
def test_what_is_kept_for_everybody_is_told_to_each_in_their_language(app, runs_folder, screen, query):
    def opened_in(code):
        visitor = open_page(AppTest.from_file(str(STUDIO), default_timeout=60), screen, language=code, **query)
        assert faults(visitor) == []
        return said(visitor)

    for demo in DEMOS.values():
        shutil.copytree(demo, runs_folder / demo.name)
    forget_all()
    english = opened_in("en")
    forget_all()
    chinese = opened_in("zh")
    assert opened_in("en") == english
    assert opened_in("zh") == chinese != english


@pytest.mark.parametrize("listed", sampled(["笑脸,自定义", "own,smile", "Smile,Own", ["Smile", "Own"]]))
@pytest.mark.parametrize("code", ["en", "zh"])
def test_several_at_once_are_in_the_address_by_their_keys(app, code, listed):
    open_page(app, "learn/hopfield.py", **{"language": code, "hopfield-stored": listed})
    assert not app.warning
    pills = app.main.button_group(key="hopfield-stored")
    assert set(pills.value) == {"smile", "own"}
    (written,) = parse_qs(urlencode(app.query_params, doseq=True))["hopfield-stored"]
    assert set(written.split(",")) == {"smile", "own"}
    pills.set_value([]).run()
    assert app.query_params["hopfield-stored"] in ("-", ["-"]), "nothing is a choice too"
    assert faults(app) == []
    pills = app.main.button_group(key="hopfield-stored").set_value(["cross", "house", "smile"]).run()
    assert "hopfield-stored" not in app.query_params, "what the page begins with needs no mention"


@pytest.mark.parametrize(("code", "chinese"), [("en", False), ("zh", True)])
def test_the_first_example_is_one_that_the_person_can_read(app, runs_folder, code, chinese):
    shutil.copytree(DEMOS["reviews"], runs_folder / "demo-reviews")
    app.query_params["language"] = code  # from the first moment on: what stands in the field later is the person's own
    app.run()
    text = app.text_input(key="card-sentence").value
    assert text
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text) is chinese
