"""What `nbchat.testing` says about itself, done."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import nbchat.testing


def test_the_example_of_the_docstring_works_as_it_stands() -> None:
    """People copy it: it runs in a plain script, says nothing, and ends by itself."""
    assert nbchat.testing.__doc__ is not None
    example = textwrap.dedent(nbchat.testing.__doc__.partition("\n\n")[2].partition("\n\nIt speaks")[0])
    assert "turn.stop()" in example
    command = [sys.executable, "-W", "error", "-c", f"import nbchat\n{example}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
