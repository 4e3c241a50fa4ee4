"""The composer in a real JupyterLab: what is attached reaches the server, the draft survives, and keys and words stay its own."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from nbchat.testing import Gate, Reply, ScriptedServer
from tests.e2e.chats import View, view_of
from tests.e2e.opening import KEY, OpenChat
from tests.support.prompts import PROMPTS

SHOW = "s = nbchat.session('composer')\ns.widget"
GIVE = """([element, name, kind, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(new File([bytes], name, { type }))
  const how = { bubbles: true, cancelable: true, composed: true }
  if (kind === 'paste') element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: dataTransfer, ...how }))
  else for (const each of ['dragenter', 'dragover', 'drop']) element.dispatchEvent(new DragEvent(each, { dataTransfer, ...how }))
}"""


def picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(file, "JPEG", quality=95)
    return file.getvalue()


def give(view: View, how: str, name: str, kind: str, data: bytes) -> None:
    """Paste a file into the box, or drop it on the thread's log."""
    element = (view.composer if how == "paste" else view.root.locator(".log")).element_handle()
    view.root.page.evaluate(GIVE, [element, name, how, kind, base64.b64encode(data).decode()])


def contents(server: ScriptedServer, at: int = -1) -> Any:
    return server.chats[at].json["messages"][-1]["content"]


def test_a_pasted_picture_and_a_dropped_file_go_with_the_question(open_chat: OpenChat) -> None:
    """The server got both, a photo made smaller on the way; the question shows them, and opens them, after a reload too."""
    with ScriptedServer([Reply.text("noise")], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        give(view, "paste", "photo.jpg", "image/jpeg", picture(3000, 1500))
        give(view, "drop", "data.csv", "text/csv", b"a,b\n1,2\n" * 5_000)
        chips = view.root.locator(".chip")
        expect(chips).to_contain_text(
            ["2048 × 1024 · ~1,105 tokens · made smaller, from 3000 × 1500", "40 kB · ~10,000 tokens"], timeout=30_000
        )
        view.ask("what is this?")
        expect(view.answers).to_have_text(["noise"])
        expect(chips).to_have_count(0)
        image, file, question = contents(server)
        sent = base64.b64decode(image["image_url"]["url"].removeprefix("data:image/jpeg;base64,"))
        assert Image.open(io.BytesIO(sent)).size == (2048, 1024)
        assert file["text"].startswith('The file "data.csv" is attached.')
        assert file["text"].count("a,b\n1,2\n") == 5_000
        assert question == {"type": "text", "text": "what is this?"}
        shows(view)
        saved = notebook.save()
        assert len(str(saved)) < 300_000  # the front end's code is in it, the picture is not
        assert base64.b64encode(sent[:300]).decode() not in str(saved)
        notebook.reload()
        shows(view_of(notebook.cell(1)))


def test_as_much_as_the_composer_lets_through_gets_through(open_chat: OpenChat) -> None:
    """Just below the 10 MiB at which a Jupyter server drops the connection, at once and in one message; one more is refused."""
    photo = picture(1000, 920)
    assert 900_000 < len(photo) < 1_000_000  # goes as it is
    with ScriptedServer([Reply.text("six")], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        for number in range(7):
            give(view, "paste", f"{number}.jpg", "image/jpeg", photo)
            expect(view.root.locator(".chip small").last).not_to_have_text("Reading…")
        expect(view.root.locator(".attached-said.wrong")).to_contain_text("6.jpg does not fit: 8 MB are the most")
        view.ask("how many?")
        expect(view.answers).to_have_text(["six"], timeout=60_000)
        *images, _ = contents(server)
        assert [base64.b64decode(each["image_url"]["url"].partition(",")[2]) for each in images] == [photo] * 6
        expect(view.root.locator(".thumb img")).to_have_count(6)


def shows(view: View) -> None:
    """The question's picture is there and opens; so does its file."""
    page = view.root.page
    page.wait_for_function(
        "(root) => root.shadowRoot.querySelector('.thumb img')?.naturalWidth === 2048", arg=view.root.element_handle()
    )
    view.root.get_by_role("button", name="Open photo.jpg").click()
    dialog = view.root.get_by_role("dialog", name="photo.jpg")
    expect(dialog.get_by_role("img", name="photo.jpg")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    view.root.get_by_role("button", name="Open data.csv").click()
    expect(view.root.get_by_role("dialog").locator("pre")).to_contain_text("a,b")
    page.keyboard.press("Escape")
    expect(view.root.get_by_role("dialog")).to_have_count(0)


def test_the_draft_survives_when_its_cell_is_run_again(open_chat: OpenChat) -> None:
    """Words, files and the caret; a new model shows the conversation then. What was sent is not a draft any more."""
    with ScriptedServer([Reply.text("one")], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.composer.press_sequentially("half a thought")
        for _ in range(8):
            view.composer.press("ArrowLeft")
        give(view, "drop", "data.csv", "text/csv", b"a,b\n")
        expect(view.root.locator(".chip")).to_contain_text("~1 tokens")
        notebook.run(1)
        expect(view.composer).to_have_value("half a thought")
        expect(view.root.locator(".chip")).to_contain_text("data.csv")
        view.composer.focus()
        notebook.page.keyboard.type("of ")
        view.composer.press("Enter")
        expect(view.answers).to_have_text(["one"])
        assert contents(server).endswith("\n\nhalf aof  thought")
        notebook.run(1)
        expect(view.composer).to_have_value("")
        view.composer.press("ArrowUp")
        expect(view.composer).to_have_value("half aof  thought")


def test_words_of_an_input_method_are_chosen_before_they_are_sent(open_chat: OpenChat) -> None:
    """Enter and the arrows belong to the input method while it composes; the next Enter sends."""
    with ScriptedServer([Reply.text("ja")], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.composer.focus()
        session = notebook.page.context.new_cdp_session(notebook.page)
        for end in (1, 2, 3):
            session.send("Input.imeSetComposition", {"text": "にほん"[:end], "selectionStart": end, "selectionEnd": end})
        for key in ("ArrowUp", "Enter"):  # as an input method has them told: the page sees its own code for all keys
            session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": key, "windowsVirtualKeyCode": 229})
        expect(view.composer).to_have_value("にほん")
        assert server.chats == ()
        session.send("Input.insertText", {"text": "日本"})
        expect(view.composer).to_have_value("日本")
        notebook.page.keyboard.press("Enter")
        expect(view.answers).to_have_text(["ja"])
        assert contents(server) == "日本"


def test_escape_stops_and_otherwise_leaves_the_box_alone(open_chat: OpenChat) -> None:
    """It never puts the notebook into its command mode; what is typed meanwhile stays, and Ctrl+Z is the box's."""
    gate = Gate()
    with ScriptedServer([Reply.text(tokens=["one ", "two"], gate=gate)], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW, "untouched = 1"])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask("go")
        gate.release(1)
        expect(view.answers).to_have_text(["one"])
        view.composer.press_sequentially("next")
        view.composer.press("Escape")
        expect(view.root.locator(".footer .ending")).to_have_text("stopped")
        expect(view.composer).to_be_focused()
        expect(view.composer).to_have_value("next")
        view.composer.press("Escape")
        view.composer.press_sequentially("dd")  # in command mode this deletes the cell
        expect(view.composer).to_have_value("nextdd")
        view.composer.press("Control+z")
        expect(view.composer).not_to_have_value("nextdd")
        expect(view.composer).to_be_focused()
        assert "untouched = 1" in str(notebook.save())


def test_a_question_of_all_prompts_reaches_the_server_byte_for_byte(open_chat: OpenChat) -> None:
    """Through the box, the websocket and the kernel, 230 kB; only carriage returns are what a page's box makes of them."""
    text = "\n".join(PROMPTS.values())
    with ScriptedServer([Reply.text("yes")], api_key=KEY) as server:
        notebook = open_chat(server, [SHOW])
        notebook.run(1)
        view = view_of(notebook.cell(1))
        view.ask(text)
        expect(view.answers).to_have_text(["yes"])
        assert server.chats[0].question == text.replace("\r\n", "\n").replace("\r", "\n")
