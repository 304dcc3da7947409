"""Runs that another process submitted to a cluster, and sweeps: their status when the cluster is lost."""

import errno
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.commands.main import main
from core.families import FAMILIES
from core.jobs import launch, ray_cluster
from core.jobs.ray_cluster import Cluster
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import HEARTBEAT_GRACE, Status, this_host
from core.runs.store import delete, find
from tests.core.jobs.fake_ray import FakeRay
from tests.core.jobs.fake_ray_client import ADDRESS, FakeRayClient, until
from tests.core.toy_family import toy_run


@pytest.fixture
def restart(client: FakeRayClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make this process forget the runs that it started, as if it were another process."""

    def forget() -> None:
        for cluster in ray_cluster._clusters.values():
            cluster._lost_messages.clear()
        monkeypatch.setattr(ray_cluster, "_clusters", {})
        monkeypatch.delenv("RAY_ADDRESS")

    return forget


def handed_over(folder: Path, ago: float, **more: Any) -> Run:
    """Create a run that was submitted some seconds ago and has written no heartbeat since."""
    run = toy_run(folder)
    status = {"state": "queued", "cluster": ADDRESS, "host": this_host(), "queued_at": time.time() - ago}
    Status(**(status | more)).write(run.path / "status.json")
    return run


@pytest.mark.exhaustive
def test_whoever_sees_a_run_after_a_restart_looks_after_it(
    cluster: Cluster, client: FakeRayClient, ray: FakeRay, toy: Path, restart: Callable[[], None], monkeypatch: Any
) -> None:
    monkeypatch.setattr(ray_cluster, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(ray_cluster, "SUBMIT_SECONDS", 1.0)
    running, queued = toy_run(toy, name="running", delay=0.1), toy_run(toy, name="queued")
    launch.start(running)
    launch.start(queued)
    until(lambda: len(running.metrics()) >= 2)
    restart()
    for _time in range(3):
        ray_cluster.watch_if_on_cluster(running, running.status)
        ray_cluster.watch_if_on_cluster(queued, queued.status)
    watches = [thread for thread in threading.enumerate() if thread is ray_cluster.cluster_at(ADDRESS)._watch_thread]
    assert len(watches) == 1
    time.sleep(1.5)
    assert queued.active, "it is silent, but the cluster has it"
    client.gone = True
    ray.lose_nodes()
    until(lambda: not running.active and not queued.active)
    for run in (running, queued):
        assert run.status.error.startswith("The cluster at “10.0.0.1:6379” is gone, or gave up the run"), run.id
    launch.enqueue(running)
    delete(queued)
    until(lambda: not watches[0].is_alive())


@pytest.mark.parametrize(
    ("silence", "more", "somebody", "lost"),
    [
        (10, {}, False, False),
        (100, {}, False, True),
        (100, {"host": "another"}, False, False),  # which may never have reached the cluster
        (100, {}, True, False),  # the queue may be long, and the cluster cannot be asked
        (2 * ray_cluster.QUEUED_SECONDS, {"host": "another"}, True, True),
        (40, {"state": "running", "pid": 1, "host": "a node"}, False, True),
        (40, {"state": "running", "pid": 1, "host": "a node"}, True, False),
        (HEARTBEAT_GRACE + 1, {"state": "running", "pid": 1, "host": "a node"}, True, True),
    ],
)
def test_silence_is_a_loss_where_the_cluster_does_not_answer(
    client: FakeRayClient,
    toy: Path,
    monkeypatch: pytest.MonkeyPatch,
    silence: float,
    more: Any,
    somebody: bool,
    lost: bool,
) -> None:
    client.gone = True
    monkeypatch.setattr(ray_cluster, "is_listening", lambda address: somebody)
    run = handed_over(toy, silence, **more)
    ray_cluster.poll_clusters([run])
    assert ("gave up the run" in run.status.error) == lost, run.status
    assert client.asked == ["known"] * (silence > ray_cluster.SILENCE_SECONDS)


def test_a_run_at_home_and_one_that_has_ended_are_nobodys_to_look_after(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "cluster_at", None)
    for status in (Status(state="queued"), Status(state="died"), Status(state="finished", cluster=ADDRESS)):
        ray_cluster.watch_if_on_cluster(Run(toy / "any"), status)


def test_stop_reaches_a_run_after_a_restart_and_where_its_cluster_is_gone(
    cluster: Cluster, client: FakeRayClient, ray: FakeRay, toy: Path, restart: Callable[[], None]
) -> None:
    runs = [toy_run(toy, name=f"r{number}", delay=5.0) for number in range(2)]
    for run in runs:
        launch.start(run)
    until(lambda: runs[0].status.state == "running")
    restart()
    launch.stop(runs[0], force=True)
    assert [name.rpartition("/")[2] for name in ray.actors] == ["r1"]
    client.gone = True
    launch.stop(runs[1], force=True)
    assert [run.status.state for run in runs] == ["stopped", "stopped"]


def test_the_command_line_knows_at_once_that_a_cluster_is_gone(
    client: FakeRayClient, toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in set(FAMILIES) - {"toy"}:
        monkeypatch.delitem(FAMILIES, key)
    client.gone = True
    handed_over(toy, 100)
    assert main(["runs", "list", "--json", "--runs-dir", str(toy)]) == 0
    [found] = json.loads(capsys.readouterr().out)["runs"]
    assert (found["state"], "gave up the run" in found["error"]) == ("failed", True)
    handed_over(toy, 100)
    assert main(["runs", "delete", "toy-2", "--runs-dir", str(toy)]) == 0


def test_the_address_that_is_written_down_is_the_same_on_every_machine(
    client: FakeRayClient, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", "ray")
    monkeypatch.delenv("RAY_ADDRESS")
    run = toy_run(toy)
    launch.start(run)
    assert run.status.cluster == ADDRESS
    assert list(ray_cluster.cluster_at(ADDRESS)._lost_messages) == [str(run.path)]
    assert ray_cluster.cluster_at("auto")._lost_messages == {}


# Sweeps ---------------------------------------------------------------------------------------------------------------
def sweep(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    for key in set(FAMILIES) - {"toy"}:
        monkeypatch.delitem(FAMILIES, key)
    novel = folder.parent / "novel.txt"
    novel.write_text("It was a dark and stormy night.")
    given = ["--text", str(novel), "--name", "s", "--sweep", "width=2,3,4", "--runs-dir", str(folder)]
    return main(["train", "toy", *given, *words])


def test_a_sweep_hands_every_run_to_the_cluster_with_its_cores(
    client: FakeRayClient, ray: FakeRay, toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", "ray")
    ray.cpus = 4
    assert sweep(toy, monkeypatch, "--cpus", "2", "--json") == 0
    runs = [find(run_id) for run_id in json.loads(capsys.readouterr().out.splitlines()[-1])["runs"]]
    assert [run.options.model_dump()["width"] for run in runs] == [2, 3, 4]
    orders = [(actor.order["path"], actor.cpus, actor.order["cpus"]) for actor in ray.actors.values()]
    assert orders == [(str(run.path), 2, 2) for run in runs]
    assert [actor.process is not None for actor in ray.actors.values()] == [True, True, False], "there are four cores"
    assert [run.status.cluster for run in runs] == [ADDRESS] * 3
    assert [Placement.of(run).cpus for run in runs] == [2, 2, 2]


def test_a_sweep_whose_cluster_goes_says_what_was_started_and_asks_it_no_more(
    client: FakeRayClient, ray: FakeRay, toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = ray.move_on
    monkeypatch.setattr(ray, "move_on", lambda: begin() or setattr(client, "gone", bool(ray.actors)))
    assert sweep(toy, monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("No Ray cluster answers at “10.0.0.1:6379”")
    assert said.endswith(
        " Started: s-width-2. Not started: s-width-3, s-width-4; Continue, or `runs resume RUN`, starts each.\n"
    )
    assert client.asked.count("submit") == 2
    rest = [find("s-width-3"), find("s-width-4")]
    for run in rest:
        assert run.status.error.startswith("No Ray cluster answers"), run.id
        assert run.status.message == ""
        launch.enqueue(run)


def test_a_sweep_at_home_on_a_full_disk_says_what_was_started(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class FullDisk:
        def start(self, run: Run) -> None:
            if run.options.model_dump()["width"] == 3:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(launch, "launcher", FullDisk)
    assert sweep(toy, monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("The run “s-width-3” cannot be started: No space left on device.")
    assert "Started: s-width-2. Not started: s-width-3, s-width-4;" in said
    assert [find(f"s-width-{width}").status.state for width in (2, 3, 4)] == ["queued", "failed", "failed"]
