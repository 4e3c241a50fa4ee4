"""Settings: Jupyter's configuration files, the environment, `%config`, and which of them counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import nbchat
from nbchat.app import app
from nbchat.core.errors import ConfigError
from nbchat.notebook.configured import configured_model, from_environment
from nbchat.notebook.magics import register, unregister
from nbchat.testing import Reply, ScriptedServer
from tests.support.apps import running_app


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_app(*[Reply.text("fine")] * 4) as made:
        yield made


def shell_of(**settings: Any) -> Any:
    """An IPython shell whose configuration file says this of NbChat."""
    shell: Any = InteractiveShell(config=Config({"NbChat": settings}))  # type: ignore[no-untyped-call]
    register(shell, lambda: app().services)
    return shell


def test_a_file_counts_before_the_environment_and_both_before_what_was_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is chosen later in the kernel counts from then on, and is what later kernels find without the two."""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    nbchat.settings.model = "demo/demo"
    app().close()
    monkeypatch.setenv("NBCHAT_MODEL", "lab/env")
    assert nbchat.settings.model == "lab/env"
    nbchat.settings.model = "demo/later"
    assert nbchat.settings.model == "demo/later"
    app().close()
    shell = SimpleNamespace(config=Config({"NbChat": {"model": "lab/file"}}))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert configured_model() == "lab/file"
    monkeypatch.delenv("NBCHAT_MODEL")
    shell.config = Config()
    assert configured_model() == ""
    assert nbchat.settings.model == "demo/later"
    app().close()


@pytest.mark.parametrize(("name", "value"), [("NBCHAT_MODEL", "gpt"), ("NBCHAT_RERUN", "never")])
def test_a_variable_that_means_nothing_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """With what it could be."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=rf"{name}.*{value}"):
        configured_model() if name == "NBCHAT_MODEL" else from_environment("rerun", ("reuse", "send"), "reuse")


def test_what_a_file_says_is_the_magics_from_the_start(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system prompt for conversations that begin; a file counts before a variable, and a variable before the default."""
    monkeypatch.setenv("NBCHAT_RERUN", "send")
    monkeypatch.setenv("NBCHAT_OUTPUT", "batch")
    shell = shell_of(system="Be brief.", output="text")
    shell.run_cell("%chat -s configured hi")
    assert server.chats[0].json["messages"][0] == {"role": "system", "content": "Be brief."}
    magics = shell.magics_manager.registry["NbChat"]
    assert (magics.rerun, magics.output, magics.transcripts) == ("send", "text", True)
    unregister(shell)


def test_config_works_while_the_kernel_runs(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A model that is configured answers in this kernel and is not saved; a mistake is told in two lines and changes nothing."""
    shell = shell_of()
    shell.run_cell("%config NbChat.model = 'lab/other'")
    shell.run_cell("%chat -s later hi")
    assert server.chats[-1].json["model"] == "other"
    assert app().background.wait(app().ports.settings.settings())["active_model"] == "lab/tiny"
    for mistake in ("other", "nobody/x"):
        shell.run_cell(f"%config NbChat.model = '{mistake}'")
        shell.run_cell("%chat -s later hi")
        assert server.chats[-1].json["model"] == "other"
    shell.run_cell("%config NbChat")
    shown = capsys.readouterr().out
    assert "does not name a model" in caplog.text
    assert "nobody" in caplog.text
    assert "NbChat.model=<Unicode>\n" in shown
    assert shell.magics_manager.registry["NbChat"].model == "lab/other"
    assert all(f"NbChat.{name}=" in shown for name in ("model", "system", "rerun", "output", "transcripts"))
    unregister(shell)


def test_one_command_tells_all_that_is_set(server: ScriptedServer) -> None:
    """What is saved, what holds in this kernel, and the line that changes each; nothing is sent."""
    shell = shell_of(output="text")
    nbchat.settings.budget_day = "2.50"
    told = shell.run_cell("%nbchat config").result
    rows = {row["setting"]: row for row in told}
    assert rows["model"]["value"] == "lab/tiny"
    assert str(rows["budget_day"]["value"]) == "2.50"
    assert rows["NbChat.output"]["value"] == "text"
    assert rows["NbChat.rerun"]["set by"].startswith("%config NbChat.rerun = ")
    assert [row for row in told if not row["setting"].startswith("NbChat.")] == list(nbchat.settings.table())
    assert server.requests == ()
    unregister(shell)
