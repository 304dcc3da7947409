import os
import zipfile
from io import BytesIO
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charlm.data.decoding import MAX_BYTES, SAMPLE_BYTES, decode
from core.errors import UserError
from core.sources import Source

ENGLISH = "“It’s a fine café,” she said — and the naïve waiter agreed. We were there for £5.\n"
CHINESE = "这是一个示例文本。从前有座山，山里有座庙，庙里有个老和尚在讲故事。\n我们都有一个梦想。\n"
LANGUAGES = {
    "cp1252": [ENGLISH, "Il était une fois, dans une forêt très éloignée, un garçon qui rêvait d’être écrivain.\n"],
    "cp1250": ["Zażółć gęślą jaźń. Wśród pięknych łąk szedł człowiek, który myślał o życiu i śmierci.\n"],
    "cp1251": ["Однажды, в студёную зимнюю пору, я из лесу вышел; был сильный мороз.\n"],
    "koi8_r": ["Однажды, в студёную зимнюю пору, я из лесу вышел; был сильный мороз.\n"],
    "gb18030": [CHINESE, "你好，世界！今天天气很好。"],
    "big5": ["這是一個示例文本。從前有座山，山裡有座廟，廟裡有個老和尚在講故事。\n"],
    "cp932": ["むかしむかし、あるところに、おじいさんとおばあさんがいました。\n"],
    "euc_jp": ["むかしむかし、あるところに、おじいさんとおばあさんがいました。\n"],
    "cp949": ["옛날 옛적에 호랑이가 담배를 피우던 시절에 한 나무꾼이 살았습니다.\n"],
}


def source(data: bytes) -> Source:
    return Source("novel.txt", data)


def refused(data: bytes) -> str:
    with pytest.raises(UserError) as error:
        decode(source(data))
    return str(error.value)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "👩🏽‍🚀 e\u0301", "plain"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le+mark", "utf-16-be+mark", "gb18030+mark"]
)
def test_unicode_files_are_read_exactly_and_without_their_mark(text, encoding):
    codec, _, mark = encoding.partition("+")
    decoded = decode(source((("\ufeff" if mark else "") + text).encode(codec)))
    assert (decoded.text, decoded.notes) == (text, ())


@pytest.mark.parametrize("text", [ENGLISH, CHINESE * 3, "plain words"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised_by_its_nul_bytes(text, encoding):
    decoded = decode(source(text.encode(encoding)))
    assert decoded.text == text
    assert decoded.encoding == encoding.upper()
    assert "choose another encoding" in decoded.notes[0]


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize(("encoding", "text"), [(e, text) for e, texts in LANGUAGES.items() for text in texts])
def test_encodings_from_before_unicode_are_found_by_evidence(encoding, text, times):
    decoded = decode(source((text * times).encode(encoding)))
    assert decoded.text == text * times
    assert "does not say how it is encoded" in decoded.notes[0]


def test_a_long_file_is_judged_by_the_lines_that_hold_evidence():
    text = "nothing but plain letters\n" * 20_000 + ENGLISH
    assert decode(source(text.encode("cp1252"))).text == text


def test_one_endless_line_of_chinese_is_recognised_though_the_sample_cuts_a_character():
    text = "x" + CHINESE.replace("\n", "") * (SAMPLE_BYTES // 60)
    assert len(text.encode("gb18030")) > SAMPLE_BYTES
    assert decode(source(text.encode("gb18030"))).text == text


def test_invalid_utf8_in_the_middle_is_replaced_and_counted():
    data = CHINESE.encode()
    decoded = decode(source(data[:30] + b"\xff" + data[30:60] + b"\xc3" + data[60:]))
    assert decoded.encoding == "UTF-8"
    assert decoded.text == CHINESE[:10] + "\ufffd" + CHINESE[10:20] + "\ufffd" + CHINESE[20:]
    assert decoded.notes[0].endswith(": 2; the first stands in line 1.")


def test_a_utf8_file_cut_inside_its_last_character_loses_only_that():
    decoded = decode(source(CHINESE.strip().encode()[:-1]))
    assert decoded.text == CHINESE.strip()[:-1] + "\ufffd"


def test_a_replacement_character_of_the_text_itself_is_no_damage():
    assert decode(source("a \ufffd is a sign".encode())).notes == ()


def test_utf16_with_half_a_surrogate_pair_is_replaced_and_counted():
    decoded = decode(source("\ufeffabcdefgh".encode("utf-16-le") + b"\x00\xd8" + "ijklmnop".encode("utf-16-le")))
    assert decoded.text == "abcdefgh\ufffdijklmnop"
    assert decoded.notes[0].endswith(": 1; the first stands in line 1.")


def zip_file() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", ENGLISH)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde", "PNG picture"),
        (zip_file(), "ZIP archive"),
        (b"\0" * 1000, "binary file"),
        (ENGLISH.encode() + b"\0" * 300, "binary file"),
        (bytes(range(256)) * 20, "binary file"),
        (b"\xff\xfe" + bytes(range(256)) * 20, "binary file"),
        (os.urandom(5000), "binary file"),
    ],
)
def test_a_binary_file_that_is_named_txt_is_refused_in_one_sentence(data, kind):
    message = refused(data)
    assert kind in message
    assert "novel.txt" in message
    assert "\n" not in message


def test_an_empty_file_is_refused():
    assert "is empty" in refused(b"")


def test_sixty_megabytes_are_refused_before_they_are_read():
    assert f"at most {MAX_BYTES // 10**6} MB" in refused(b"a" * 60_000_000)


def test_an_encoding_nobody_knows_is_refused():
    assert "UTF-8" in refused(bytes(Random(0).choices([*range(128, 256), 32], k=2000)))


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | st.tuples(
        st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\x84\x31\x95\x33"]),
        st.text(max_size=60),
        st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "gb18030", "cp1252", "big5", "utf-32-le"]),
        st.binary(max_size=4),
    ).map(lambda t: t[0] + t[1].encode(t[2], "ignore") + t[3])
)
def test_any_bytes_are_read_or_refused_with_a_sentence(data):
    try:
        decoded = decode(source(data))
    except UserError:
        return
    assert isinstance(decoded.text, str)
    assert decoded.encoding
