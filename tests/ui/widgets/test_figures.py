"""What the figures do to numbers."""

import numpy as np
import pytest

from ui.widgets import figures
from ui.widgets.palette import with_alpha


def test_thinning_keeps_the_last_point_and_the_order() -> None:
    x, y = figures.downsample(list(range(10_001)), [float(v) for v in range(10_001)], limit=100)
    assert x[0] == 0
    assert x[-1] == y[-1] == 10_000
    assert x == sorted(x)
    assert len(x) < 130
    assert figures.downsample([], []) == ([], [])


def test_smoothing_a_constant_changes_nothing_and_its_start_is_not_dragged_to_zero() -> None:
    np.testing.assert_allclose(figures.smooth([3.0] * 50), 3.0)
    assert figures.smooth([5.0, 1.0], 0.5) == pytest.approx([5.0, (0.25 * 5 + 0.5 * 1) / 0.75])


def test_a_figure_keeps_the_zoom_of_one_run_and_not_of_another() -> None:
    assert figures.figure(revision="a").layout.uirevision != figures.figure(revision="b").layout.uirevision
    assert figures.figure(revision="a").layout.uirevision == figures.figure(revision="a").layout.uirevision


def test_fading_a_colour() -> None:
    assert with_alpha("#ff8000", 0.5) == "rgba(255, 128, 0, 0.5)"


def test_texts_of_a_figure_are_shown_as_they_are_written() -> None:
    evil, safe = "<a href='x'>1 & 2</a>", "&lt;a href='x'&gt;1 &amp; 2&lt;/a&gt;"
    chart = figures.figure(evil, "plain")
    chart.add_bar(x=[evil, "b"], y=np.array([1.0, 2.0]), name=evil, text=[evil], customdata=np.array([[evil]]))
    chart.add_scatter(x=[1, 2], y=[None, 2.0], name="two<br>lines", hovertemplate="%{x}<extra></extra>")
    figures.baseline(chart, 1.0, evil)
    chart.update_yaxes(ticktext=[evil, "b"], tickvals=[0, 1])
    figures.escape_markup(chart)
    bar, line = chart.data
    assert (list(bar.x), bar.name, bar.text[0], bar.customdata[0][0]) == ([safe, "b"], safe, safe, safe)
    assert bar.y.tolist() == [1.0, 2.0]
    assert (line.name, line.hovertemplate, list(line.y)) == ("two<br>lines", "%{x}<extra></extra>", [None, 2.0])
    assert chart.layout.annotations[0].text == safe
    assert (chart.layout.xaxis.title.text, chart.layout.yaxis.title.text) == (safe, "plain")
    assert list(chart.layout.yaxis.ticktext) == [safe, "b"]
