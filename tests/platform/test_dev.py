"""The `./dev` script: what it needs and what it says, without doing it."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("dev_script", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_it_needs_nothing_but_the_standard_library():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "dev"), "help"], capture_output=True, text=True, check=True
    )
    for command in ("run", "test", "soak", "bench", "manage", "check", "setup"):
        assert f"./dev {command}" in done.stdout


def test_an_unknown_command_is_named():
    done = subprocess.run([str(ROOT / "dev"), "fly"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "./dev fly: no such command" in done.stderr


def test_the_locks_name_no_host_and_hash_everything():
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        packages = [line for line in lines if line[:1].isalpha()]
        assert packages
        assert all(line.endswith("\\") for line in packages), name
        assert "http" not in "\n".join(lines)
        assert not any(line.startswith("-") for line in lines)


def test_the_lock_of_production_is_part_of_that_of_development():
    def pins(name):
        return {line.split()[0] for line in (ROOT / name).read_text().splitlines() if line[:1].isalpha()}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_the_state_folder_is_taken_before_django_reads_its_options(dev, monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIR", "before")
    assert dev.take_state_dir(["--bind", "8001", "--state-dir", str(tmp_path)]) == ["--bind", "8001"]
    assert dev.os.environ["STATE_DIR"] == str(tmp_path)
    assert dev.take_state_dir([f"--state-dir={tmp_path}/b", "--jobs=1"]) == ["--jobs=1"]
    assert dev.os.environ["STATE_DIR"] == f"{tmp_path}/b"


def test_without_a_browser_the_tests_say_what_to_run_and_fail(dev, monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(dev, "find_browser", lambda: None)
    monkeypatch.setattr(dev, "apt", lambda packages: False)

    with pytest.raises(SystemExit, match="apt-get install -y chromium"):
        dev.need_browser()


def test_a_browser_that_is_not_there_is_refused(dev, monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chrome")

    with pytest.raises(SystemExit, match="/nowhere/chrome is not an executable"):
        dev.need_browser()


def test_without_the_pdf_libraries_it_says_what_to_run(dev, monkeypatch):
    monkeypatch.setattr(dev, "loads", lambda library: "harfbuzz" not in library)
    monkeypatch.setattr(dev, "apt", lambda packages: False)
    monkeypatch.setattr(dev.sys, "platform", "linux")

    with pytest.raises(SystemExit, match="sudo apt-get install -y libharfbuzz-subset0$"):
        dev.need_pdf_libraries()


def test_a_whole_run_is_spread_and_a_debugger_is_not(dev, monkeypatch):
    monkeypatch.delenv("TEST_PROCESSES", raising=False)
    assert dev.spread([]) == ["-n", "3", "--dist", "loadgroup"]
    assert dev.spread(["-n0"]) == []
    assert dev.spread(["--pdb"]) == []
