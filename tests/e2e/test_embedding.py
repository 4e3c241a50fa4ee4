"""Views in widgets of one's own, in a real JupyterLab: hidden and shown, moved between boxes, linked, and many at once."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, expect

from nbchat.testing import Gate, Reply, Request, ScriptedServer
from tests.e2e.chats import VIEW, View, view_of, wait_for_answers, watch, watched
from tests.e2e.desk import OPEN, Desk
from tests.e2e.lab import Lab
from tests.e2e.opening import KEY, OpenChat, setup_cell

PARAGRAPH = "Words that fill some lines of the window, so that it has to be scrolled to be read as a whole. " * 8
TITLES = ("front", "chat")


def shown(root: Locator) -> tuple[float, float]:
    """How far the log is from its end, and its height, in pixels."""
    rest, height = root.get_by_role("log").evaluate(
        "log => [log.scrollHeight - log.scrollTop - log.clientHeight, log.clientHeight]"
    )
    return float(rest), float(height)


def test_a_view_in_a_hidden_tab_is_at_its_end_when_it_is_shown(open_chat: OpenChat) -> None:
    """Drawn first at no size at all; an answer comes while it is hidden; hidden and shown again; what was read stays in place."""
    gate = Gate()
    first, *more = (Reply.text(f"answer {n}\n\n{PARAGRAPH}") for n in range(8))
    with ScriptedServer(
        [first, *more, Reply.text(tokens=["One", f" {PARAGRAPH}\n\n", "three"], gate=gate)], api_key=KEY
    ) as server:
        tabs = (
            "import ipywidgets as w\ns = nbchat.session('tabs')\nfor n in range(8): s.ask(f'question {n}')\n"
            f"tab = w.Tab([w.Label('nothing'), s.widget], titles={list(TITLES)})\ntab"
        )
        notebook = open_chat(server, [tabs])
        notebook.run(1)
        cell = notebook.cell(1)
        view = view_of(cell)
        front, chat = (cell.get_by_text(name, exact=True) for name in TITLES)
        notebook.exec("t = s.send('now')")
        gate.release(1)
        expect(view.root.get_by_role("log")).to_be_hidden()
        chat.click()
        view.root.get_by_role("log").scroll_into_view_if_needed()
        expect(view.answers.last).to_have_text("One")
        expect(view.answers.last).to_be_in_viewport()
        rest, height = shown(view.root)
        assert rest < 4
        assert height > 150
        front.click()
        gate.open()
        notebook.exec("t.result(20)")
        chat.click()
        expect(view.answers.last).to_contain_text("three")
        expect(view.answers.last.get_by_text("three")).to_be_in_viewport()
        assert shown(view.root)[0] < 4
        view.answers.nth(-4).scroll_into_view_if_needed()
        notebook.page.mouse.wheel(0, 0)
        before = shown(view.root)[0]
        assert before > 100
        front.click()
        expect(view.root.get_by_role("log")).to_be_hidden()
        chat.click()
        expect(view.root.get_by_role("log")).to_be_visible()
        assert abs(shown(view.root)[0] - before) < 4


def test_a_view_goes_from_box_to_box_and_is_closed_and_opened_again(open_chat: OpenChat) -> None:
    """With its draft; in an Output, twice in one box, and by `jslink` beside labels that follow status and cost in the page."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}
    gate = Gate()
    with ScriptedServer(
        lambda request: Reply.text(f"You said: {request.question}", usage=usage, gate=gate), api_key=KEY
    ) as server:
        build = """import ipywidgets as w
s = nbchat.session('moves')
status, cost = w.Label(), w.Label()
w.jslink((s.widget, 'status'), (status, 'value'))
w.jsdlink((s.widget, 'cost'), (cost, 'value'))
left, right, out = w.VBox([s.widget]), w.VBox(), w.Output()
w.VBox([w.HBox([status, cost]), w.HBox([left, right]), out])"""
        notebook = open_chat(server, [build])
        notebook.run(1)
        cell = notebook.cell(1)
        labels = cell.locator(".widget-label")
        expect(labels).to_have_text(["idle", "$0.00"])
        view = view_of(cell)
        view.ask("one")
        expect(labels.first).to_have_text("submitted")
        gate.open()
        expect(labels).to_have_text(["idle", "$0.25"])
        view.composer.fill("a draft")
        notebook.exec("left.children, right.children = (), (s.widget,)")
        expect(cell.locator(VIEW)).to_have_count(1)
        expect(view.answers).to_have_text(["You said: one"])
        expect(view.composer).to_have_value("a draft")
        notebook.exec("right.children = (s.widget, s.widget)\nout.append_display_data(s.widget)")
        expect(cell.locator(VIEW).locator("textarea")).to_have_count(3)
        View(cell.locator(VIEW).last).ask("two")
        for n in range(3):
            expect(View(cell.locator(VIEW).nth(n)).answers).to_have_text(["You said: one", "You said: two"])
        notebook.exec("out.clear_output()\ns.widget.close()\nright.children = (s.widget,)")
        expect(cell.locator(VIEW).locator("textarea")).to_have_count(1)
        view.ask("three")
        expect(view.answers).to_have_text([f"You said: {word}" for word in ("one", "two", "three")])
        expect(labels).to_have_text(["idle", "$0.50"])  # they were linked to the one that was closed


SESSIONS, VIEWS, TOKENS = 12, 3, 40


def counted(request: Request) -> Reply:
    return Reply.text(tokens=[f"{request.question}-{n} " for n in range(TOKENS)], delay=0.05)


def test_many_sessions_on_a_page_stream_at_once_and_nothing_crosses(open_chat: OpenChat) -> None:
    """Twelve of them, each in three views: in every frame each view shows its own words alone, and at the end all of them."""
    with ScriptedServer(counted, api_key=KEY) as server:
        build = f"""import ipywidgets as w
names = [f"n{{i}}" for i in range({SESSIONS})]
sessions = [nbchat.session(name) for name in names]
rows = [w.HBox([each.widget, nbchat.ChatWidget(each), each.widget]) for each in sessions]
w.Accordion([w.VBox(rows)], selected_index=0)"""
        notebook = open_chat(server, [build])
        notebook.run(1)
        cell = notebook.cell(1)
        expect(cell.locator(VIEW).locator("textarea")).to_have_count(SESSIONS * VIEWS, timeout=30_000)
        watch(notebook.page)
        notebook.exec("turns = [each.send(name) for name, each in zip(names, sessions)]\nfor turn in turns: turn.result(60)")
        wanted = [" ".join(f"n{i}-{n}" for n in range(TOKENS)) for i in range(SESSIONS) for _ in range(VIEWS)]
        wait_for_answers(notebook.page, wanted, timeout=30_000)
        frames = watched(notebook.page)
        crossed = [text for texts in frames for text, own in zip(texts, wanted, strict=True) if not own.startswith(text)]
        assert crossed == []
        running = [{own for text, own in zip(texts, wanted, strict=True) if 0 < len(text) < len(own)} for texts in frames]
        assert max(map(len, running)) > SESSIONS // 2, "they did not stream at once"


CONSOLE = """async (cells) => {
  const made = await window.jupyterapp.commands.execute('console:create', { kernelPreference: { name: 'python3' } })
  await made.console.sessionContext.ready
  for (const code of cells) void made.console.inject(code)
}"""


def test_a_page_without_a_notebook_shows_live_views(lab: Lab, desk: Desk, tmp_path: Path) -> None:
    """JupyterLab's console: a kernel and outputs, and no cells to insert into. (voila's pages are such ones.)"""
    gates = {"hi": Gate(), "hello?": Gate()}
    tokens = ["One", " two\n\n```python\nx = 1\n```\n\n", "three"]
    cells = ["s = nbchat.session('console')\ns.widget", "%chat -s other hello?"]
    with ScriptedServer(lambda request: Reply.text(tokens=tokens, gate=gates[request.question]), api_key=KEY) as server:
        page = desk.take(lab)
        page.evaluate(CONSOLE, [setup_cell(server, tmp_path / "nbchat"), *cells])
        found = page.locator(VIEW)
        expect(found).to_have_count(2, timeout=OPEN)
        thread, turn = (View(found.nth(n)) for n in range(2))
        thread.ask("hi")
        for text in ("One", "x = 1"):
            for view, gate in zip((thread, turn), gates.values(), strict=True):
                gate.release(1)
                expect(view.answers).to_contain_text([text])
                expect(view.root.get_by_role("button", name="Insert below")).to_have_count(0)
        thread.stop.click()
        expect(thread.stop).to_have_count(0)
        expect(thread.root).to_contain_text("stopped")
        gates["hello?"].open()
        expect(turn.answers).to_contain_text(["three"])
