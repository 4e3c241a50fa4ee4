"""No float in money: what computes, reads, writes and sums amounts has no float constant, makes no float, reads none from JSON,
and divides Decimals alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import nbchat

HOUSE = Path(nbchat.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
COMPUTING = re.compile(r"\bamount\b|\bcurrency\b|[Cc]ost\b[^;\n]*(toFixed|Number\(|parseFloat)")
FILES = (
    "core/calibration.py",
    "core/cost.py",
    "core/price.py",
    "core/usage.py",
    "providers/listing.py",
    "providers/price_file.py",
    "providers/prices.py",
    "providers/usage_report.py",
    "sessions/admission.py",
    "sessions/budget.py",
    "sessions/estimates.py",
    "sessions/outlook.py",
    "sessions/settle.py",
    "sessions/size.py",
    "storage/ledger.py",
    "export/cost_table.py",
    "export/csv_text.py",
    "export/money.py",
    "api/prices.py",
)
DIVISIONS = {
    "(of_input + of_output) / _MILLION",
    "self.spent * 100 / self.limit",
    "each.spent / each.limit",
    "row['cost'] / total",
    "ticks / _TICKS_PER_DOLLAR",
    "per_thousand / 1000",
}
"""Each has a Decimal in it; a whole number divided by another would be a float."""


def floats(tree: ast.AST) -> list[str]:
    """The expressions of a module that make or hold a float."""
    found = []
    for node in ast.walk(tree):
        wrong = isinstance(node, ast.Constant) and isinstance(node.value, float)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            wrong = name in ("float", "round", "sum_float") or name.startswith("math.")
            wrong |= name in ("json.loads", "json.load") and not any(each.arg == "parse_float" for each in node.keywords)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            wrong = ast.unparse(node) not in DIVISIONS
        if wrong:
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("file", FILES)
def test_money_is_never_a_float(file: str) -> None:
    """Binary fractions cannot say 0.1."""
    assert floats(ast.parse((HOUSE / file).read_text())) == []


def test_pages_compute_no_money() -> None:
    """L19: what a page shows came as text; it is given no amount, and has nothing that would round or add one."""
    sources = [*(ROOT / "js" / "src").rglob("*.ts"), *(ROOT / "js" / "src").rglob("*.tsx")]
    assert len(sources) > 20
    for source in sources:
        assert not COMPUTING.search(source.read_text()), source


@pytest.mark.parametrize("code", ["x = 0.1", "float(y)", "a / b", "a /= 2", "json.loads(t)", "round(y, 2)", "math.ceil(y)"])
def test_the_search_finds_them(code: str) -> None:
    """Else the test above could not fail."""
    assert floats(ast.parse(code))
    assert not floats(ast.parse("json.loads(t, parse_float=Decimal) // 2"))
