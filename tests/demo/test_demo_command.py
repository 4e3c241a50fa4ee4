"""`python -m nbchat.demo` from the outside."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

COMMAND = [sys.executable, "-m", "nbchat.demo"]


@pytest.fixture
def running() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    with subprocess.Popen([*COMMAND, "--pace", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        yield process, {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        process.kill()


def test_it_prints_what_a_client_needs_and_answers(running: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    """The printed base URL and key work as they stand."""
    _, said = running
    asked = {"model": said["models"].split(", ")[0], "messages": [{"role": "user", "content": "hi"}]}
    reply = httpx.post(f"{said['base URL']}/chat/completions", json=asked, headers={"authorization": f"Bearer {said['API key']}"})
    assert "demo model" in reply.json()["choices"][0]["message"]["content"]


def test_its_front_door_says_what_it_is_without_the_key(running: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    """Somebody who opens the URL in a browser reads a sentence; the key is not in it."""
    _, said = running
    page = httpx.get(said["base URL"].removesuffix("/v1"))
    assert (page.status_code, page.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "nbchat's demo model" in page.text
    assert said["API key"] not in page.text


def test_ctrl_c_ends_it_quietly(running: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    """Exit status 0 and no traceback."""
    process, _ = running
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("pace", ["-1", "inf", "nan", "fast"])
def test_a_pace_that_is_none_is_refused(pace: str) -> None:
    """With a sentence, before anything listens."""
    done = subprocess.run([*COMMAND, "--pace", pace], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "pace" in done.stderr


def test_importing_the_servers_loads_the_standard_library_alone() -> None:
    """They are imported in kernels: no dependency, and none of nbchat's rooms."""
    program = "import sys; old = set(sys.modules); import nbchat.demo, nbchat.testing; print(*sorted(set(sys.modules) - old))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    loaded = done.stdout.split()
    assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) <= {"nbchat", "org"}
    assert {name.split(".")[1] for name in loaded if name.startswith("nbchat.")} == {"_server", "demo", "testing"}
