"""The demo model at more than a reader's pace, for tests that run all of a notebook or of the README in a kernel of its own."""

from __future__ import annotations

__all__ = ["QUICK_DEMO"]

QUICK_DEMO = """
import nbchat.demo as _demo

_answer_at = _demo.DemoServer._answer_at

def _quickly(self, pace, request, wrong):
    stopped = "long" in request.question and request.messages[-1]["role"] == "user"
    return _answer_at(self, pace if stopped else 600.0, request, wrong)

_demo.DemoServer._answer_at = _quickly
"""
"""Code that is run before anything is asked: it streams as always, in a tenth of the time. A long answer, which is there to be
stopped on the way, has its usual pace, so that there is time for that on a slow machine; what follows a resume is quick again.
"""
