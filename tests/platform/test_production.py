"""The production shape, as far as it can be tried without a container engine."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from billing_ops import embedded, processes
from tests.processes import Process, environment, free_port

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def compose() -> Any:
    """docker-compose.yml, anchors resolved."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_compose_file_fits_the_schema(compose):
    jsonschema.validate(compose, json.loads((HERE / "compose.schema.json").read_text()))


def test_every_service_named_exists_and_every_volume_is_declared(compose):
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert volumes <= set(compose["volumes"]), name


def test_who_waits_for_health_waits_for_somebody_who_tells_it(compose):
    services = compose["services"]
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] != "service_healthy" or "healthcheck" in services[name]
    assert all("healthcheck" in service for name, service in services.items() if name != "migrate")


def test_the_containers_start_what_dev_run_starts(compose):
    services = compose["services"]
    assert services["web"]["command"] == processes.web()
    assert services["worker"]["command"] == processes.worker()
    assert services["beat"]["command"] == processes.beat()
    image = (ROOT / "Dockerfile").read_text()
    assert f"CMD {json.dumps(processes.web())}" in image


def test_secrets_come_from_the_environment_and_a_missing_one_stops_the_start(compose):
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD", "EMAIL_URL"):
        assert set(re.findall(rf"\$\{{{name}(.?)", text)) == {":"}, name
        assert f"${{{name}:?" in text
    assert compose["services"]["postgres"]["image"] == "postgres:18"


def test_production_asks_for_its_secret():
    done = _manage("check", {"SECRET_KEY": ""})

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


def test_production_settings_pass_the_deployment_check():
    done = _manage("check", {}, "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def production() -> Iterator[dict[str, str]]:
    """The environment of a container, with engines that listen on TCP."""
    state = Path(os.environ["TEST_FOLDER"]) / f"production-{free_port()}"
    state.mkdir(mode=0o711)
    database, queue = free_port(), free_port()
    with (
        embedded.Postgres(state, durable=False, port=database) as postgres,
        embedded.Valkey(state, durable=False, port=queue),
    ):
        postgres.create("billing")
        yield {
            "DATABASE_URL": f"postgresql://postgres:secret@127.0.0.1:{database}/billing",
            "REDIS_URL": f"redis://127.0.0.1:{queue}",
            "STATE_DIR": str(state / "files"),
            "STATIC_ROOT": str(state / "static"),
        }
    shutil.rmtree(state)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("up")
def test_the_production_processes_start_over_tcp_and_are_healthy(production):
    env = _production_environment() | production | {"HEARTBEAT_SECONDS": "1"}
    # Compressing the files of the API's and the admin's pages takes long and shows nothing more.
    not_needed = [f"--ignore={folder}" for folder in ("rest_framework", "admin")]
    for command, options in (("collectstatic", not_needed), ("migrate", [])):
        done = _manage(command, production, "--noinput", *options)
        assert done.returncode == 0, done.stderr
    port = free_port()
    web = Process(_python(processes.web(f"127.0.0.1:{port}", 1)), env, ready="Booting worker")
    worker = Process(_python(processes.worker(1)), env, ready=r"\bready\.")
    beat = Process(_python(processes.beat()), env)
    try:
        assert _get(port, "/healthz").status == 200
        assert _get(port, "/readyz").status == 200
        # Everything else is sent to https, where the proxy waits.
        away = _get(port, "/accounts/login/")
        assert away.status == 301
        assert away.headers["Location"] == "https://billing.example.com/accounts/login/"
        page = _get(
            port, "/accounts/login/", {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        )
        assert page.status == 200
        assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert page.headers["Set-Cookie"].startswith("__Host-csrftoken=")
        worker.wait_for("task_succeeded")
        for part in ("worker", "beat"):
            alive = _manage("alive", production, part)
            assert alive.returncode == 0, alive.stderr
        # Structured lines: one JSON object each.
        access = next(line for line in web.output().splitlines() if "request_finished" in line)
        assert json.loads(access)["code"] in (200, 301)
    finally:
        web.popen.send_signal(signal.SIGTERM)
        assert web.popen.wait(90) == 0
        worker.stop()
        beat.stop()


def _get(port: int, path: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    """One answer, redirects not followed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Host": "billing.example.com"} | (headers or {}))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def _python(words: list[str]) -> list[str]:
    return [sys.executable, "-m", *words]


def _production_environment() -> dict[str, str]:
    """What docker-compose.yml sets, with values; nothing of the test run's own."""
    return {
        "DJANGO_SETTINGS_MODULE": "billing_ops.settings",
        "SECRET_KEY": "only-for-this-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
        "REDIS_DB": "0",
        "BASE_URL": "https://billing.example.com",
        "EMAIL_URL": "smtp+tls://user:password@127.0.0.1:1",
        "DEFAULT_FROM_EMAIL": "billing@example.com",
        "TRUSTED_PROXY_COUNT": "1",
        "DEMO": "0",
        "DEBUG": "0",
        "LOG_LEVEL": "INFO",
    }


def _manage(command: str, changes: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", command, *words],
        env=environment(**(_production_environment() | changes)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
