import logging

from core.faults import print_fault, studio_log

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"


def test_a_fault_on_the_terminal_and_in_the_log_shows_a_strangers_escapes_and_obeys_none(capsys, monkeypatch):
    try:
        raise ValueError(EVIL)
    except ValueError:
        print_fault()
        monkeypatch.setattr(logging.getLogger("hidden_state"), "handlers", [])
        studio_log("test").exception("A screen failed: %s", EVIL)
    said = capsys.readouterr().err
    assert said.count("Traceback") == 2
    assert said.count("\\x1b]0;owned") == 3
    assert not set("\x1b\x07\u202e") & set(said)


def test_the_log_says_a_thing_once():
    studio_log(), studio_log("a"), studio_log("b")
    handlers = logging.getLogger("hidden_state").handlers  # another one may keep the newest faults for a demo's owner
    assert sum(isinstance(handler, logging.StreamHandler) for handler in handlers) == 1
