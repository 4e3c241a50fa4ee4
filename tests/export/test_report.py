"""Report: one screen of text, a table in HTML, and no secret in either."""

from __future__ import annotations

import re

from nbchat.core.findings import Finding
from nbchat.core.secrets import Secret
from nbchat.export.report import WIDTH, Report

LONG = "a sentence of many words that goes on and on " * 6


def test_the_headline_counts_what_is_to_be_done() -> None:
    """Problems are things to do, notes are notes."""
    ok, note, wrong = Finding("ok", "a", "b"), Finding("note", "a", "b"), Finding("wrong", "a", "b", "c")
    assert Report.of([ok]).headline == "All well."
    assert Report.of([ok, note]).headline == "All well; 1 note."
    assert Report.of([ok, wrong, note, note]).headline == "1 thing to do; 2 notes."
    assert Report.of([wrong, wrong]).headline == "2 things to do."


def test_text_fits_the_screen() -> None:
    """Long sentences are wrapped below themselves, also where one word is too long."""
    report = repr(Report.of([Finding("wrong", "connect", LONG, LONG), Finding("ok", "store", "/" + "x" * 300)]))
    lines = report.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == "1 thing to do."
    assert lines[1].startswith("✗ connect    a sentence")
    assert lines[2].startswith("             ")
    assert any(line.startswith("             → a sentence") for line in lines)


def test_html_says_the_same_and_runs_nothing() -> None:
    """What a server said is text, whatever it looks like; colours are the page's own."""
    report = Report.of([Finding("wrong", "answer", "<script>alert(1)</script> & more", '"hint" <b>')])
    html = report._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert "<script" not in html
    assert "→ &quot;hint&quot; &lt;b&gt;" in html
    assert not re.search(r"(?<!-)\bcolor:\s*(?:#000|black|white|#fff)", html)


def test_prices_are_no_formula() -> None:
    """JupyterLab typesets what stands between two signs of one element: "$0 in, $0 out"."""
    shown = Report.of([Finding("ok", "price", "$0 in, $0 out", "$1 or $2")])._repr_html_()
    assert "<span>$</span>0 in, <span>$</span>0 out" in shown
    assert shown.count("<span>$</span>") == shown.count("$")


def test_secrets_are_taken_out_of_every_word() -> None:
    """Texts and hints, in whatever form a URL or JSON writes them."""
    report = Report.of([Finding("wrong", "key", "sk-CANARY/1 was said", "as sk-CANARY%2F1")], [Secret("sk-CANARY/1")])
    assert "CANARY" not in repr(report) + report._repr_html_() + repr([*report])
    assert report[0].text == "*** was said"


def test_what_cannot_be_seen_is_written_out() -> None:
    """A model's name, or a certificate's issuer, may turn the line around or end it."""
    report = Report.of([Finding("ok", "models", "one\u202etwo\x1b[31m\nthree")])
    assert report[0].text == "one\\u202etwo\\x1b[31m three"
