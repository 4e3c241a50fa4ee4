"""A real kernel and its browser's wire: ZMQ messages, comms, subshells; what JupyterLab would send, sent by hand."""

from __future__ import annotations

import json
import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.notebook.page import Page, text_of

__all__ = ["Cell", "Kernel", "Lab", "kernel", "lab_of"]

Msg = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


class Cell:
    """What running one cell gave: its outputs, the widgets it displayed, its error."""

    def __init__(self) -> None:
        self.outputs: list[Msg] = []
        self.error: Msg | None = None
        self.seconds = 0.0

    @property
    def text(self) -> str:
        """What it printed."""
        return "".join(m["content"]["text"] for m in self.outputs if m["msg_type"] == "stream")

    @property
    def result(self) -> str:
        """The text of its value."""
        return str(next((m["content"]["data"]["text/plain"] for m in self.outputs if m["msg_type"] == "execute_result"), ""))

    @property
    def displays(self) -> list[Msg]:
        """The data of what it displayed."""
        return [m["content"]["data"] for m in self.outputs if m["msg_type"] == "display_data"]

    @property
    def widget(self) -> str:
        """The model id of the first widget that it displayed."""
        view = "application/vnd.jupyter.widget-view+json"
        return str(next(data[view]["model_id"] for data in self.displays if view in data))


class Kernel:
    """One kernel; `comms` holds the open comms' states, `customs` their custom messages as they came."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client
        self.comms: dict[str, Msg] = {}
        self.customs: dict[str, list[Msg]] = {}
        self.pages: dict[str, Page] = {}
        self.updates: list[Msg] = []

    def load(self, server: ScriptedServer) -> None:
        """Load nbchat, with the server's model active."""
        place = json.dumps({"base_url": server.base_url, "api_key": server.api_key})
        ready = self.run(
            f"%load_ext nbchat\nimport nbchat, json\nnbchat.add_provider('lab', **json.loads({place!r}))\n"
            "nbchat.settings.model = 'lab/scripted'\nprint('ready')"
        )
        assert "ready" in ready.text, ready.error

    def restart(self) -> None:
        """Kill the kernel's process and start another one, in which nothing is loaded; no view outlives it."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)
        for known in (self.comms, self.customs, self.pages, self.updates):
            known.clear()

    # ------------------------------------------------------------ cells

    def send_cell(self, code: str, *, cell: str = "", stdin: bool = True) -> str:
        """Ask for a cell to be run; returns the request's id."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": stdin}
        content["stop_on_error"] = False
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, *, cell: str = "", stdin: bool = True, seconds: float = 60) -> Cell:
        """Run a cell and wait until it is done."""
        return self.wait_cell(self.send_cell(code, cell=cell, stdin=stdin), seconds)

    def wait_cell(self, request: str, seconds: float = 60) -> Cell:
        """Wait until the cell is done, hearing everything meanwhile."""
        done, start = Cell(), time.monotonic()

        def idle(message: Msg) -> bool:
            if message["parent_header"].get("msg_id") != request:
                return False
            if message["msg_type"] in ("stream", "display_data", "execute_result"):
                done.outputs.append(message)
            elif message["msg_type"] == "error":
                done.error = message["content"]
            return bool(message["msg_type"] == "status" and message["content"]["execution_state"] == "idle")

        self.hear(idle, seconds)
        done.seconds = time.monotonic() - start
        return done

    # ------------------------------------------------------------ IOPub

    def hear(self, until: Callable[[Msg], bool], seconds: float = 60) -> Msg:
        """Take messages from IOPub until one fits; raises AssertionError after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            try:
                message: Msg = self.client.get_iopub_msg(timeout=max(end - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError("the kernel did not send what was waited for") from None
            self._note(message)
            if until(message):
                return message

    def drain(self, seconds: float) -> None:
        """Take what comes within this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self._note(self.client.get_iopub_msg(timeout=max(end - time.monotonic(), 0.001)))
            except queue.Empty:
                return

    def _note(self, message: Msg) -> None:
        content, kind = message["content"], message["msg_type"]
        if kind == "comm_open":
            self.comms[content["comm_id"]] = dict(content["data"]["state"])
            self.customs[content["comm_id"]] = []
            self._begin(content["comm_id"], content["data"]["state"])
        elif kind == "comm_close":
            self.comms.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["comm_id"] in self.comms:
            data = content["data"]
            if data.get("method") == "custom":
                self.customs[content["comm_id"]].append(data["content"])
                if content["comm_id"] in self.pages:
                    self.pages[content["comm_id"]].custom(data["content"], time.monotonic())
            else:
                self.comms[content["comm_id"]].update(data.get("state", {}))
        elif kind == "update_display_data":
            self.updates.append(message)

    def _begin(self, comm: str, state: Msg) -> None:
        """A view's page begins with the snapshot of its comm_open and says hello, as a browser does."""
        if "snapshot" in state:
            self.pages[comm] = Page(
                "page", state["kind"], state["snapshot"], state["status"], time.monotonic(), lambda hello: self.say(comm, hello)
            )

    def text(self, comm: str) -> str:
        """The text of the newest message that a view's page shows."""
        page = self.pages[comm]
        return text_of(page.messages[-1]) if page.messages else ""

    def wait_end(self, comm: str, seconds: float = 60) -> None:
        """Wait until the view's page shows the turn's end."""
        self.wait(lambda: self.pages[comm].position[0] > 0 and self.pages[comm].position[2], seconds)

    def got(self, comm: str, op: str) -> Msg:
        """Wait for a message of this kind on a comm."""
        self.wait(lambda: any(each["op"] == op for each in self.customs[comm]))
        return next(each for each in self.customs[comm] if each["op"] == op)

    def wait(self, holds: Callable[[], bool], seconds: float = 60) -> None:
        """Hear messages until this holds; it may already."""
        if not holds():
            self.hear(lambda _: holds(), seconds)

    def update_of(self, transient: Msg) -> Msg:
        """Wait for the update of the display with this id."""

        def found() -> Msg | None:
            return next((each for each in self.updates if each["content"]["transient"] == transient), None)

        self.wait(lambda: found() is not None)
        update = found()
        assert update is not None
        return update

    # ------------------------------------------------------------ what a browser sends

    def open(self, target: str, comm: str) -> None:
        """Open a comm at a target of the kernel, as a page does."""
        self.comms[comm], self.customs[comm] = {}, []
        content = {"comm_id": comm, "target_name": target, "data": {}}
        self.client.shell_channel.send(self.client.session.msg("comm_open", content))

    def send(self, comm: str, data: Msg, *, kind: str = "comm_msg") -> None:
        """Send data on a comm that is no widget's, or close it."""
        self.client.shell_channel.send(self.client.session.msg(kind, {"comm_id": comm, "data": data}))

    def say(self, comm: str, content: Msg, *, channel: str = "shell", subshell: str | None = None) -> None:
        """Send a custom message of a widget's browser side."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        getattr(self.client, f"{channel}_channel").send(message)

    @property
    def has_subshells(self) -> bool:
        """Whether this ipykernel can run messages beside a cell on the shell channel."""
        info = self.client.kernel_info(reply=True, timeout=60)
        return "kernel subshells" in info["content"].get("supported_features", ())

    def subshell(self) -> str:
        """Make a subshell, as JupyterLab does for widgets; returns its id."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        while True:
            reply: Msg = self.client.get_control_msg(timeout=60)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return str(reply["content"]["subshell_id"])

    def open_comms(self) -> int:
        """How many comms the kernel has open."""
        return int(self.run("print(len(__import__('comm').get_comm_manager().comms))").text)


@contextmanager
def kernel(
    server: ScriptedServer, home: Path, *, python: str = "", root: Path = ROOT, name: str = "analysis.ipynb"
) -> Iterator[Kernel]:
    """A kernel of the notebook `name` with nbchat loaded and the server's model active; shut down at the end.

    `python` is another interpreter, with an nbchat of its own; else the one below `root` is loaded.
    """
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(home / "ipc"))
    if python:
        manager.kernel_spec.argv[0] = python  # type: ignore[union-attr]
    home.mkdir(parents=True, exist_ok=True)
    paths = "" if python else os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    manager.start_kernel(
        cwd=str(home),  # which comes before PYTHONPATH
        env={**os.environ, "NBCHAT_HOME": str(home), "PYTHONPATH": paths, "JPY_SESSION_NAME": f"/some/where/{name}"},
    )
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=100)
        made = Kernel(manager, client)
        made.load(server)
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


class Lab:
    """A kernel and the server that its model is; `gate` is for answers that are to be held back."""

    def __init__(self, server: ScriptedServer, inside: Kernel) -> None:
        self.server, self.kernel = server, inside
        self.gate = Gate()


@contextmanager
def lab_of(answer: Callable[[Lab, Request], Reply], home: Path, *, python: str = "", root: Path = ROOT) -> Iterator[Lab]:
    """A lab whose server answers so; its gate is opened at the end. `python` and `root` as for `kernel`."""
    made: list[Lab] = []
    with (
        ScriptedServer(lambda request: answer(made[0], request)) as server,
        kernel(server, home, python=python, root=root) as inside,
    ):
        made.append(Lab(server, inside))
        yield made[0]
        made[0].gate.open()
