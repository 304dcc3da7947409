import pytest

from core.errors import UserError
from core.inputs import load_sources
from tests.core.toy_family import TOY, toy_run


def names(*given: str) -> list[str]:
    return [source.name for source in load_sources(given, TOY)[0]]


def test_a_folder_gives_its_files_by_their_path_in_it(tmp_path):
    for name in ("b/2.txt", "a/1.txt", ".hidden", "a/.x"):
        path = tmp_path / "words" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    sources, label = load_sources([str(tmp_path / "words")], TOY)
    assert [(source.name, source.data) for source in sources] == [("a/1.txt", b"a/1.txt"), ("b/2.txt", b"b/2.txt")]
    assert label == "words"


def test_several_things_are_named_by_the_first(tmp_path):
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(name)
    sources, label = load_sources([str(tmp_path / "one.txt"), str(tmp_path / "two.txt")], TOY)
    assert [source.name for source in sources] == ["one.txt", "two.txt"]
    assert label == "one +1"


def test_a_run_gives_what_it_was_trained_on(toy):
    run = toy_run(toy, name="first")
    sources, label = load_sources(["run:first"], TOY)
    assert sources == run.sources()
    assert label == "first"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere/x.txt", "There is no file"),
        ("run:nope", "There is no run"),
        ("sample:nope", "nope"),
        ("EMPTY", "is empty"),
    ],
)
def test_what_is_not_there_is_a_sentence(toy, tmp_path, given, said):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=said):
        names(str(tmp_path / "empty") if given == "EMPTY" else given)


def test_a_sample_of_another_family_is_named_as_such(toy):
    with pytest.raises(UserError, match=r"for charlm, not for toy"):
        names("sample:lighthouse")


def test_too_much_is_refused_before_it_is_read(tmp_path, toy):
    (tmp_path / "big.txt").write_bytes(bytes(2000))
    with pytest.raises(UserError, match="at most"):
        names(str(tmp_path / "big.txt"))
    with pytest.raises(UserError, match="bring a part"):
        names(str(tmp_path))


def test_chapters_come_in_their_order_and_hidden_folders_stay_out(tmp_path):
    for name in ("10.txt", "2.txt", "1.txt", ".ipynb_checkpoints/1-checkpoint.txt", ".git/HEAD", "__MACOSX/1.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    assert names(str(tmp_path)) == ["1.txt", "2.txt", "10.txt"]


def test_linked_class_folders_are_followed_but_not_in_a_circle(tmp_path):
    for name in ("elsewhere/pos/1.txt", "data/neg/1.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    try:
        (tmp_path / "data" / "pos").symlink_to(tmp_path / "elsewhere" / "pos")
        (tmp_path / "data" / "neg" / "up").symlink_to(tmp_path / "data")
        (tmp_path / "data" / "gone").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("this system makes no links")
    assert names(str(tmp_path / "data")) == ["neg/1.txt", "pos/1.txt"]


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_refused_and_does_not_mean_the_current_folder(name):
    with pytest.raises(UserError, match="An empty name"):
        load_sources([name], TOY)
