"""The house: imports point downwards only, those inside functions too; siblings never import each other; files are of a size."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbchat

ROWS = ("nbchat", "api", "app", "notebook", "runtime", "export", "providers storage streams", "machine", "sessions", "core")
DEPTH = {room: depth for depth, row in enumerate(ROWS) for room in row.split()}
PART_OF = {"__init__": "nbchat", "doctor": "notebook", "_server": "demo", "testing": "demo"}
"""Files that stand outside the room they belong to. The servers ("demo") are a house of their own that only the app enters."""
HEAVY = "httpx sqlite3 redis ipywidgets IPython msgspec anywidget genai_prices"
HOUSE = Path(nbchat.__file__).parent
LENGTHS = range(50, 301)
SHORT = {
    "core/findings.py", "machine/directories.py", "core/ids.py", "core/texts.py", "sessions/tasks.py", "runtime/clock.py",
    "runtime/collector.py", "runtime/switch_interval.py", "runtime/threads.py", "runtime/waiting.py",
    "notebook/assets.py", "notebook/attachments.py", "notebook/brief.py", "notebook/bucket.py", "notebook/names.py",
    "notebook/configured.py", "notebook/sparing.py",
    "storage/opening.py",
    "storage/pieces.py", "streams/backends.py", "api/live.py", "export/json_file.py", "providers/watchdog.py",
    "providers/certificates.py", "providers/lag.py", "providers/sentences.py", "providers/shown.py", "providers/usage_notes.py",
    "providers/http/quiet.py", "providers/unnoted.py", "export/csv_text.py", "sessions/ports/clock.py",
    "sessions/ports/others.py", "machine/patience.py", "machine/user.py", "streams/sqlite/opening.py",
}  # fmt: skip
"""A noun of few lines that has no better place. (What a room says of itself in its `__init__` counts for none.)"""
LONG = {"api/session.py", "sessions/toolbox.py"}
"""What would be worse in two."""


def room_of(module: str) -> str:
    room = [*module.split("."), "nbchat"][1]
    return PART_OF.get(room, room)


def imported(node: ast.AST) -> list[str]:
    """The full names of the modules of nbchat that a node imports."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "a relative import hides where it points"
        names = [f"nbchat.{a.name}" for a in node.names] if node.module == "nbchat" else [node.module or ""]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        names = [
            argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
    return [name for name in names if name.split(".")[0] == "nbchat"]


def allowed(here: str, there: str) -> bool:
    if "demo" in (here, there):
        return here in ("demo", "app")
    return here == there or DEPTH[here] < DEPTH.get(there, 0)  # what is no room is a name of the roof


def test_imports_point_downwards() -> None:
    """A room knows the rooms below it, and none above or beside it."""
    wrong, seen = [], 0
    for file in sorted(HOUSE.rglob("*.py")):
        here = room_of("nbchat." + file.relative_to(HOUSE).parts[0].removesuffix(".py"))
        for node in ast.walk(ast.parse(file.read_text())):
            for name in imported(node):
                seen += 1
                if not allowed(here, room_of(name)):
                    wrong.append(f"{file.relative_to(HOUSE)}:{node.lineno} imports {name}")  # type: ignore[attr-defined]
    assert not wrong
    assert not any(allowed(*pair) for pair in (("core", "sessions"), ("storage", "streams"), ("core", "session")))
    assert seen > 200


def test_core_and_sessions_load_nothing_heavy() -> None:
    """In a fresh interpreter, with every module of both rooms: no client, no database, nothing of Jupyter."""
    modules = [
        ".".join(["nbchat", *f.relative_to(HOUSE).with_suffix("").parts])
        for r in ("core", "sessions")
        for f in (HOUSE / r).rglob("*.py")
    ]
    program = f"import sys, {', '.join(sorted(modules))}; print(*[m for m in {HEAVY.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (len(modules) > 20, done.stdout.strip()) == (True, "")


def test_no_public_name_is_a_rooms_name() -> None:
    """Importing `nbchat.x` binds `x` in nbchat: a name of the surface would become a module unasked."""
    rooms = {path.stem for path in HOUSE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert {"core", "sessions"} < rooms
    assert not rooms & {*nbchat.__all__}


def test_files_are_of_a_size_and_say_what_they_own() -> None:
    """50 to 300 lines, but for those that are named above; each begins with what it is for."""
    sources = {file.relative_to(HOUSE).as_posix(): file.read_text(encoding="utf-8") for file in HOUSE.rglob("*.py")}
    assert [name for name, text in sources.items() if not ast.get_docstring(ast.parse(text))] == []
    lengths = {name: text.count("\n") for name, text in sources.items() if not name.endswith("__init__.py")}
    assert {name for name, count in lengths.items() if count < LENGTHS.start} <= SHORT
    assert {name for name, count in lengths.items() if count >= LENGTHS.stop} <= LONG
    assert lengths.keys() >= SHORT | LONG


def test_the_magics_load_little() -> None:
    """Registering them costs the notebook's main thread some ms; what answers need is loaded on the warming-up thread (B3)."""
    program = "import sys, nbchat.notebook.magics; print(*(name for name in sys.modules if name.startswith('nbchat.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HOUSE.parent)
    loaded = done.stdout.split()
    assert not [name for name in loaded if room_of(name) in ("sessions", "providers", "storage", "streams", "export", "api")]
    assert len(loaded) < 25
