"""``stockpile serve``: what it starts, starts again, and refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.jobs.supervisor import bury, environment, listen, told
from api.settings import Settings
from api.store import database
from api.store.keys import Keys
from models.faults import BadSettings
from tests.api.child.support import alive
from tests.api.jobs.farm import Farm, descendants, farm_of


@pytest.fixture
def keys(sqlite_settings: Settings) -> Iterator[Keys]:
    engine = database.connect(sqlite_settings)
    yield Keys(engine)
    engine.dispose()


def test_others_are_not_let_in_without_keys(keys: Keys) -> None:
    open_to_all = Settings(host="0.0.0.0", port=0)
    with pytest.raises(BadSettings, match="stockpile keys create NAME"):
        listen(open_to_all, keys)
    listen(Settings(host="localhost", port=0), keys).close()
    keys.create("one", "test", "submit")
    listen(open_to_all, keys).close()


def test_an_address_that_cannot_be_listened_on(keys: Keys) -> None:
    with listen(Settings(port=0), keys) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSettings, match=f"port {port}, cannot be listened on: Address already in use"):
            listen(Settings(port=port), keys)
        with pytest.raises(BadSettings, match="no address to listen on"):
            listen(Settings(host="no.such.host.invalid"), keys)
        text = told(Settings(workers=2, slots=3), taken, keys=False)
        assert f"http://127.0.0.1:{port} and works on 6 jobs at a time" in text
        assert "stockpile keys create NAME" in text


def test_settings_survive_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, slots=3, job_memory_gb=1.5, allow_anonymous=False, worker_id="w")
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_orphans_are_buried() -> None:
    """What a killed worker leaves comes to the first process of a container: here, a child nobody knows."""
    orphan, own = (os.posix_spawn("/bin/true", ["true"], {}) for _ in range(2))
    for pid in (orphan, own):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for _ in range(3):
        bury({own})
        bury({orphan, own})
    assert os.waitpid(own, 0) == (own, 0)
    bury({own})
    with pytest.raises(ChildProcessError):
        os.waitpid(orphan, 0)


class Served:
    """A service of the command line."""

    def __init__(self, farm: Farm, out: Path) -> None:
        self.farm = farm
        with out.open("wb") as file:
            self.process = farm.process(
                ["-m", "api.cli", "serve", "--port", "0", "--workers", "1"],
                farm.settings,
                stdout=file,
                stderr=subprocess.DEVNULL,
            )
        farm.until(lambda: b"Ctrl-C" in out.read_bytes())
        found = re.search(rb"listens on (http://\S+)", out.read_bytes())
        assert found
        self.address = found[1].decode()

    def worker(self, but: int = 0) -> int:
        """Process id of the worker, when it is another than the one known."""
        name = self.farm.settings.worker_id
        self.farm.until(lambda: self.farm.row(f"{name}-1").get("pid", but) != but)
        return int(self.farm.row(f"{name}-1")["pid"])


@pytest.fixture
def served(sqlite_settings: Settings, tmp_path: Path) -> Iterator[Served]:
    settings = sqlite_settings.model_copy(update={"worker_id": "w", "dead_seconds": 2.0})
    with farm_of(settings) as farm:
        yield Served(farm, tmp_path / "out")


@pytest.mark.deep
def test_what_dies_or_freezes_is_started_again(served: Served) -> None:
    first = served.worker()
    with urllib.request.urlopen(f"{served.address}/healthz", timeout=60) as answer:
        assert answer.status == 200
    os.kill(first, signal.SIGKILL)
    second = served.worker(but=first)
    os.kill(second, signal.SIGSTOP)
    third = served.worker(but=second)
    assert not alive(second)
    http = next(pid for pid in descendants(served.process.pid) if b"api.http" in command(pid))
    os.kill(http, signal.SIGKILL)  # its socket stays open: nobody is turned away
    with urllib.request.urlopen(f"{served.address}/healthz", timeout=60) as answer:
        assert answer.status == 200
    assert served.farm.ended(served.farm.solve()).state == "succeeded"
    below = descendants(served.process.pid)
    assert third in below
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(60) == 0
    assert not any(map(alive, below))


@pytest.mark.slow
def test_nothing_is_left_of_a_supervisor_that_is_killed(served: Served) -> None:
    served.worker()
    below = descendants(served.process.pid)
    assert len(below) >= 3
    served.process.kill()
    served.farm.until(lambda: not any(map(alive, below)))


def command(pid: int) -> bytes:
    """Command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()
