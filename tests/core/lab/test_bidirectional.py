import numpy as np
import pytest

from core.errors import UserError
from core.lab import bidirectional, gap
from core.lab.bidirectional import moved, read, split

NOTES = {
    "zh": "明天的第一节课是英语，明天早上我们带一本＿＿书",
    "en": "tomorrow 's first lesson is English , so tomorrow morning we bring one ＿＿ book",
}


@pytest.mark.parametrize("seed", range(3))
def test_both_directions_are_those_of_keras(seed):
    import keras

    states = read(split("we bring one English book to school"), seed)
    layer = keras.layers.Bidirectional(
        keras.layers.SimpleRNN(3, return_sequences=True, dtype="float64"), dtype="float64"
    )
    layer.build((1, *states.x.shape))
    layer.set_weights([a for d in ("forward", "backward") for a in vars(states.cells[d]).values()])
    theirs = layer(states.x[None])[0]
    assert np.allclose(np.concatenate([states.forward, states.backward], axis=1), theirs)


@pytest.mark.parametrize("seed", range(3))
def test_a_new_last_word_moves_every_backward_state_and_one_forward_state(seed):
    before, after = (read(split(f"we bring one English {word}"), seed) for word in ("book", "window"))
    forward, backward = moved(before, after)
    assert (forward[:-1] == 0).all()
    assert forward[-1] > 0
    assert (backward > 0).all()


def test_a_new_first_word_moves_every_forward_state_and_one_backward_state():
    forward, backward = moved(read(split("we bring one"), 0), read(split("they bring one"), 0))
    assert (forward > 0).all()
    assert (backward[1:] == 0).all()
    assert backward[0] > 0


def test_a_word_has_one_vector_wherever_it_stands():
    states = read(split("a b a"), 0)
    assert np.array_equal(states.x[0], states.x[2])
    assert not np.array_equal(states.x[0], states.x[1])


def test_chinese_without_spaces_is_read_character_by_character():
    assert split("英语书") == ("英", "语", "书")
    assert split(" 一 本 书 ") == ("一", "本", "书")


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_the_formula_ends_in_the_state(direction):
    from core.lab.digits import tex

    states = read(split("we bring one book"), 2)
    for t in range(4):
        formula = bidirectional.formula_with_digits(states, t, direction, 1)
        assert formula.endswith(tex(getattr(states, direction)[t, 1]))
        digits = formula.split(r"\tanh(")[1].split(")")[0]
        assert np.tanh(float(digits)) == pytest.approx(getattr(states, direction)[t, 1], abs=1e-3)
    start = bidirectional.formula_with_digits(states, 0 if direction == "forward" else 3, direction, 0)
    assert r"\cdot 0 + " in start


@pytest.mark.parametrize(("changed", "at", "answer"), [(3, 1, 1), (0, 2, 0), (2, 2, 2), (3, 3, 2)])
def test_the_question_is_answered_by_doing_it(changed, at, answer):
    assert bidirectional.question(split("we bring one book"), changed, at, 0).answer_index == answer


@pytest.mark.parametrize("sentence", ["we bring one book", "我们带一本书"])
def test_the_snippet_prints_the_shown_states(sentence, run_snippet):
    snippet = bidirectional.snippet(read(split(sentence), 1))
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize("language", gap.FRAMES)
def test_the_notes_sentence_is_among_the_sentences(language):
    frame, data = gap.FRAMES[language], gap.corpus(language, 0)
    assert any(frame.joiner.join(s.words).startswith(NOTES[language]) for s in data.sentences)


@pytest.mark.parametrize("language", gap.FRAMES)
def test_what_stands_before_the_gap_never_decides(language):
    data = gap.corpus(language, 0)
    by_start: dict[tuple[str, ...], list[str]] = {}
    for s in data.sentences:
        by_start.setdefault(s.words[: data.gap], []).append(s.answer)
    for answers in by_start.values():
        assert sorted(answers.count(a) for a in set(answers)) == [3, 3]
    # no pair of subject and time is both trained and held out, and every answer is trained
    pairs: list[set] = [set(), set()]
    for s, trained in zip(data.sentences, data.trained, strict=True):
        pairs[int(trained)].add(s.pair)
    assert not pairs[0] & pairs[1]
    assert set(data.y[data.trained]) == set(range(len(data.answers)))


@pytest.mark.exhaustive
def test_reading_both_ways_fills_what_one_way_can_only_guess():
    figures, readers = {}, {}
    for kind in gap.KINDS:
        readers[kind] = gap.GapModel("en", kind, 0)
        epochs = list(readers[kind].train())
        figures[kind] = epochs[-1]
        assert [e.number for e in epochs] == list(range(1, gap.EPOCHS + 1))
        assert epochs[-1].loss < epochs[0].loss
    assert figures["one-way"].held_out_accuracy <= 0.5
    assert figures["one-way"].trained_accuracy <= 0.55
    assert figures["both-ways"].held_out_accuracy >= 0.85
    lesson, morning = (
        gap.sentence("en", "tomorrow", "English", "morning", ending).words
        for ending in ("book to school", "snack to school")
    )
    assert readers["one-way"].fill(lesson) == readers["one-way"].fill(morning)
    assert readers["both-ways"].fill(lesson)[0][0] == "English"
    assert readers["both-ways"].fill(morning)[0][0] == "morning"
    assert sum(p for _, p in readers["both-ways"].fill(lesson)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: split(""), "has 0 words"),
        (lambda: split("a " * 25), "has 25 words"),
        (lambda: moved(read(("a", "b"), 0), read(("a",), 0)), "2 and 1 words"),
        (lambda: bidirectional.formula_with_digits(read(("a", "b"), 0), 2, "forward", 0), "The word is 2"),
        (lambda: gap.sentence("fr", "", "", "", ""), "The language"),
        (lambda: gap.sentence("en", "tomorrow", "English", "morning", "car"), "The ending"),
        (lambda: gap.GapModel("en", "three-ways", 0), "The reader"),
        (lambda: gap.GapModel("en", "one-way", 0).fill(("a", "b")), "with the gap as word"),
        (lambda: next(gap.GapModel("en", "one-way", 0).train(0)), "number of passes"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
