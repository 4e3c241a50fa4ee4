"""Comms: what goes over them and what is heard, with and without ipykernel's own objects."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from nbchat.core.errors import ConfigError
from nbchat.notebook import assets
from nbchat.notebook.comms import CommSender, hear, in_marimo, kernel_of, listen_on_control


class PlainComm:
    """A comm of another kernel than ipykernel."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.comm_id = "id"
        self.closed: Any = None

    def send(self, data: Any) -> None:
        self.sent.append(data)

    def on_close(self, callback: Any) -> None:
        self.closed = callback


class KernelComm(PlainComm):
    """A comm of ipykernel, as far as sending needs it."""

    def __init__(self, *, works: bool = True) -> None:
        super().__init__()
        self.topic = b"comm-id"
        self.wire: list[Any] = []
        self.works = works
        self.kernel = SimpleNamespace(session=self, iopub_socket="iopub")

    def send(self, *args: Any, **options: Any) -> None:
        if not self.works:
            raise OSError("the socket is closed")
        self.wire.append((args, options))

    def _reply_subshell_for(self, _data: Any, _default: Any) -> str:
        return "wherever was published last"


def test_a_message_goes_straight_to_the_topic_without_a_parent() -> None:
    """Half the time, and 200 bytes less."""
    comm = KernelComm()
    CommSender(comm).custom({"op": "x"})
    ((args, options),) = comm.wire
    assert args == ("iopub", "comm_msg", {"comm_id": "id", "data": {"method": "custom", "content": {"op": "x"}}})
    assert options == {"parent": {}, "ident": b"comm-id"}


def test_other_kernels_comms_are_used_as_they_come() -> None:
    """Nothing of ipykernel is needed."""
    comm = PlainComm()
    CommSender(comm).update({"status": "idle"})
    assert comm.sent == [{"method": "update", "state": {"status": "idle"}, "buffer_paths": []}]


def test_a_send_that_fails_or_comes_late_harms_nothing() -> None:
    """A stream never ends because of a view."""
    CommSender(KernelComm(works=False)).custom({})
    comm = KernelComm()
    comm._closed = True  # type: ignore[attr-defined]  # as ipykernel's comms say it
    CommSender(comm).custom({})
    assert comm.wire == []


def test_comm_that_the_host_closed_is_told_of_when_something_is_to_be_sent() -> None:
    """marimo closes those of a cell that is run again, and says nothing."""
    told: list[str] = []
    comm = PlainComm()
    sender = CommSender(comm, lambda: told.append("closed"))
    sender.custom({})
    assert (len(comm.sent), told) == (1, [])
    comm._closed = True  # type: ignore[attr-defined]
    sender.custom({})
    assert (len(comm.sent), told) == (1, ["closed"])


def test_marimo_is_known_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked only where it is loaded already, and may be loaded elsewhere too."""
    monkeypatch.delitem(sys.modules, "marimo", raising=False)
    assert not in_marimo()
    for inside in (True, False):
        monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda inside=inside: inside))
        assert in_marimo() is inside


def test_both_hooks_are_set_and_only_where_there_is_something_to_hook() -> None:
    """The route of a message is the one it came with; hearing it is the widget's own matter."""
    heard: list[Any] = []
    comm = KernelComm()
    hear(comm, heard.append, lambda: heard.append("closed"))
    comm.handle_msg("message")  # type: ignore[attr-defined]
    comm.closed("close message")
    assert heard == ["message", "closed"]
    assert comm._reply_subshell_for({}, "subshell 7") == "subshell 7"
    plain = PlainComm()
    hear(plain, heard.append, lambda: None)
    assert not hasattr(plain, "_reply_subshell_for")


def test_the_control_channel_serves_our_comms_alone() -> None:
    """Where there are no subshells (ipykernel 6) it is the way to Stop."""
    heard: list[Any] = []
    ours = PlainComm()
    hear(ours, heard.append, lambda: None)
    comms = SimpleNamespace(comms={"ours": ours, "theirs": PlainComm()})
    kernel = SimpleNamespace(session=1, iopub_socket=1, control_handlers={}, comm_manager=comms)
    listen_on_control(SimpleNamespace(kernel=kernel))
    for comm in ("ours", "theirs", "gone"):
        kernel.control_handlers["comm_msg"](None, None, {"content": {"comm_id": comm}})
    assert heard == [{"content": {"comm_id": "ours"}}]
    listen_on_control(SimpleNamespace())
    taken = SimpleNamespace(session=1, iopub_socket=1, control_handlers={"comm_msg": "somebody's"}, comm_manager=comms)
    listen_on_control(SimpleNamespace(kernel=taken))
    assert taken.control_handlers == {"comm_msg": "somebody's"}


def test_a_shell_without_a_kernel_has_none() -> None:
    """A terminal's shell, and one whose kernel is something else."""
    assert kernel_of(SimpleNamespace()) is None
    assert kernel_of(SimpleNamespace(kernel=SimpleNamespace(session=None))) is None


def test_a_front_end_that_is_not_built_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A checkout has none until it is built."""
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    with pytest.raises(ConfigError, match=r"python js/hatch_build\.py"):
        assets.code("missing.js")
