"""What must hold in every kernel: streaming and Stop beside a cell, run_sync, reloads, a fork, a restart.

Each scenario is given an interpreter with nbchat (empty: the one that runs the tests) and an empty folder, starts a real kernel
of it and speaks ZMQ with that. It raises AssertionError for a broken promise.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from nbchat.testing import Reply, Request
from tests.notebook.kernels import ROOT, Cell, Kernel, Lab, lab_of

__all__ = ["IN_A_KERNEL"]

PATIENCE = 90.0
"""Seconds, on a machine that does more than it can."""
NESTING = """
import asyncio
{before}
loop = asyncio.get_running_loop()
future = loop.create_future()
loop.call_later(0.3, future.set_result, "from the kernel's loop")
async def bound(): return await future
try:
    print(nbchat.run_sync(bound(), on="kernel"))
except nbchat.ChatError as error:
    print(type(error).__name__, error.hint)
"""
RELOADS = (
    "import importlib; importlib.reload(nbchat)\n%reload_ext nbchat",
    """%autoreload 2
import sys
was = vars(sys.modules["nbchat.core.secrets"]).get("_written_since")
for name in [name for name in sys.modules if name.partition(".")[0] == "nbchat" and name.count(".") == 2]:
    with open(sys.modules[name].__file__, "a") as file: file.write("def _written_since(): pass\\n")""",
    "assert vars(sys.modules['nbchat.core.secrets']).get('_written_since') is was, 'autoreload did not spare nbchat'",
    """%autoreload 0
for name in [name for name in sys.modules if name.partition(".")[0] == "nbchat"]: del sys.modules[name]
import nbchat
%reload_ext nbchat""",
)
"""What people do when they have installed something: importlib.reload, autoreload beside files that were written, a whole new
import."""
FORK = """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of os.fork beside threads, from Python 3.12
def ask_in_child(answers):
    nbchat.add_provider("lab", **json.loads({place!r}))  # a child saves nothing, and knows no settings
    m = nbchat.session("child").ask("in the child", model="lab/scripted")
    answers.put((m.status, m.text))
fork = multiprocessing.get_context("fork")
answers = fork.Queue()
child = fork.Process(target=ask_in_child, args=(answers,))
child.start()
print(answers.get(timeout=30))
child.join(30)
print(child.exitcode)
"""


def answer(lab: Lab, request: Request) -> Reply:
    """Slow questions get two hundred words behind the gate, every other one an echo."""
    question = request.question or ""
    if "slowly" in question:
        return Reply.text(tokens=[f"t{n} " for n in range(200)], gate=lab.gate)
    return Reply.text(f"You said: {question}")


@contextmanager
def in_a_kernel(python: str, folder: Path, root: Path = ROOT) -> Iterator[Lab]:
    with lab_of(answer, folder / "home", python=python, root=root) as lab:
        yield lab


def shows(inside: Kernel, widget: str, text: str) -> None:
    """Wait until a view shows this text."""
    inside.wait(lambda: text in inside.text(widget))


def fine(cell: Cell) -> str:
    """What a cell printed; raises where it failed."""
    assert cell.error is None, cell.error
    return cell.text


def asks(inside: Kernel, question: str) -> None:
    """The kernel's magic and its Python both get an answer to this."""
    printed = fine(inside.run(f"m = %chat --wait {question}\nprint(m.text)", seconds=PATIENCE))
    assert printed == f"You said: {question}\n", printed
    printed = fine(inside.run(f"print(nbchat.session('python').ask({question!r}).text)", seconds=PATIENCE))
    assert printed == f"You said: {question}\n", printed


def streams_and_stops_beside_a_cell(python: str, folder: Path) -> None:
    """Tokens arrive while a cell sleeps, and Stop ends the answer before the cell ends, on each way that this kernel has."""
    with in_a_kernel(python, folder) as lab:
        inside = lab.kernel
        for way in ("control", *(["subshell"] if inside.has_subshells else [])):
            widget = inside.run(f"%chat -s {way} go slowly", cell=way).widget
            subshell = inside.subshell() if way == "subshell" else None
            busy = inside.send_cell("import time; time.sleep(60)")
            inside.hear(lambda m: m["msg_type"] == "execute_input")
            lab.gate.release(5)
            shows(inside, widget, "t4 ")
            inside.say(widget, {"op": "stop"}, channel="control" if way == "control" else "shell", subshell=subshell)
            inside.wait_end(widget)
            inside.manager.interrupt_kernel()
            slept = inside.wait_cell(busy, PATIENCE).error
            assert slept is not None, "Stop came when the cell had ended"
            assert slept["ename"] == "KeyboardInterrupt", slept
            stored = fine(inside.run(f"m = nbchat.session({way!r}).messages[-1]; print(m.status, m.text)"))
            assert stored == "stopped t0 t1 t2 t3 t4 \n", stored


def nests(before: str, python: str, folder: Path) -> None:
    """run_sync of a coroutine bound to the kernel's loop gives its result or says why not; no cell that waits is lost."""
    with in_a_kernel(python, folder) as lab:
        inside = lab.kernel
        assert fine(inside.run("async def five(): return 5\nprint(nbchat.run_sync(five()))")) == "5\n"
        version = fine(inside.run("import ipykernel; print(*ipykernel.version_info[:2])")).split()
        there = fine(inside.run("import importlib.util as u; print(u.find_spec('nest_asyncio2') is not None)")).strip()
        cells = [inside.send_cell(code) for code in (NESTING.format(before=before), "print('second')", "print('third')")]
        nested, *waiting = [fine(inside.wait_cell(cell, PATIENCE)) for cell in cells]
        first = "nest_asyncio." in before
        if first and (int(version[0]), int(version[1])) >= (7, 1):
            assert nested.startswith("KernelLoopError Remove `import nest_asyncio"), nested
        elif not first and there == "False":
            assert nested.startswith("KernelLoopError Install it"), nested
        else:
            assert nested == "from the kernel's loop\n", nested
        assert waiting == ["second\n", "third\n"], waiting
        asks(inside, "after nesting?")


def refuses_to_wait_for_itself(python: str, folder: Path) -> None:
    """`ask` on nbchat's own thread raises instead of hanging, and sends nothing."""
    with in_a_kernel(python, folder) as lab:
        code = "async def wrong(): return nbchat.session('wrong').ask('hi')\nnbchat.run_sync(wrong())"
        error = lab.kernel.run(code).error
        assert error is not None
        assert error["ename"] == "KernelLoopError", error
        assert not lab.server.chats


def survives_reloads(python: str, folder: Path) -> None:
    """An answer streams on through every kind of reload, and handles of before go on asking."""
    if not python:  # autoreload sees that a file was written: not the one that other tests load
        shutil.copytree(ROOT / "nbchat", folder / "copy" / "nbchat")
    with in_a_kernel(python, folder, folder / "copy") as lab:
        inside = lab.kernel
        fine(inside.run("s = nbchat.session('before'); s.ask('first')\n%load_ext autoreload", seconds=PATIENCE))
        widget = inside.run("%chat go slowly", cell="reloaded").widget
        for number, code in enumerate(RELOADS):
            lab.gate.release(3)
            shows(inside, widget, f"t{3 * number + 2} ")
            fine(inside.run(code, seconds=PATIENCE))
            assert fine(inside.run("print(s.ask('of before').text)", seconds=PATIENCE)) == "You said: of before\n"
            printed = fine(inside.run("m = %chat -s other --wait after it?\nprint(m.text)", seconds=PATIENCE))
            assert printed == "You said: after it?\n", printed
        lab.gate.open()
        inside.wait_end(widget, PATIENCE)
        assert inside.text(widget).endswith("t199 "), inside.text(widget)
        asks(inside, "at last?")
        fine(inside.run("assert nbchat.session('before').messages[0].text == 'first'\nimport threading"))
        assert fine(inside.run("print(sum(t.name == 'nbchat' for t in threading.enumerate()))")) == "1\n"


def survives_a_fork(python: str, folder: Path) -> None:
    """A forked child asks for itself and ends; the kernel goes on, and a turn that ran in it meanwhile is the kernel's."""
    with in_a_kernel(python, folder) as lab:
        inside = lab.kernel
        widget = inside.run("%chat go slowly", cell="forked").widget
        lab.gate.release(3)
        shows(inside, widget, "t2 ")
        place = json.dumps({"base_url": lab.server.base_url, "api_key": lab.server.api_key})
        printed = fine(inside.run(FORK.format(place=place), seconds=PATIENCE))
        assert printed == "('complete', 'You said: in the child')\n0\n", printed
        lab.gate.open()
        inside.wait_end(widget, PATIENCE)
        assert inside.text(widget).endswith("t199 ")
        asks(inside, "after a fork?")


def survives_a_restart(python: str, folder: Path) -> None:
    """What was answered is shown again, free; what streamed when the kernel died is kept as interrupted, and can go on."""
    with in_a_kernel(python, folder) as lab:
        inside = lab.kernel
        fine(inside.run("%chat --wait what is a monad?", cell="answered", seconds=PATIENCE))
        widget = inside.run("%chat -s cut go slowly", cell="cut").widget
        lab.gate.release(4)
        shows(inside, widget, "t3 ")
        fine(inside.run("import time; time.sleep(1)"))  # a checkpoint is at most half a second behind
        inside.restart()
        inside.load(lab.server)
        asked = len(lab.server.chats)
        again = inside.run("%chat --wait what is a monad?", cell="answered", seconds=PATIENCE)
        assert again.error is None, again.error
        inside.wait(lambda: inside.text(again.widget) == "You said: what is a monad?")
        assert len(lab.server.chats) == asked, "an answer that is there was bought again"
        kept = fine(inside.run("m = nbchat.session('cut').messages[-1]; print(m.status, m.text)"))
        assert kept == "interrupted t0 t1 t2 t3 \n", kept
        asks(inside, "after a restart?")


IN_A_KERNEL: dict[str, Callable[[str, Path], None]] = {
    "stream, Stop": streams_and_stops_beside_a_cell,
    "run_sync": partial(nests, ""),
    "run_sync, nest_asyncio 1": partial(nests, "import nest_asyncio; nest_asyncio.apply()"),
    "run_sync, nest-asyncio2": partial(nests, "import nest_asyncio2; nest_asyncio2.apply()"),
    "own thread": refuses_to_wait_for_itself,
    "reloads": survives_reloads,
    "fork": survives_a_fork,
    "restart": survives_a_restart,
}
