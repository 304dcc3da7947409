"""Views of a generator's latent space."""

import numpy as np
import streamlit as st

from core.gan.config import GANConfig
from core.gan.data.files import PICTURES
from core.gan.data.prepare import prepare
from core.gan.data.report import one_picture
from core.gan.inference import image_files
from core.gan.inference.draw import analogy, interpolate_linear, interpolate_spherical
from core.gan.inference.request import Sample
from core.gan.training.memorization import nearest, share_nearer_to_training
from core.i18n import _, lazy_message
from core.runs import policy
from core.runs.run import Run
from core.sources import Source
from ui.gan.drawing import animation, sampler_of, sheet
from ui.shell.cache_keys import data_key
from ui.widgets import figures
from ui.widgets.config_form import request_widget
from ui.widgets.palette import GENERATOR, REAL

ROWS = 6
STEPS = 11


def _seed(key: str) -> int:
    return int(request_widget(Sample, "seed", key=key, bind=None, width=180))


def directions(run: Run) -> None:
    """Show a sample moved along the principal latent directions."""
    sampler = sampler_of(run)
    seed = _seed("directions-seed")
    vectors, slopes = sampler.directions
    noise, shares = sampler.noise(1, seed), sampler.shares(1)
    shown = min(ROWS, len(slopes))
    reach = st.slider(_("How far"), 0.5, 6.0, 3.0, 0.5, key="directions-reach")
    amounts = np.linspace(-reach, reach, STEPS)
    moved = np.concatenate([noise + amount * vectors[row] for row in range(shown) for amount in amounts])
    class_shares = None if shares is None else np.repeat(shares, len(moved), 0)
    alt = _("Each row follows one direction, from far one way to far the other")
    st.image(sheet(sampler.draw(moved.astype(np.float32), class_shares), STEPS), width="stretch", alt=alt)
    st.caption(_("Each row is one direction of the noise, the strongest above; the middle is the sample itself."))
    chart = figures.figure(_("direction"), _("grey levels a step"), height=220)
    chart.add_bar(x=list(range(1, len(slopes) + 1)), y=slopes.tolist(), marker_color=GENERATOR)
    table = {_("direction"): list(range(1, len(slopes) + 1)), _("grey levels"): np.round(slopes, 2).tolist()}
    figures.draw(chart, key="slopes", alt=_("How much each direction changes the picture"), table=table)


def walk(run: Run) -> None:
    """Show linear and spherical interpolation between two samples."""
    sampler = sampler_of(run)
    left, right = st.columns(2)
    with left:
        a = request_widget(Sample, "seed", label=_("From seed"), key="walk-a", bind=None)
    with right:
        b = request_widget(Sample, "seed", label=_("To seed"), key="walk-b", value=1, bind=None)
    one, two = sampler.noise(1, a)[0], sampler.noise(1, b)[0]
    kinds = sampler.shares(max(2, len(sampler.classes)))
    class_shares = None if kinds is None else interpolate_linear(kinds[0], kinds[1], 12)
    for name, path in (
        (_("Along the sphere"), interpolate_spherical(one, two, 12)),
        (_("Straight"), interpolate_linear(one, two, 12)),
    ):
        st.caption(_("{name}: the noise is {length:.1f} long half way").format(name=name, length=_length(path)))
        st.image(sheet(sampler.draw(path, class_shares), 12), width="stretch", alt=name)
    st.caption(_("Half way along the line the noise is shorter than any that was trained on; on the sphere it is not."))


def _length(path: np.ndarray) -> float:
    return float(np.linalg.norm(path[len(path) // 2]))


def arithmetic(run: Run) -> None:
    """Show latent arithmetic, A − B + C."""
    sampler = sampler_of(run)
    seeds = []
    for column, (name, start) in zip(st.columns(3), (("A", 0), ("B", 1), ("C", 2)), strict=True):
        with column:
            seeds.append(request_widget(Sample, "seed", label=name, key=f"sum-{name}", value=start, bind=None))
    a, b, c = (sampler.noise(1, seed)[0] for seed in seeds)
    noise = np.stack([a, b, c, analogy(a, b, c)])
    class_shares = None if not sampler.classes else sampler.shares(4, sampler.classes[0])
    st.image(sheet(sampler.draw(noise, class_shares), 4), width=520, alt="A, B, C, A − B + C")
    st.caption(_("From left to right: A, B, C, and A − B + C, all of the same kind."))


def find_picture(run: Run) -> None:
    """Search the noise whose image is most similar to an uploaded one."""
    sampler, options = sampler_of(run), run.options
    assert isinstance(options, GANConfig)
    file = st.file_uploader(_("A picture"), type=[end[1:] for end in PICTURES], key="find-file")
    if file is None:
        held = _pictures(run)[1]
        at = int(st.number_input(_("Or a held-out one, by number"), 0, len(held) - 1, 0, key="find-held", width=220))
        picture = held[at]
    else:
        picture = policy.current().read(one_picture, Source(file.name, file.getvalue()), options)
    with st.spinner(_("Searching …")):
        found = sampler.find_latent(picture)
    st.image(sheet(np.stack([picture, found.picture]), 2), width=360, alt=_("The picture, and what was found"))
    st.caption(
        _(
            "Left the picture, right the nearest that the generator draws: {levels:.0f} grey levels apart on the whole."
        ).format(levels=found.difference)
    )


@st.cache_data(max_entries=2, show_spinner=lazy_message("Reading the pictures …"))
def _read(path: str, born: int) -> tuple[np.ndarray, np.ndarray]:
    from pathlib import Path

    run = Run(Path(path))
    options = run.options
    assert isinstance(options, GANConfig)
    images = policy.current().read(prepare, run.sources(), options, run_folder=run.path)
    return images.x, images.held_x


def _pictures(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out pictures of the run."""
    return _read(*data_key(run))


def memorization(run: Run) -> None:
    """Show samples beside their nearest training images."""
    sampler = sampler_of(run)
    training, held = _pictures(run)
    pictures = sampler.pictures(24, _seed("memory-seed"))
    near, real = nearest(pictures, training), nearest(held[:500], training)
    order = np.argsort(near.distance)
    pairs = np.concatenate([np.stack([pictures[n], training[near.place[n]]]) for n in order])
    st.image(sheet(pairs, 12), width="stretch", alt=_("Drawn pictures, each with its nearest training picture"))
    st.caption(_("Pairs: left what it drew, right the nearest training picture; the nearest pairs come first."))
    chart = figures.figure(_("distance to the nearest training picture"), _("share"), height=260)
    for name, values, colour in ((_("drawn"), near.distance, GENERATOR), (_("held-out real"), real.distance, REAL)):
        chart.add_histogram(x=values.tolist(), name=name, histnorm="probability", marker_color=colour, opacity=0.6)
    chart.update_layout(barmode="overlay")
    table = {
        _("drawn"): np.sort(near.distance).round(3).tolist(),
        _("held-out"): np.sort(real.distance).round(3).tolist(),
    }
    figures.draw(chart, key="memory", alt=_("Distances of drawn and of held-out pictures"), table=table)
    share = share_nearer_to_training(pictures, training, held)
    st.caption(
        _(
            "{share:.0%} of the drawn ones are nearer to training pictures than to equally many held-out ones: about "
            "half where it only knows the kind of picture, all where it copies."
        ).format(share=share)
    )


def training_animation(run: Run) -> None:
    """Show the sample grids of all saved steps as an animation."""
    kept, columns = image_files.kept_pictures(run)
    if len(kept) < 2:
        st.info(_("The run has kept too few moments for a film."))
        return
    made = animation(kept, columns)
    st.image(made, alt=_("The same noise, drawn at every kept moment of the training"))
    st.download_button("GIF", made, f"{run.id}-training.gif", "image/gif", icon=":material/download:")
    still = image_files.png(image_files.grid(kept[:, 0], min(12, len(kept))), 3)
    st.image(still, width="stretch", alt=_("One picture through the training"))
    st.caption(_("One picture from the first moment to the last."))
