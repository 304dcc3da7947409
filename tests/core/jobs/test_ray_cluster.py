"""Runs on a Ray cluster: with a fake Ray, and with two real nodes where Ray is installed."""

import importlib.util
import json
import os
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.commands.main import main
from core.errors import UserError
from core.families import FAMILIES
from core.jobs import launch, ray_cluster, ray_node
from core.jobs.queue import queued_runs
from core.jobs.ray_cluster import Cluster, ClusterUnavailableError, RayClientProcess
from core.runs.checkpoint import load_newest
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import Status, is_alive
from core.runs.store import create
from core.samples.registry import sample
from tests.core.jobs.fake_ray import FakeRay
from tests.core.jobs.fake_ray_client import ADDRESS, FakeRayClient, until
from tests.core.toy_family import toy_run

SLOW = {"delay": 0.01}


def test_every_run_is_an_actor_with_its_cores_declared_and_waits_in_the_clusters_queue(
    cluster: Cluster, ray: FakeRay, toy: Path
) -> None:
    runs = [toy_run(toy, name=f"r{number}") for number in range(2)]
    for run in runs:
        launch.start(run)
    assert [actor.cpus for actor in ray.actors.values()] == [1, 1]
    assert runs[1].status.state == "queued"
    assert runs[1].active, "it has no process, and yet it is not lost"
    assert queued_runs(toy) == [], "nobody at home waits behind it"
    until(lambda: not any(run.active for run in runs))
    assert [run.status.state for run in runs] == ["finished", "finished"], runs[0].log_path.read_text()
    assert runs[0].status.cluster == ADDRESS
    assert runs[1].status.started_at >= runs[0].status.ended_at, "there is one core"
    assert "on the node" in runs[0].log_path.read_text()


def test_a_run_whose_node_is_lost_goes_on_elsewhere_and_ends_as_an_undisturbed_one(
    cluster: Cluster, ray: FakeRay, toy: Path
) -> None:
    reference, run = toy_run(toy, name="reference"), toy_run(toy, name="lost", **SLOW)
    launch.start(reference)
    until(lambda: not reference.active)
    launch.start(run)
    for _loss in range(2):
        rows = len(run.metrics())
        until(partial(lambda rows: len(run.metrics()) >= rows + 5, rows))
        before = run.status.pid
        ray.lose_nodes()
        assert run.active, "the cluster will begin it anew"
        until(partial(lambda before: run.status.pid != before, before))
    until(lambda: not run.active)
    assert run.status.state == "finished", run.status.error
    assert run.model_path.read_bytes() == reference.model_path.read_bytes()
    assert run.log_path.read_text().count("on the node") == 3


@pytest.mark.exhaustive
def test_stop_and_continue_are_as_at_home(cluster: Cluster, ray: FakeRay, toy: Path) -> None:
    first, second = toy_run(toy, name="first", **SLOW), toy_run(toy, name="second")
    launch.start(first)
    launch.start(second)
    launch.stop(second)
    assert second.status.state == "stopped", "it had no process that could have read the wish"
    assert len(ray.actors) == 1
    until(lambda: len(first.metrics()) >= 4)
    launch.stop(first)
    until(lambda: not first.active)
    assert first.status.state == "stopped"
    assert first.status.step < 100
    launch.start(first)  # its actor may still exist
    until(lambda: not first.active)
    assert first.status.state == "finished"


def test_a_run_that_does_not_listen_is_ended_at_once_and_not_begun_anew(
    cluster: Cluster, ray: FakeRay, toy: Path
) -> None:
    run = toy_run(toy, delay=5.0)
    launch.start(run)
    until(lambda: run.status.state == "running")
    launch.stop(run, force=True)
    assert run.status.state == "stopped"
    assert ray.actors == {}


def test_a_node_without_the_shared_path_or_the_program_ends_in_one_sentence(cluster: Cluster, toy: Path) -> None:
    run = toy_run(toy)
    launch.start(run)
    until(lambda: not run.active)
    order = {"path": str(run.path), "root": str(launch.ROOT), "mark": run.read_json("launch.json")["mark"]}
    assert ray_node.find_missing(order) == ""
    assert ray_node.find_missing(order | {"mark": "another folder of that name"}) == "folder"
    assert ray_node.find_missing(order | {"path": "/nowhere"}) == "folder"
    assert ray_node.find_missing(order | {"root": "/nowhere"}) == "program"


def test_what_a_node_lacks_is_written_by_the_node_at_home(
    cluster: Cluster, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "ROOT", Path("/nowhere"))
    run = toy_run(toy)
    launch.start(run)
    until(lambda: not run.active)
    assert run.status.state == "failed"
    assert run.status.error.endswith("does not have this program at the same path: put it there, then continue.")


def test_a_node_that_speaks_late_does_not_overwrite_a_run_that_has_ended(toy: Path) -> None:
    run = toy_run(toy)
    Status(state="finished", step=7).write(run.path / "status.json")
    ray_node.fail(str(run.path), "too late")
    assert (run.status.state, run.status.step, run.status.error) == ("finished", 7, "")


@pytest.mark.exhaustive
def test_a_cluster_that_is_gone_in_mid_run_ends_in_one_sentence_and_the_run_goes_on_at_home(
    cluster: Cluster, client: FakeRayClient, ray: FakeRay, toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "SILENCE_SECONDS", 1.0)
    run = toy_run(toy, **SLOW)
    launch.start(run)
    until(lambda: run.has_checkpoint and len(run.metrics()) >= 5)
    client.gone = True
    time.sleep(0.5)
    assert run.status.state == "running", "as long as it speaks, it is not given up"
    ray.lose_nodes()
    until(lambda: not run.active)
    assert run.status.error == (
        "The cluster at “10.0.0.1:6379” is gone, or gave up the run “toy”: Continue goes on from its last checkpoint."
    )
    launch.enqueue(run)
    assert run.status.cluster == ""
    assert run.has_checkpoint


def test_a_cluster_that_is_not_there_takes_nothing_and_says_so(
    cluster: Cluster, client: FakeRayClient, toy: Path
) -> None:
    client.gone = True
    run = toy_run(toy)
    with pytest.raises(UserError, match=r"No Ray cluster answers at “10\.0\.0\.1:6379”"):
        launch.start(run)
    assert run.status.state == "failed"
    assert "No Ray cluster" in run.status.error


def test_more_than_any_node_has_is_refused(cluster: Cluster, toy: Path) -> None:
    run = toy_run(toy)
    Placement(cpus=2, gpus=1).record(run)
    with pytest.raises(UserError, match="No node of the cluster has 2 processor cores and 1 GPUs"):
        launch.start(run)
    with pytest.raises(UserError, match="1 to 1,024 processor cores"):
        Placement(cpus=0)


def test_ray_that_is_not_installed_is_said_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", "")
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path))
    assert main(["train", "charlm", "--text", "sample:ferry", "--launcher", "ray", "--runs-dir", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "Ray is not installed here" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_who_launches_is_chosen_by_name_or_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    for launcher, address, expected in (
        ("", "", None),
        ("process", "a:1", None),
        ("", "a:1", "a:1"),
        ("ray", "", "auto"),
    ):
        monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", launcher)
        monkeypatch.setenv("RAY_ADDRESS", address)
        found = ray_cluster.configured()
        assert (found and found.address) == expected
    monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", "magic")
    with pytest.raises(UserError, match="no launcher “magic”"):
        launch.launcher()


def test_a_clerk_that_cannot_reach_ray_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    with pytest.raises(ClusterUnavailableError):
        RayClientProcess("127.0.0.1:9").ask({"do": "known", "path": "x"})
    assert time.monotonic() - began < 50, "Ray itself would take a minute"
    monkeypatch.setattr(ray_cluster, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(ray_cluster.sys, "executable", shutil.which("yes"))  # prints lines that are not JSON
    with pytest.raises(ClusterUnavailableError):
        RayClientProcess("10.0.0.1:6379").ask({"do": "known", "path": "x"})


@pytest.mark.exhaustive
def test_the_command_line_follows_a_run_on_the_cluster_to_its_end(
    cluster: Cluster, toy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in set(FAMILIES) - {"toy"}:
        monkeypatch.delitem(FAMILIES, key)
    run = toy_run(toy, **SLOW)
    launch.start(run)
    until(lambda: len(run.metrics()) >= 2)
    launch.stop(run)
    until(lambda: not run.active)
    assert main(["runs", "resume", run.id, "--json", "--cpus", "1", "--runs-dir", str(toy)]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["state"], answer["steps"]) == ("finished", 100)
    assert run.status.cluster, "it went on there"


def test_silence_from_afar_is_death_only_after_a_while() -> None:
    status = Status(state="running", cluster="a:1", pid=1, host="elsewhere", heartbeat=1000.0)
    assert is_alive(status, now=1500.0)
    assert not is_alive(status, now=1700.0)
    assert is_alive(Status(state="queued", cluster="a:1", queued_at=0.0), now=1e6), "a cluster's queue may be long"


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: make test-cluster")
@pytest.mark.timeout(300)
def test_with_two_real_nodes_a_run_survives_the_loss_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.nodes import two_nodes

    monkeypatch.setenv("HIDDEN_STATE_LAUNCHER", "")
    config = CharLMConfig(units=48, batch_size=8, window=32, steps=1200, epochs=None, precision="float32")
    plan = {"total_steps": 1200, "log_every": 10, "eval_every": 300, "sample_every": 600, "checkpoint_every": 100}
    runs = [create(config, sample("ferry"), name=f"r{number}", directory=tmp_path) for number in range(2)]
    for run in runs:
        run.write_json("plan.json", plan)
    with two_nodes() as (head, other):
        for run in runs:
            launch.start(run)

        def on(place: Any) -> Run | None:
            pids = {process.pid for process in place.processes}
            return next((run for run in runs if run.status.pid in pids and run.status.step > 150), None)

        until(lambda: on(other) or not any(run.active for run in runs), 120)
        lost = on(other)
        assert lost is not None, [(run.status, os.getloadavg()) for run in runs]
        other.kill()
        until(lambda: not any(run.active for run in runs), 200)
        assert [run.status.state for run in runs] == ["finished", "finished"]
        assert lost.log_path.read_text().count("on the node") == 2
        first, second = (load_newest(run.checkpoint_path) for run in runs)
        assert first is not None
        assert second is not None
        for name, array in first[0].items():  # the same options and seed: one of them was not interrupted
            assert np.abs(array - second[0][name]).max(initial=0.0) <= 1e-6, name
        last, queued = (create(config, sample("ferry"), name=name, directory=tmp_path) for name in ("last", "queued"))
        for run in (last, queued):
            run.write_json("plan.json", plan | {"total_steps": 100_000})
            launch.start(run)
        until(lambda: last.status.step > 100, 60)
        for bound in ("SILENCE_SECONDS", "SUBMIT_SECONDS"):
            monkeypatch.setattr(ray_cluster, bound, 3.0)
        for cluster in ray_cluster._clusters.values():
            cluster._lost_messages.clear()
        monkeypatch.setattr(ray_cluster, "_clusters", {})  # as in a new process
        for run in (last, queued):
            ray_cluster.watch_if_on_cluster(run, run.status)
        time.sleep(15)
        assert queued.status.state == "queued", "it is silent, but the cluster has it"
        head.kill()
        until(lambda: not last.active and not queued.active, 120)
        for run in (last, queued):
            assert f"is gone, or gave up the run “{run.id}”" in run.status.error
        assert last.has_checkpoint
