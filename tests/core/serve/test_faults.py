"""Slow, numerous and interrupted answers, and models that are replaced or deleted while served."""

import json
import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.runs.run import Run
from core.runs.store import DEFAULT_DIR
from core.serve import app
from core.serve.app import Service
from tests.core.serve.calls import TOKEN, answer, call, works
from tests.core.serve.conftest import Room


def test_who_waits_too_long_or_stands_too_far_back_is_told_so(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "QUEUE_SECONDS", 0.3)
    monkeypatch.setattr(app, "QUEUE_LIMIT", 2)
    first = call(port, "/slow", body=b'{"seconds": 1.2}')
    time.sleep(0.2)
    others = [call(port, "/slow") for _ in range(5)]
    statuses = sorted(answer(other)[0] for other in others)
    assert statuses == [503] * 5
    assert answer(first)[0] == 200
    assert works(port)


def test_an_answer_that_takes_too_long_is_said_to_and_keeps_its_turn_until_it_is_done(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "ANSWER_SECONDS", 0.3)
    status, body = answer(call(port, "/slow", body=b'{"seconds": 1}'))
    assert (status, json.loads(body)["error"]) == (503, "The answer takes too long: ask for less.")
    assert works(port), "the next one waited for its turn"
    assert answer(call(port, "/slow", body=b'{"parts": -1}'))[0] == 422


def test_a_stream_comes_as_it_is_made_and_whole(port: int) -> None:
    status, body = answer(call(port, "/stream", body=b'{"parts": 5, "seconds": 0.05}'))
    assert status == 200
    assert body.count(b"x" * 1000) == 5


@pytest.mark.parametrize("wish", [b'{"parts": 50, "seconds": 0.1}', b'{"parts": 2, "seconds": 0.4}'])
def test_a_stream_that_ends_too_early_breaks_off(port: int, monkeypatch: pytest.MonkeyPatch, wish: bytes) -> None:
    monkeypatch.setattr(app, "ANSWER_SECONDS", 0.5 if b"50" in wish else 60.0)
    _status, body = answer(call(port, "/stream", body=wish))
    assert not body.endswith(b"0\r\n\r\n"), "what closes a whole answer"
    assert works(port)


@pytest.mark.exhaustive
def test_who_leaves_or_reads_slowly_in_mid_stream_holds_nobody(port: int, service: Service) -> None:
    leaving = call(port, "/stream", body=b'{"parts": 1000, "seconds": 0.02}')
    leaving.recv(100)
    leaving.close()
    sleeping = call(port, "/stream", body=b'{"parts": 20000}')  # 20 MB that are never read
    assert works(port), "who holds the turn makes others wait until they are refused"
    sleeping.close()


def test_a_new_model_is_taken_up_and_one_that_does_not_load_leaves_the_old_one_answering(
    service: Service, room: Room
) -> None:
    with TestClient(service.application(), headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        def number() -> int:
            found: int = client.post("/number", json={}).json()["number"]
            return found

        assert number() == number() == 1
        service.run.model_path.write_bytes(b"22")
        assert number() == 2
        room.broken = True
        service.run.model_path.write_bytes(b"333")
        assert number() == 2
        room.broken = False
        service.run.model_path.write_bytes(b"4444")
        assert number() == 3
        assert client.get("/health").json()["state"] == "ready"
        service.run.model_path.unlink()
        refused, gone = client.post("/number", json={}), client.get("/health")
        assert (refused.status_code, "no trained model" in refused.json()["error"]) == (422, True)
        assert (gone.status_code, gone.json()["state"], gone.json()["run"]) == (503, "gone", service.run.id)
        assert gone.json()["error"] == refused.json()["error"]
        assert "503" in client.get("/openapi.json").json()["paths"]["/health"]["get"]["responses"]


@pytest.mark.parametrize(
    ("demo", "path", "ask", "kind"),
    [
        ("demo-lighthouse", "/generate", {"prompt": "The", "length": 20}, "application/json"),
        ("demo-reviews", "/classify", {"texts": ["good, I would come again", "很难吃"]}, "application/json"),
        ("demo-digits", "/sample", {"count": 4, "seed": 1}, "image/png"),
        ("demo-digits", "/sample/arrays", {"count": 4}, "application/octet-stream"),
    ],
)
def test_every_family_answers_and_is_described(demo: str, path: str, ask: dict[str, Any], kind: str) -> None:
    with TestClient(Service(Run(DEFAULT_DIR / demo)).application()) as client:
        found = client.post(path, json=ask)
        assert (found.status_code, found.headers["content-type"]) == (200, kind)
        if path == "/classify":
            answers, classes = found.json()["answers"], found.json()["classes"]
            assert [sum(item["probabilities"]) for item in answers] == pytest.approx([1.0, 1.0])
            assert all(item["label"] == classes[max(range(len(classes)), key=item["probabilities"].__getitem__)]
                       for item in answers)  # fmt: skip
            unsure = client.post(path, json=ask | {"threshold": 1.0}).json()["answers"]
            assert [item["label"] for item in unsure] == [None, None]
            assert client.post(path, json={"texts": []}).status_code == 422
            assert client.post(path, json={"texts": ["x"] * 1001}).status_code == 422
        described = client.get("/openapi.json").json()["paths"][path]["post"]
        assert kind in described["responses"]["200"]["content"]
        assert set(ask) <= set(described["requestBody"]["content"]["application/json"]["schema"]["properties"])
