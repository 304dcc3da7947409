"""A web page of another site cannot use a local service: not by a name of its own, and not by a plain form post."""

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from core.serve.app import Service
from core.serve.guard import LOCAL_NAMES, host_name, refusal
from tests.core.serve.calls import TOKEN

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def local(service: Service) -> TestClient:
    """As `python -m core serve` binds it by default: on loopback, for the names of this machine."""
    service._names = LOCAL_NAMES
    return TestClient(
        service.application(), base_url="http://localhost:8600", headers={"Authorization": f"Bearer {TOKEN}"}
    )


@pytest.mark.parametrize("host", ["evil.example:8600", "evil.example", "", "localhost.evil.example", "x@localhost"])
@pytest.mark.parametrize("path", ["/number", "/health", "/openapi.json"])
def test_a_name_that_somebody_elsewhere_gave_this_machine_is_refused(local, host, path):
    answer = local.request("POST" if path == "/number" else "GET", path, json={}, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("This service answers to 127.0.0.1, ::1, localhost only")


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1:8600", "[::1]:8600", "LOCALHOST", "localhost."])
def test_this_machines_names_are_answered(local, host):
    assert local.post("/number", json={}, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost:1", "http://evil.example:8600"])
def test_a_page_of_another_site_is_refused(local, origin):
    assert local.post("/number", json={}, headers={"Origin": origin}).status_code == 403
    assert local.post("/number", json={}, headers={"Origin": "http://localhost:8600"}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_without_asking_first_is_refused(local, kind):
    assert local.post("/number", content=b"{}", headers={"Content-Type": kind} if kind else {}).status_code == 415
    assert local.post("/number", content=b"{}", headers={"Content-Type": "application/json; charset=utf-8"}).is_success


def test_two_lengths_of_one_body_are_refused():
    headers = Headers({"host": "localhost", "content-length": "3", "transfer-encoding": "chunked"} | JSON)
    assert (refusal("POST", headers, LOCAL_NAMES) or [0])[0] == 400


def test_a_key_that_nobody_knows_is_not_sent_back_whole(local):
    answer = local.post("/number", content=b'{"' + b"k" * 1_000_000 + b'": 1}', headers=JSON)
    assert len(answer.content) < 500


def test_a_number_is_a_number_and_no_text(local):
    assert local.post("/slow", content=b'{"seconds": "0"}', headers=JSON).status_code == 422
    assert local.post("/slow", content=b'{"seconds": 0}', headers=JSON).status_code == 200


@pytest.mark.parametrize("host", ["a b", "[::1", "localhost:port:9", "/x", "localhost?x"])
def test_a_host_that_is_none_has_no_name(host):
    assert host_name(host) not in LOCAL_NAMES
