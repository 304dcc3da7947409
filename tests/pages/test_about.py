"""About, at the foot of the sidebar, in both languages."""

import keras
import pytest
import streamlit as st

from core.version import label
from tests.pages.conftest import faults, open_page


@pytest.mark.parametrize(
    ("language", "title", "licence", "report"),
    [
        ("en", "About", "under the MIT licence", "open an issue in the repository"),
        ("zh", "关于", "采用 MIT 许可证", "代码仓库中新建 issue"),
    ],
)
def test_about_names_versions_licence_and_how_to_report(app, language, title, licence, report):
    open_page(app, "runs/runs.py", language=language)
    assert faults(app) == []
    (about,) = [block for block in app.sidebar.children.values() if block.type == "popover"]
    assert about.proto.popover.label == title
    lines = about.code[0].value.splitlines()
    assert lines[0] == label()
    assert {f"keras {keras.__version__}", f"streamlit {st.__version__}"} <= set(lines)
    text = " ".join(item.value for item in about.markdown)
    assert licence in text
    assert report in text
    assert "docs/security.md" in text
