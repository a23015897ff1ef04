"""The checkout's own Python environment: made once, checked in milliseconds ever after."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import setup_system as system
from setup_console import Console, SetUpError
from setup_pip import pip_command, run_pip

# PyTorch's own index of builds without CUDA, an order of magnitude smaller than those with it.
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
INDEX_TIMEOUT_S = 5.0
GPU_OPTIONS = {
    "cuda": "-DGGML_CUDA=on",
    "metal": "-DGGML_METAL=on",
    "vulkan": "-DGGML_VULKAN=on",
    "none": "",
}
ENVIRONMENT_BYTES = 4_000_000_000
CUDA_ENVIRONMENT_BYTES = 10_000_000_000


class Environment:
    """The folder .venv of a checkout.

    A stamp in it holds what was installed: a digest of the pins and of what pyproject.toml says
    about packages, the Python it was made with, and where. It is written when everything is
    there, so an interrupted set-up is taken up again, and pip skips what it finds done.
    """

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self.folder = checkout / ".venv"
        scripts = self.folder / ("Scripts" if sys.platform == "win32" else "bin")
        suffix = ".exe" if sys.platform == "win32" else ""
        self.python = scripts / f"python{suffix}"
        self.studiolo = scripts / f"studiolo{suffix}"
        self._constraints = checkout / "packaging" / "constraints.txt"
        self._build_constraints = checkout / "packaging" / "build-constraints.txt"
        self._stamp = self.folder / "set-up.json"
        self._log = self.folder / "set-up.log"

    def script(self, name: str) -> Path:
        """Return the path of an installed command."""
        return self.python.with_name(name + self.python.suffix)

    def is_ready(self, groups: list[str], gpu: str | None) -> bool:
        """Tell whether everything is installed; touches no network and starts no process."""
        stamp = self._read_stamp()
        return (
            self.studiolo.exists()
            and self.python.exists()
            and stamp.get("base") == self._base()
            and stamp.get("digest") == self._digest()
            and set(groups) <= set(stamp.get("groups", []))
            and gpu in (None, stamp.get("gpu", "none"))
        )

    def bytes_needed(self) -> int:
        """Return how much disk space setting up takes, pip's own copies included."""
        if self._read_stamp().get("base") == self._base():
            return 0
        return CUDA_ENVIRONMENT_BYTES if _wants_cuda_torch() else ENVIRONMENT_BYTES

    def needs_compiler(self) -> bool:
        """Tell whether llama.cpp is still to be compiled: neither installed nor kept by pip."""
        if any(
            list(self.folder.glob(f"{packages}/llama_cpp/__init__.py"))
            for packages in ("lib/python*/site-packages", "Lib/site-packages")
        ):
            return False
        command = pip_command(Path(sys.executable), ["cache", "list", "llama_cpp_python"])
        kept = subprocess.run(command, capture_output=True, text=True, check=False)
        return f"-{self._pin('llama-cpp-python')}-" not in kept.stdout

    def prepare(self, groups: list[str], gpu: str | None, console: Console) -> None:
        """Make the environment, or bring it up to date.

        Args:
            groups: Dependency groups of pyproject.toml to install besides what the app needs.
            gpu: What llama.cpp is built for; None keeps what is there.
            console: Where the progress goes.

        Raises:
            SetUpError: With the reason and the way out.
        """
        stamp = self._read_stamp()
        if stamp.get("base") != self._base() or not self.python.exists():
            self._create(console)
            stamp = {}
        built_gpu: str = stamp.get("gpu", "none")
        gpu = gpu or built_gpu
        if stamp.get("digest") != self._digest() or not self.studiolo.exists():
            # Nothing counts as installed until it is, but the choice of GPU is remembered.
            stamp = {"base": self._base(), "gpu": gpu}
            self._write_stamp(stamp)
            self._install_runtime(console, build_llama=gpu == "none")
            built_gpu = "none"
        if gpu != built_gpu:
            self._build_llama_for(gpu, console)
        wanted = [*groups, *(name for name in stamp.get("groups", []) if name not in groups)]
        for group in wanted:
            if group not in stamp.get("groups", []):
                console.step(f"Installing the tools for '{group}'")
                self._install(["--group", f"{self._checkout / 'pyproject.toml'}:{group}"], console)
                console.done("installed")
        self._write_stamp(
            {"base": self._base(), "digest": self._digest(), "gpu": gpu, "groups": sorted(wanted)}
        )

    # --- Steps ------------------------------------------------------------------------------

    def _create(self, console: Console) -> None:
        console.step(f"Making a Python environment in {self.folder}")
        command = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            if "ensurepip" in made.stdout + made.stderr:
                version = ".".join(map(str, sys.version_info[:2]))
                raise SetUpError(
                    "This Python cannot make environments: install its venv part ('apt-get "
                    f"install python{version}-venv' on Debian and Ubuntu) and run the same "
                    "command again."
                )
            last = (made.stderr or made.stdout).strip().splitlines()[-1:]
            raise SetUpError(f"{self.folder} could not be made: {' '.join(last) or 'no reason'}.")
        pins = [f"{name}=={self._pin(name)}" for name in ("pip", "setuptools")]
        self._install(["--upgrade", *pins], console)
        self._write_stamp({"base": self._base(), "gpu": "none"})
        console.done("made")

    def _install_runtime(self, console: Console, *, build_llama: bool) -> None:
        # PyTorch first, by itself: nothing else may pull a build of it in.
        torch = ["torch"]
        source = "PyTorch"
        if sys.platform.startswith("linux") and not _wants_cuda_torch():
            if _answers(f"{PYTORCH_CPU_INDEX}/torch/"):
                torch += ["--extra-index-url", PYTORCH_CPU_INDEX]
            source = "PyTorch for the processor"
        console.step(f"Installing {source}")
        self._install(torch, console)
        console.done("installed")
        if build_llama:
            if self.needs_compiler():
                console.step("Compiling llama.cpp for this machine (6 to 10 minutes, only once)")
            else:
                console.step("Installing llama.cpp")
            build = ["--build-constraint", str(self._build_constraints)]
            self._install(["-v", *build, "llama-cpp-python"], console, _llama_build("none"))
            console.done("installed")
        console.step("Installing the other libraries")
        declared = self._project()["project"]["dependencies"]
        left = [line for line in declared if build_llama or "llama-cpp-python" not in line]
        self._install(left, console)
        here = ["--no-deps", "--no-build-isolation", "--editable", str(self._checkout)]
        self._install(here, console)
        console.done("installed")

    def _build_llama_for(self, gpu: str, console: Console) -> None:
        system.check_gpu(gpu)
        where = "the processor" if gpu == "none" else gpu
        console.step(f"Compiling llama.cpp for {where} (several minutes)")
        # pip's kept wheel knows nothing of the options it was built with.
        fresh = ["--force-reinstall", "--no-deps", "--no-cache-dir", "--no-binary"]
        build = ["--build-constraint", str(self._build_constraints)]
        self._install(
            ["-v", *build, *fresh, "llama-cpp-python", "llama-cpp-python"],
            console,
            _llama_build(gpu),
        )
        self._install(["llama-cpp-python"], console)  # what --no-deps left out
        console.done(f"built for {where}")

    def _install(
        self, arguments: list[str], console: Console, environment: dict[str, str] | None = None
    ) -> None:
        start = ["install", "--progress-bar", "off", "--constraint", str(self._constraints)]
        run_pip(
            self.python,
            [*start, *arguments],
            console=console,
            log=self._log,
            environment=environment,
        )

    # --- Facts ------------------------------------------------------------------------------

    def _project(self) -> dict[str, Any]:
        return tomllib.loads((self._checkout / "pyproject.toml").read_text("utf-8"))

    def _pin(self, name: str) -> str:
        for line in self._constraints.read_text("utf-8").splitlines():
            package, separator, version = line.partition("==")
            if separator and package.strip().lower().replace("_", "-") == name:
                return version.strip()
        raise SetUpError(f"{self._constraints} does not pin {name}: restore that file with git.")

    def _base(self) -> str:
        """What the environment cannot outlive: its place, and the Python it was made with."""
        return f"{self._checkout} {sys.base_prefix} {sys.version}"

    def _digest(self) -> str:
        project = self._project()
        parts = [
            self._constraints.read_text("utf-8"),
            json.dumps(project["project"], sort_keys=True),
            json.dumps(project["dependency-groups"], sort_keys=True),
            json.dumps(project["tool"]["setuptools"], sort_keys=True),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _read_stamp(self) -> dict[str, Any]:
        try:
            return json.loads(self._stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _write_stamp(self, stamp: dict[str, Any]) -> None:
        fresh = self._stamp.with_suffix(".new")
        fresh.write_text(json.dumps(stamp), "utf-8")
        fresh.replace(self._stamp)


def _llama_build(gpu: str) -> dict[str, str]:
    """Return the variables that llama.cpp is compiled with, those already set included."""
    build = {"CMAKE_ARGS": f"{os.environ.get('CMAKE_ARGS', '')} {GPU_OPTIONS[gpu]}".strip()}
    if sys.platform != "win32" and platform.machine() in ("x86_64", "AMD64"):
        # WORKAROUND https://github.com/ggml-org/llama.cpp/issues/20824: its AMX kernels kill the
        # process. As if the compiler knew no AMX: -march=native would overrule -mno-amx-int8.
        for name in ("CFLAGS", "CXXFLAGS"):
            build[name] = f"{os.environ.get(name, '')} -U__AMX_INT8__".strip()
    return build


def _wants_cuda_torch() -> bool:
    return sys.platform.startswith("linux") and system.has_nvidia_gpu()


def _answers(url: str) -> bool:
    """Tell whether an address answers, without waiting long for one that is blocked."""
    try:
        with urllib.request.urlopen(url, timeout=INDEX_TIMEOUT_S) as reply:  # noqa: S310 - https
            return reply.status == 200
    except (urllib.error.URLError, OSError, ValueError):
        return False
