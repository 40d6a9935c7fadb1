"""What the tests share: the installed package, a real server, and scripted ones."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import image_intelligence
from image_intelligence import AsyncClient, Client
from jobs import Jobs
from scripted import Scripted, asked

ROOT = Path(os.environ.get("II_ROOT") or Path(__file__).parents[2])

if Path(image_intelligence.__file__).is_relative_to(ROOT / "python"):
    raise RuntimeError("the tests run from the installed wheel, not from the sources: python -P -m pytest")


def handed_over(name: str) -> str:
    """What `cargo xtask test` hands over; a run by hand may do without."""
    value = os.environ.get(name)
    if not value and "II_ROOT" not in os.environ:
        pytest.skip(f"{name} is not set: run by cargo xtask test")
    assert value, f"{name} is not set"
    return value


def ran_alone(program: str, folder: Path, *, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    """A program of its own, which is given a folder."""
    command = [sys.executable, "-P", "-c", program, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


class Serve:
    """A running `ii serve`, with a real detector in it."""

    def __init__(self, *options: str) -> None:
        command = [handed_over("II_BIN"), "serve", "--port", "0", "--json", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.base_url: str = json.loads(self.process.stdout.readline())["baseUrl"]
        self.settings = {"II_BASE_URL": self.base_url, "II_CLIENT_ID": "local", "II_CLIENT_SECRET": "local"}

    def answers(self, *rules: dict[str, object]) -> None:
        """Says what is in pictures, where the server has no model that could."""
        url = self.base_url.removesuffix("/v2") + "/_ii/answers"
        request = urllib.request.Request(url, json.dumps(rules).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def client(self, **settings: Any) -> Client:
        return Client(base_url=self.base_url, client_id="local", client_secret="local", **settings)

    def async_client(self, **settings: Any) -> AsyncClient:
        return AsyncClient(base_url=self.base_url, client_id="local", client_secret="local", **settings)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    server = Serve()
    # What the examples of the docs ask for.
    server.answers(
        {"kind": "match", "image": "*", "target": "rex", "matches": True},
        {"kind": "ask", "image": "*", "question": "Is the door open?", "answer": "yes"},
        {"kind": "recognize", "image": "*", "namespace": "lobby", "faces": [{"confidence": 0.98}]},
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def never() -> Iterator[Serve]:
    """A server whose jobs never end."""
    server = Serve("--progression", "never")
    yield server
    server.stop()


@pytest.fixture
def environment(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The three variables of the real server, set here; and a whole environment with them, for other programs."""
    for name, value in serve.settings.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **serve.settings}


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that answers what the test says; until it says something, a finished job."""
    with Scripted(asked) as server:
        yield server


@pytest.fixture
def jobs(scripted: Scripted) -> Jobs:
    """The scripted server's detect jobs, which end at once."""
    made = Jobs()
    scripted.script = made
    return made
