import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charlm.data.prepare import MAX_MARKS, clean, prepare, sizes
from core.charlm.data.vocabulary import UNKNOWN
from core.errors import UserError
from core.sources import Source

NOTES_SENTENCE = "这是一个示例文本。LSTM将学会预测下一个字符。"
PROSE = "The lamp was lit at dusk, and the keeper wrote down the wind.\n" * 40


@dataclass
class Options:
    encoding: str = "auto"
    lowercase: bool = False
    nfkc: bool = False
    min_count: int = 1
    validation: float = 0.1


def prepared(*data: bytes | str, **options):
    sources = [Source(f"{n}.txt", d.encode() if isinstance(d, str) else d) for n, d in enumerate(data)]
    return prepare(sources, Options(**options))


def refused(*data: bytes | str, **options) -> str:
    with pytest.raises(UserError) as error:
        prepared(*data, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_ids_are_the_text_and_the_validation_part_is_the_last_one():
    text = prepared(PROSE)
    training, validation = text.split()
    assert text.text == PROSE
    assert text.vocabulary.decode(np.concatenate([training, validation])) == PROSE
    assert len(validation) == round(len(PROSE) * 0.1)
    assert PROSE.endswith(text.vocabulary.decode(validation))


def test_several_texts_are_joined_in_order_with_a_blank_line():
    assert prepared("first lines\n\n", b"\xef\xbb\xbfsecond lines").text == "first lines\n\nsecond lines"


def test_a_text_of_the_persons_own_is_the_validation_part():
    sources = [Source("v", b"held out words", "validation"), Source("a", b"first lines"), Source("b", b"more lines")]
    text = prepare(sources, Options(validation=0.4))
    assert text.text == "first lines\n\nmore lines\n\nheld out words"
    assert text.vocabulary.decode(text.split()[1]) == "held out words"
    assert [part.validation for part in text.parts] == [True, False, False]


def test_line_ends_become_line_feeds_and_control_characters_go():
    text, dropped = clean("a\r\nb\rc\x85d\u2028e\ff\tg\x00h\x1b[0m\ufeffi\x9fj\ud800k")
    assert text == "a\nb\nc\nd\ne\nf\tgh[0mijk"
    assert dropped == 5
    notes = prepared(PROSE.replace("dusk", "du\0sk", 3)).notes
    assert notes[0] == "Control characters dropped from “0.txt”: 3."


def test_lower_case_and_nfkc_are_done_only_on_request():
    assert clean("ＡＢＣ ﬁ Ä")[0] == "ＡＢＣ ﬁ Ä"
    assert clean("ＡＢＣ ﬁ Ä", nfkc=True)[0] == "ABC fi Ä"
    assert clean("ＡＢＣ ﬁ Ä", lowercase=True)[0] == "ａｂｃ ﬁ ä"
    assert clean("İ e\u0301", lowercase=True, nfkc=True)[0] == "i̇ é"
    assert prepared(PROSE, lowercase=True).text == PROSE.lower()


def test_nfkc_never_explodes():
    with pytest.raises(UserError, match="NFKC"):
        clean("\ufdfa" * 3_000_000, nfkc=True)
    with pytest.raises(UserError, match="NFKC"):
        clean("a" + "\u0301\u0323" * MAX_MARKS, nfkc=True)
    assert clean("a\u0323\u0301" * 1000, nfkc=True)[0] == "ạ\u0301" * 1000


def test_the_sentence_of_the_notes_can_be_trained_on():
    text = prepared(NOTES_SENTENCE, min_count=3)
    training, validation = text.split()
    assert (len(text.ids), len(training), len(validation)) == (24, 20, 4)
    assert text.vocabulary.decode(text.ids) == NOTES_SENTENCE
    assert text.min_count == 1
    assert any("threshold used is 1" in note for note in text.notes)
    assert any("only 4 characters" in note for note in text.notes)
    assert any("2 of the 21 characters occur only in the validation part" in note for note in text.notes)


def test_rare_characters_are_folded_where_that_hides_little():
    text = prepared(PROSE + "ß", min_count=2)
    assert (text.min_count, text.ids[-1], text.counts["ß"]) == (2, 0, 1)
    assert not any("threshold" in note for note in text.notes)


def test_broken_places_are_read_as_the_unknown_character():
    data = (NOTES_SENTENCE * 9).encode()
    text = prepared(data[:9] + b"\xff" + data[9:])
    assert text.text[3] == UNKNOWN
    assert text.ids[3] == 0
    assert UNKNOWN not in text.vocabulary.symbols[1:]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "only white space"),
        (b" \n\t\r\n" * 100, "only white space"),
        (b"x", "only 1 characters long"),
        (b"fifteen letters", "only 15 characters long"),
        (b"a" * 1_000_000, "“a” again and again"),
        (b"a" * 1_000_000 + b"\n", "“a” again and again"),
        ("👍🏽".encode() * 30, "“👍🏽” again and again"),
        (b"\xef\xbf\xbd" * 100 + b"ab", "too rare to be learned"),
        (bytes(range(32, 127)), "is different"),
        ("".join(map(chr, range(0x4E00, 0x9FA0))).encode(), "is different"),
        ("".join(map(chr, [*range(0x4E00, 0x9FA0), *range(0xAC00, 0xD7A0), *range(0x20000, 0x2A6D0), 33, 33])).encode(),
         "too rare to be learned"),
        (b"%PDF-1.4 ...", "PDF document"),
        (b"\x89PNG\r\n\x1a\n....", "PNG picture"),
        (b"\0" * 100, "binary file"),
        (b"a" * 60_000_000, "60.0 MB"),
    ],
)  # fmt: skip
def test_a_text_from_which_nothing_can_be_learned_is_refused(data, reason):
    assert reason in refused(data)


def test_a_text_that_folding_leaves_with_one_character_is_refused():
    assert "“a” again and again" in refused(b"a" * 1000 + b"b", min_count=2)


def test_many_small_texts_that_are_too_large_together_are_refused():
    assert "together" in refused(*[b"a b" * 10_000_000] * 2)


def test_no_text_at_all_is_refused():
    assert "no text" in refused()


def test_too_short_a_validation_text_is_refused():
    with pytest.raises(UserError, match="validation text has only 2"):
        prepare([Source("a", PROSE.encode()), Source("v", b"ab", "validation")], Options())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), max_size=3),
    st.booleans(),
    st.integers(1, 50),
    st.floats(0.001, 0.9),
)
def test_any_input_is_prepared_or_refused(data, flag, min_count, share):
    try:
        text = prepared(*data, lowercase=flag, nfkc=flag, min_count=min_count, validation=share)
    except UserError:
        return
    training, validation = text.split()
    assert len(training) >= len(validation) >= 4
    assert len(training) + len(validation) == len(text.ids)
    assert 0 <= text.ids.min() <= text.ids.max() < len(text.vocabulary)


def test_sizes_are_those_of_the_prepared_text():
    assert sizes([Source("notes", NOTES_SENTENCE.encode())], Options()) == {"characters": 24, "vocabulary": 22}


def test_the_same_input_gives_the_same_vocabulary_and_ids():
    first, second = prepared(PROSE, NOTES_SENTENCE * 5), prepared(PROSE, NOTES_SENTENCE * 5)
    assert first.vocabulary == second.vocabulary
    np.testing.assert_array_equal(first.ids, second.ids)


def test_the_data_and_its_report_need_no_heavy_import():
    heavy = "{'tensorflow', 'keras', 'pandas', 'sklearn', 'scipy', 'charset_normalizer'}"
    code = f"import sys, core.charlm.data.prepare, core.charlm.data.report; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_empty_or_binary_file_among_chapters_is_left_out_with_a_note():
    chapter = Source("1.txt", b"It was a dark and stormy night, and the lamp went out. " * 4)
    text = prepare([chapter, Source("2.txt", b" "), Source("3.png", b"\x89PNG\r\n\x1a\n")], Options())
    assert [part.name for part in text.parts] == ["1.txt"]
    assert any("2 (“2.txt”, “3.png”)" in note for note in text.notes)
    with pytest.raises(UserError, match="is empty"):
        prepare([Source("2.txt", b"")], Options())
