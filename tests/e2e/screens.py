"""Pictures of nbchat in a real JupyterLab, answered by the demo model: python -m tests.e2e.screens OUTDIR

light, dark, narrow, long (a thread with a scrolled history), error, stream (taken while an answer grows), branches (with the
actions of a message), editing, cut (a stopped answer and one that failed), queue, tools (one waits for consent, one ran),
money (a budget that refuses), full (a conversation that the model cannot read), cost (what `%nbchat cost` shows), doctor (its
report, providers and models), loading (a server that loads its model).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Locator, expect, sync_playwright

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import view_of
from tests.e2e.chromium import launch
from tests.e2e.desk import Desk
from tests.e2e.lab import Lab
from tests.e2e.notebook import Notebook, write_notebook
from tests.e2e.opening import KEY, setup_cell
from tests.support.priced import PricedServer

QUICKSTART = ["%load_ext nbchat", "%chat Show me a table of planets.", "import nbchat\ns = nbchat.session()\ns.widget"]
WIDE = (1280, 1330)
NARROW = (560, 1330)
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"

GROWING = """There are two questions behind this one:

1. **Which order?** `sorted` takes a `key`, and a key is nearly always enough.
2. **How much data?** Up to some millions of items, the built-in sort is the fastest.

Only to *see* how it works, a merge sort:

```python
def merge(left, right):
    # both are sorted already
    out = []
    while left and right:
        out.append((left if left[0] <= right[0] else right).pop(0))
    return out + left + right
```

It needs *n* log *n* steps, like the built-in one.
"""


class Studio:
    """Opens notebooks at a size and theme, and takes their pictures into a folder."""

    def __init__(self, lab: Lab, browser: Browser, out: Path) -> None:
        self.lab = lab
        self.browser = browser
        self.out = out

    def open(
        self, name: str, cells: list[str], size: tuple[int, int] = WIDE, theme: str = LIGHT, run: int | None = None
    ) -> Notebook:
        """Open a notebook without side bars in the way, and run its cells (the first `run` ones)."""
        write_notebook(self.lab.folder / f"{name}.ipynb", cells)
        context = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, device_scale_factor=2)
        notebook = Notebook(self.lab, Desk(context), f"{name}.ipynb", fresh=True)
        notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        notebook.theme(theme)
        for index in range(len(cells) if run is None else run):
            notebook.run(index)
        return notebook

    def take(self, notebook: Notebook, name: str, *, after: str = "", over: Locator | None = None) -> None:
        """Take the picture of the notebook, without the application around it, the pointer `over` something, and close it."""
        notebook.page.mouse.move(0, 0)
        if over is not None:
            over.hover()
        panel = notebook.page.locator(".jp-NotebookPanel")
        panel.screenshot(path=self.out / f"{name}.png", animations="disabled")
        notebook.exec(after)
        notebook.shut_down()

    def quickstart(self, name: str, size: tuple[int, int] = WIDE, theme: str = LIGHT) -> None:
        """The first cells of the quickstart, answered, and a second question asked in the window."""
        notebook = self.open("planets", QUICKSTART, size, theme)
        thread = view_of(notebook.cell(2))
        for count in (1, 2):
            expect(thread.answers).to_have_count(count)
            expect(thread.stop).to_have_count(0, timeout=60_000)
            if count == 1:
                thread.ask("And some code?")
        notebook.page.locator(".jp-Notebook").first.evaluate("notebook => notebook.scrollTo(0, 0)")
        self.take(notebook, name, after="nbchat.manager.delete('planets')")

    def long(self) -> None:
        """A thread with many messages."""
        notebook = self.open("long", ["%load_ext nbchat\nimport nbchat\ns = nbchat.session('long')", "s.widget"])
        for question in ("Show me some code.", "Show me a table.", "Show me some math.", "Think first, please."):
            notebook.exec(f"s.ask({question!r})")
        self.take(notebook, "long")

    def error(self) -> None:
        """A question that fails after part of its answer, and one that fails at once."""
        part = Reply.text("The first half of an answer, then", finish_reason="", done=False)
        replies = [part.cut(len(part.body()) - 5), Reply.error(401, "Incorrect API key provided.", code="invalid_api_key")]
        with TemporaryDirectory() as home, ScriptedServer(replies, api_key=KEY) as server:
            notebook = self.open("error", [setup_cell(server, Path(home)), "%chat cut", "%chat refused"])
            expect(view_of(notebook.cell(2)).error).to_be_visible()
            self.take(notebook, "error")

    def stream(self) -> None:
        """An answer that has grown to some length and still grows."""
        gate = Gate()
        with TemporaryDirectory() as home, ScriptedServer(Reply.text(GROWING, gate=gate), api_key=KEY) as server:
            cells = [setup_cell(server, Path(home)), "s = nbchat.session('stream')\ns.widget", "turn = s.send('How do I sort?')"]
            notebook = self.open("stream", cells)
            gate.release(110)
            gate.wait_reached(111)
            expect(view_of(notebook.cell(1)).answers).to_contain_text("while left and")
            self.take(notebook, "stream")

    def branches(self, name: str, theme: str = LIGHT, size: tuple[int, int] = WIDE) -> None:
        """A question with two wordings, an answer of three, one by hand, and the pointer on an answer."""
        notebook = self.open(
            "branches", ["%load_ext nbchat\nimport nbchat\ns = nbchat.session('branches')", "s.widget"], size, theme
        )
        notebook.exec(
            "s.ask('What is a monad?'); s.edit(s.messages[0].id, 'Show me a table.').result(); s.regenerate().result()\n"
            "s.edit_reply(s.messages[-1].id, 'Never mind the table: *four planets*, the third is ours.')\n"
            "s.ask('And some math?'); s.hide(s.messages[0].id)"
        )
        view = view_of(notebook.cell(1))
        expect(view.answers).to_have_count(2)
        view.root.locator(".log").evaluate("log => log.scrollTo(0, 0)")
        self.take(notebook, name, over=view.root.locator(".message.user").first, after="nbchat.manager.delete('branches')")

    def editing(self) -> None:
        """A question that is being edited in place."""
        notebook = self.open("editing", ["%load_ext nbchat\nimport nbchat\ns = nbchat.session('editing')", "s.widget"])
        notebook.exec("s.ask('Show me some code.')")
        question = view_of(notebook.cell(1)).root.locator(".message.user").first
        question.hover()
        question.get_by_role("button", name="Edit question").click()
        self.take(notebook, "editing")

    def cut(self, name: str, theme: str = LIGHT) -> None:
        """Below cells: an answer that was stopped and can be resumed, and one that failed and can be retried."""
        gate = Gate()
        gate.release(60)
        replies = [Reply.text(GROWING, gate=gate), Reply.error(429, "Rate limit reached.", headers={"retry-after": "300"})]
        with TemporaryDirectory() as home, ScriptedServer(replies, api_key=KEY) as server:
            cells = [setup_cell(server, Path(home)), "%chat How do I sort?", "%chat And quickly?"]
            notebook = self.open("cut", cells, theme=theme, run=2)
            gate.wait_reached(61)
            view_of(notebook.cell(1)).stop.click()
            expect(view_of(notebook.cell(1)).root.get_by_role("button", name="Resume")).to_be_visible()
            notebook.run(2)
            expect(view_of(notebook.cell(2)).root.get_by_role("button", name="Retry")).to_be_visible()
            self.take(notebook, name)

    def queue(self) -> None:
        """Two questions that wait behind a running answer, one of them being edited."""
        gate = Gate()
        gate.release(20)
        with TemporaryDirectory() as home, ScriptedServer(Reply.text(GROWING, gate=gate), api_key=KEY) as server:
            cells = [setup_cell(server, Path(home)), "s = nbchat.session('queue')\ns.widget"]
            notebook = self.open("queue", cells)
            view = view_of(notebook.cell(1))
            for question in ("How do I sort?", "And in reverse?", "And by two keys?"):
                view.ask(question)
            waiting = view.root.locator(".message.waiting")
            expect(waiting).to_have_count(2)
            waiting.first.get_by_role("button", name="Edit queued question").click()
            self.take(notebook, "queue")

    def tools(self, name: str, theme: str = LIGHT, size: tuple[int, int] = WIDE) -> None:
        """A call that ran, and one that waits for consent, with arguments that try to deceive."""
        query = {"query": "SELECT planet, radius_km FROM planets ORDER BY radius_km DESC", "limit": 8, "note": "safe\u202e!"}

        def script(request: Request) -> Reply:
            if request.messages[-1]["role"] != "tool":
                return Reply.text("I will look at the table. ", tool_calls=[("run_query", query)])
            results = sum(message["role"] == "tool" for message in request.messages)
            if results == 1:
                return Reply.text("Now the moons. ", tool_calls=[("run_query", {"query": "SELECT * FROM moons"})])
            return Reply.text("Jupiter is the largest.")

        tool = (
            "def run_query(query: str, limit: int = 100, note: str = '') -> list[dict]:\n"
            "    'Run a query on the database of planets.'\n"
            "    return [{'planet': 'Jupiter', 'radius_km': 69911}, {'planet': 'Saturn', 'radius_km': 58232}]\n"
            "s.tools = [run_query]"
        )
        with TemporaryDirectory() as home, ScriptedServer(script, api_key=KEY) as server:
            cells = [setup_cell(server, Path(home)), "s = nbchat.session('tools')\ns.widget", tool]
            notebook = self.open("tools", cells, size, theme)
            view = view_of(notebook.cell(1))
            view.ask("Which planet is the largest?")
            allow = view.root.get_by_role("button", name="Allow once")
            expect(allow).to_have_attribute("aria-disabled", "false")
            if name != "tools-narrow":
                allow.click()
                expect(view.root.locator(".approval")).to_contain_text("moons")
                expect(allow).to_have_attribute("aria-disabled", "false")
            self.take(notebook, name)

    def money(self, name: str, theme: str = LIGHT, size: tuple[int, int] = WIDE) -> None:
        """A question that would pass the budget, the warning, and what the next one costs; and one that does not fit."""

        def script(request: Request) -> Reply:
            return Reply.text(
                GROWING, usage={"prompt_tokens": sum(len(m["content"]) for m in request.messages), "completion_tokens": 100}
            )

        full = name.startswith("full")
        with TemporaryDirectory() as home, PricedServer(script, length=150 if full else 8_000, api_key=KEY) as server:
            limit = "s.parameters = {'max_tokens': 100}\n" + ("" if full else "s.budget = '0.26'\n")
            cells = [setup_cell(server, Path(home)), f"nbchat.list_models('peer')\ns = nbchat.session('money')\n{limit}s.widget"]
            notebook = self.open("money", cells, size, theme)
            view = view_of(notebook.cell(1))
            for count, question in enumerate(("How do I sort?", "And in reverse?"), 1):
                view.ask(question)
                expect(view.root.locator(".message.user")).to_have_count(count)
                expect(view.stop).to_have_count(0)
            expect(view.error).to_be_visible()
            self.take(notebook, name)

    def cost(self, name: str, theme: str = LIGHT) -> None:
        """What was asked so far, by model and by session."""
        replies = [Reply.text("One."), Reply.text("Two.", usage_shape="never"), Reply.text("Three.")]
        with TemporaryDirectory() as home, PricedServer(replies, length=8_000, api_key=KEY) as server:
            asked = "for name in ('planets', 'planets', 'a longer name'):\n    nbchat.session(name).ask('hi')"
            setup = setup_cell(server, Path(home)) + "nbchat.list_models('peer')"
            cells = [setup, asked, "%nbchat cost", "print(repr(_))", "nbchat.ledger('model')"]
            self.take(self.open("cost", cells, theme=theme), name)

    def doctor(self, name: str, theme: str = LIGHT) -> None:
        """What is well and what is not, of the demo and of a provider without a key; providers and models as tables."""
        with TemporaryDirectory() as home, PricedServer(Reply.text(GROWING), length=8_000, api_key=KEY) as server:
            setup = setup_cell(server, Path(home)) + "nbchat.add_provider(preset='openai')"
            cells = [setup, "%nbchat doctor", "%nbchat doctor openai --offline", "nbchat.list_providers()", "%nbchat models"]
            self.take(self.open("doctor", cells, theme=theme), name)

    def loading(self, name: str, theme: str = LIGHT) -> None:
        """A local server that says how far it is with loading its model."""
        with TemporaryDirectory() as home, ScriptedServer([Reply.loading(0.4)] * 600, api_key=KEY) as server:
            notebook = self.open("loading", [setup_cell(server, Path(home)), "s = nbchat.session('load')\ns.widget"], theme=theme)
            view = view_of(notebook.cell(1))
            view.ask("How do I sort?")
            expect(view.root).to_contain_text("40 %")
            self.take(notebook, name)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screens", description="Takes pictures of nbchat in JupyterLab.")
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        lab = Lab(Path(home) / "lab", {"PEER_KEY": KEY})
        lab.start()
        try:
            studio = Studio(lab, launch(playwright), out)
            studio.quickstart("light")
            studio.quickstart("dark", theme=DARK)
            studio.quickstart("narrow", size=NARROW)
            studio.long()
            studio.error()
            studio.stream()
            studio.branches("branches")
            studio.branches("branches-dark", DARK)
            studio.editing()
            studio.cut("cut")
            studio.cut("cut-dark", DARK)
            studio.queue()
            studio.tools("tools")
            studio.tools("tools-dark", DARK)
            studio.tools("tools-narrow", size=NARROW)
            for name, theme, size in (("", LIGHT, WIDE), ("-dark", DARK, WIDE), ("-narrow", LIGHT, NARROW)):
                studio.money(f"money{name}", theme, size)
                studio.money(f"full{name}", theme, size)
            studio.cost("cost")
            studio.cost("cost-dark", DARK)
            studio.doctor("doctor")
            studio.doctor("doctor-dark", DARK)
            studio.loading("loading")
            studio.loading("loading-dark", DARK)
        finally:
            lab.stop()
    print("\n".join(str(path) for path in sorted(out.glob("*.png"))))


if __name__ == "__main__":
    main()
