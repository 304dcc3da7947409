"""The answers of the service and the requests that it rejects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import prepare
from core.commands.main import main
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import sample
from core.serve.app import BODY_LIMIT, Service

TOKEN = "a token of twenty or so"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An untrained network in a complete run folder."""
    from core.charlm.training.model import build

    config = CharLMConfig(units=8, embedding=4, min_count=1)
    made = create(config, sample("ferry"), name="ferry", directory=tmp_path_factory.mktemp("runs"))
    vocabulary = prepare(made.sources(), config).vocabulary
    made.write_json("vocabulary.json", vocabulary.to_json())
    build(config, len(vocabulary)).save(made.model_path)
    return made


@pytest.fixture
def client(run: Run) -> Iterator[TestClient]:
    with TestClient(Service(run, TOKEN).application()) as opened:
        opened.headers["Authorization"] = f"Bearer {TOKEN}"
        yield opened


def test_the_service_writes_what_the_command_line_writes(
    client: TestClient, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = {"prompt": "渡口", "length": 30, "seed": 5, "count": 2}
    texts = client.post("/generate", json=ask).json()["texts"]
    flags = ["--prompt", "渡口", "--length", "30", "--seed", "5", "--count", "2", "--runs-dir", str(run.path.parent)]
    assert main(["generate", run.id, *flags]) == 0
    said = capsys.readouterr().out
    assert all(f"渡口{text}" in said for text in texts)


def test_the_stream_is_the_same_text(client: TestClient) -> None:
    ask = {"prompt": "水", "length": 150, "seed": 2}
    whole = client.post("/generate", json=ask).json()["texts"][0]
    with client.stream("POST", "/generate/stream", json=ask) as answer:
        parts = list(answer.iter_text())
    assert "".join(parts) == whole
    assert answer.headers["content-type"].startswith("text/plain")


def test_without_the_token_nothing_is_said_of_the_run(client: TestClient, run: Run) -> None:
    assert client.get("/health").json()["run"] == run.id
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/generate", "/generate/stream", "/health"} == set(paths)
    client.headers.pop("Authorization")
    assert client.get("/health").json() == {"state": "ready"}
    assert client.get("/openapi.json").status_code == 401


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ", TOKEN[:-1]])
def test_a_wrong_token_is_refused(client: TestClient, given: str | None) -> None:
    client.headers.pop("Authorization")
    headers = {} if given is None else {"Authorization": given}
    assert client.post("/generate", json={}, headers=headers).status_code == 401


def test_bad_requests_end_in_one_sentence(client: TestClient) -> None:
    for body in (
        b"",
        b"{",
        b"[]",
        b'{"length": 0}',
        b'{"length": 1e9}',
        b'{"temperature": -1}',
        b'{"what": 1}',
        b"\xff",
    ):
        answer = client.post("/generate", content=body, headers=JSON)
        assert answer.status_code == 422, body
        assert "\n" not in answer.json()["error"]


def test_a_body_over_the_limit_is_refused_by_its_word_and_by_its_length(client: TestClient) -> None:
    assert client.post("/generate", content=b"x" * (BODY_LIMIT + 1), headers=JSON).status_code == 413
    chunks = (b"x" * 100_000 for _ in range(BODY_LIMIT // 100_000 + 2))  # sent without content-length
    assert client.post("/generate", content=chunks, headers=JSON).status_code == 413


def test_a_model_that_is_replaced_while_it_serves_is_loaded_anew(run: Run) -> None:
    from core.charlm.training.model import build

    service = Service(run)
    with TestClient(service.application()) as client:
        ask = {"length": 60, "temperature": 0}
        before = client.post("/generate", json=ask).json()["texts"]
        config = run.options
        assert isinstance(config, CharLMConfig)
        old = run.model_path.read_bytes()
        try:
            vocabulary = len(run.read_json("vocabulary.json")["symbols"])
            build(config, vocabulary, seed=99).save(run.model_path)
            assert client.post("/generate", json=ask).json()["texts"] != before
        finally:
            run.model_path.write_bytes(old)


def test_without_a_token_it_listens_on_this_machine_only(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--runs-dir", str(run.path.parent)]
    assert main(["serve", run.id, "--host", "0.0.0.0", *place]) == 2
    assert "--token" in capsys.readouterr().err
    assert main(["serve", "nobody", *place]) == 2


def test_a_run_without_a_model_is_not_served(tmp_path: Path) -> None:
    made = create(CharLMConfig(), sample("notes"), directory=tmp_path)
    assert main(["serve", made.id, "--runs-dir", str(tmp_path)]) == 2
