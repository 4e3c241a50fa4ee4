"""run_sync."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest

from nbchat.core.errors import KernelLoopError, UsageError
from nbchat.runtime.loop import background
from nbchat.runtime.run_sync import run_sync


async def where() -> bool:
    await asyncio.sleep(0)
    return background().on_loop


def test_background_is_the_default() -> None:
    """The coroutine runs on nbchat's loop while the caller waits."""
    assert run_sync(where()) is True


def test_kernel_without_a_running_loop_just_runs_it() -> None:
    """A plain script has nothing to nest into."""
    assert run_sync(where(), on="kernel") is False


def test_another_place_is_the_callers_mistake() -> None:
    """The coroutine is closed, so that no warning follows."""
    with pytest.raises(UsageError, match="cannot run on"):
        run_sync(where(), on="moon")  # type: ignore[arg-type]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_kernel_nests_in_the_running_loop() -> None:
    """A future of the running loop can be waited for from synchronous code. In a process of its own: it patches asyncio."""
    out = run("""
        import asyncio
        from nbchat.runtime.run_sync import run_sync
        async def main():
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.01, future.set_result, "from the loop")
            async def wait(): return await future
            print(run_sync(wait(), on="kernel"))
        asyncio.run(main())
    """)
    assert out.strip() == "from the loop"


def test_kernel_is_refused_where_it_loses_cells() -> None:
    """nest_asyncio 1.x on ipykernel >= 7.1 loses the cells that wait; better a clear error."""
    out = run("""
        import asyncio, sys, types
        asyncio._nest_patched = True
        sys.modules["ipykernel"] = types.SimpleNamespace(version_info=(7, 4, 0))
        from nbchat.core.errors import KernelLoopError
        from nbchat.runtime.run_sync import run_sync
        async def nothing(): pass
        async def main():
            try: run_sync(nothing(), on="kernel")
            except KernelLoopError as error: print(error.hint)
        asyncio.run(main())
    """)
    assert out.startswith("Remove `import nest_asyncio")


BOUND = """
    import asyncio, sys
    {before}
    from nbchat.core.errors import KernelLoopError
    from nbchat.runtime.run_sync import run_sync
    async def main():
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.01, future.set_result, "from the loop")
        async def wait(): return await future
        try: print(run_sync(wait(), on="kernel"))
        except KernelLoopError as error: print(error)
    asyncio.run(main())
"""


@pytest.mark.parametrize("package", ["nest_asyncio", "nest_asyncio2"])
def test_a_script_nests_with_whatever_patched_it_first(package: str) -> None:
    """No kernel runs here, so nest_asyncio 1.x loses nothing, whichever ipykernel is installed beside it."""
    assert run(BOUND.format(before=f"import {package}; {package}.apply()")).strip() == "from the loop"


def test_without_nest_asyncio2_it_says_what_to_install() -> None:
    """As after `pip uninstall`: no ModuleNotFoundError from inside, and no coroutine that was never awaited."""
    out = run(BOUND.format(before="sys.modules['nest_asyncio2'] = None"))
    assert "not installed" in out
    assert "`%pip install nest-asyncio2`" in out
    assert "Warning" not in out


def test_kernel_is_refused_on_nbchats_own_thread() -> None:
    """Its loop is not to be nested: a session would be changed in the middle of a step."""

    async def nest() -> bool:
        return run_sync(where(), on="kernel")

    with pytest.raises(KernelLoopError, match="own thread"):
        run_sync(nest())
