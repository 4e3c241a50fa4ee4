"""A whole process that uses nbchat: how it starts and how it ends."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_script(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False)


def test_a_script_asks_prints_and_exits_in_silence() -> None:
    """No frontend, no loop, no key: the demo answers, and nothing is left to say at the exit."""
    done = run_script("""
        import nbchat
        s = nbchat.session("notes")
        print(s.ask("table").status)
    """)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("complete", "", 0)


def test_a_process_that_ends_in_mid_answer_saves_what_came() -> None:
    """The next one shows the partial, and says that it was interrupted."""
    first = run_script("""
        import nbchat
        turn = nbchat.session("notes").send("long", model="demo/demo-slow")
        next(iter(turn))
    """)
    assert (first.stderr, first.returncode) == ("", 0)
    second = run_script("""
        import nbchat
        message = nbchat.session("notes").messages[-1]
        print(message.status, len(message.text) > 0)
    """)
    assert second.stdout.split() == ["interrupted", "True"], second.stderr


def test_a_forked_child_asks_for_itself() -> None:
    """multiprocessing's fork: the child starts its own loop, store and demo, and the parent goes on."""
    done = run_script("""
        import os, warnings
        warnings.simplefilter("ignore")
        import nbchat
        s = nbchat.session("parent")
        assert s.ask("table").status == "complete"
        child = os.fork()
        if child == 0:
            ok = nbchat.session("child").ask("table").status == "complete"
            os._exit(0 if ok else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), s.ask("a table again").status)
    """)
    assert done.stdout.split() == ["0", "complete"], done.stderr
