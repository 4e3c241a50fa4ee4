"""The demo model at more than a reader's pace, for tests that run all of a notebook or of the README in a kernel of its own."""

from __future__ import annotations

__all__ = ["QUICK_DEMO"]

QUICK_DEMO = """
import functools as _functools
import nbchat.demo as _demo
_demo.DemoServer = _functools.partial(_demo.DemoServer, pace=600.0)
"""
"""Code that is run before anything is asked: it streams as always, in a tenth of the time."""
