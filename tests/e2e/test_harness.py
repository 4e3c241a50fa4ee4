"""The tests' own tools: a gate that loses nothing would make every test of losses pass."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.opening import Open

COUNTER = '''
import anywidget

class Counter(anywidget.AnyWidget):
    _esm = """export default {
      render({ model, el }) {
        const out = el.appendChild(document.createElement("output"))
        model.on("msg:custom", () => { out.textContent = Number(out.textContent) + 1 })
      }
    }"""

counter = Counter()
counter
'''


def test_gate_hides_from_the_application_exactly_what_it_counts_as_dropped(open_notebook: Open) -> None:
    """30 % of 200 comm messages are lost; the widget sees the others, each once."""
    notebook = open_notebook([COUNTER])
    notebook.run(0)
    output = notebook.cell(0).locator("output")
    output.wait_for(state="attached")
    notebook.wire.lose(0.3)
    notebook.wire.reset()
    notebook.exec("for _ in range(200): counter.send({})")
    notebook.page.wait_for_function("() => __wire.messages + __wire.dropped === 200")
    counts = notebook.wire.counts()
    assert 40 <= counts["dropped"] <= 80
    assert counts["messages"] == 200 - counts["dropped"]
    expect(output).to_have_text(str(counts["messages"]))
