"""What the next question costs and how full the context is, in a real JupyterLab; what would be too much is not sent."""

from __future__ import annotations

from playwright.sync_api import expect

from nbchat.testing import Reply, Request
from tests.e2e.chats import view_of
from tests.e2e.opening import KEY, OpenChat
from tests.support.priced import PricedServer

BUDGET = 's = nbchat.session("money")\ns.budget = "1.30"\ns.parameters = {"max_tokens": 100}\ns.widget'


def sized(request: Request) -> Reply:
    """100 tokens, and a token for four characters of what was sent."""
    sent = sum(len(message["content"]) for message in request.messages)
    return Reply.text("word " * 80, usage={"prompt_tokens": sent // 4, "completion_tokens": 100})


def test_what_comes_next_is_shown_and_what_would_be_too_much_is_not_sent(open_chat: OpenChat) -> None:
    """Price and gauge follow the answers; a budget refuses with the estimate; a full context offers its two ways out."""
    with PricedServer(sized, length=750, api_key=KEY) as server:
        notebook = open_chat(server, ["nbchat.list_models('peer')", BUDGET, "%nbchat cost"])
        notebook.run(1)
        notebook.run(2)
        view = view_of(notebook.cell(2))
        view.ask("a" * 800)
        line = view.root.locator(".next")
        expect(line).to_contain_text("46 % of 650")
        expect(line).to_contain_text("Next: ~$0.50 · 300 tokens")
        view.ask("b" * 800)
        expect(line).to_contain_text("92 % of 650 · nearly full")
        expect(view.root.locator(".notice.warning")).to_contain_text(
            "84 % of the conversation's budget is spent: $1.10 of $1.30."
        )
        view.ask("short")
        expect(view.error).to_contain_text("and $0.20 is left of the conversation's budget of $1.30")
        expect(view.root.locator(".message.user").last).to_contain_text("short")
        notebook.exec("s.budget = 10")
        expect(view.root.locator(".notice")).to_have_count(0)
        view.root.get_by_role("button", name="Retry").click()
        expect(line).to_contain_text("108 % of 650 · full")
        view.ask("d" * 40)
        expect(view.error).to_contain_text("The conversation is too long for the model")
        view.root.get_by_role("button", name="Drop the oldest messages").click()
        expect(view.root.locator(".sent-mark")).to_contain_text("messages above are not sent to the model")
        expect(view.root.locator(".footer .unsent-note").last).to_contain_text("earlier messages not sent")
        assert len(server.chats) == 4
        notebook.run(3)
        expect(notebook.cell(3).locator("table caption")).to_have_text("Tokens and money by session")
        expect(notebook.cell(3).locator("tfoot")).to_contain_text("all")
