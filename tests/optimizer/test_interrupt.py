from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from optimizer.interrupt import stoppable

ROOT = Path(__file__).resolve().parents[2]


def test_it_returns_and_raises_what_the_work_does() -> None:
    assert stoppable(lambda stop: not stop.is_set(), signal.SIGUSR1)
    with pytest.raises(ZeroDivisionError):
        stoppable(lambda _: 1 // 0, signal.SIGUSR1)


def test_the_first_signal_asks_the_work_to_stop() -> None:
    told: list[str] = []

    def work(stop: threading.Event) -> bool:
        os.kill(os.getpid(), signal.SIGUSR1)
        return stop.wait(30)

    before = signal.getsignal(signal.SIGUSR1)
    assert stoppable(work, signal.SIGUSR1, on_stop=lambda: told.append("stop"))
    assert told == ["stop"]
    assert signal.getsignal(signal.SIGUSR1) is before
    assert not any(thread.name == "signals" for thread in threading.enumerate())


ABORT = """
import os, random, signal, threading, time
from optimizer.interrupt import stoppable

def twice():
    for _ in range(2):
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

def work(stop):
    threading.Thread(target=twice).start()
    stop.wait()
    threading.Event().wait()

def say(word):
    return lambda: print(word, flush=True)

stoppable(work, signal.SIGINT, on_stop=say("stop"), on_abort=say("abort"))
"""


def test_the_second_signal_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ABORT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    assert done.stdout.split() == ["stop", "abort"]
