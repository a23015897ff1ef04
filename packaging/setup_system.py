"""What this machine must have before anything is installed, each thing with its way out."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from setup_console import SetUpError, size

# Libraries that Qt takes from the system, with the packages that bring them: Debian, Fedora.
QT_LIBRARIES = {
    "libEGL.so.1": ("libegl1", "mesa-libEGL"),
    "libGL.so.1": ("libgl1", "mesa-libGL"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
}
# What it needs besides to open a window on X11; Wayland needs none of these.
X11_LIBRARIES = {
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
}
COMPILERS = ("c++", "g++", "clang++", "cl", "clang-cl")
GPU_TOOLS = {
    "cuda": ("nvcc", "the CUDA toolkit (https://developer.nvidia.com/cuda-downloads)"),
    "vulkan": ("glslc", "the Vulkan SDK (https://vulkan.lunarg.com, or glslc and libvulkan-dev)"),
}


def check_platform() -> None:
    """Refuse what PyTorch has no build for."""
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        raise SetUpError(
            "PyTorch has no current build for Macs with an Intel processor, or for an Intel build "
            "of Python: use a Mac with Apple silicon and a Python built for it."
        )
    if sys.maxsize < 2**32:
        raise SetUpError(
            "This is a 32-bit Python and the libraries are 64-bit: install a 64-bit Python and run "
            "this script with it."
        )


def check_space(needs: list[tuple[Path, int, str]]) -> None:
    """Refuse to begin what would fill the disk.

    Args:
        needs: Where, how many bytes, and for what; needs on one file system are added up.
    """
    wanted: dict[int, tuple[Path, int, list[str]]] = {}
    for folder, count, what in needs:
        there = nearest_existing(folder)
        device = there.stat().st_dev
        _, sum_so_far, names = wanted.get(device, (there, 0, []))
        wanted[device] = (there, sum_so_far + count, [*names, what])
    for there, count, names in wanted.values():
        free = shutil.disk_usage(there).free
        if free < count:
            raise SetUpError(
                f"{size(count)} of free disk space is needed at {there} ({', '.join(names)}) and "
                f"{size(free)} is free: make room and run the same command again."
            )


def nearest_existing(folder: Path) -> Path:
    """Return the folder itself, or the first of its parents that is there."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def check_compiler() -> None:
    """Refuse to begin without a C++ compiler, which llama.cpp is built with."""
    if any(shutil.which(name) for name in COMPILERS) or _visual_studio():
        return
    if sys.platform == "win32":
        way = (
            "install 'Build Tools for Visual Studio' with 'Desktop development with C++' "
            "(https://visualstudio.microsoft.com/downloads)"
        )
    elif sys.platform == "darwin":
        way = "run 'xcode-select --install'"
    else:
        way = f"run '{_install_line(['build-essential'], ['gcc-c++', 'make'])}'"
    raise SetUpError(
        f"There is no C++ compiler here and llama.cpp has to be compiled once: {way}, then run "
        "the same command again."
    )


def _visual_studio() -> bool:
    """Tell whether Visual Studio's C++ tools are there; they are not on the PATH."""
    if sys.platform != "win32":
        return False
    programs = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
    where = Path(programs, "Microsoft Visual Studio", "Installer", "vswhere.exe")
    if not where.exists():
        return False
    tools = "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"
    command = [str(where), "-products", "*", "-requires", tools, "-property", "installationPath"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def check_gpu(gpu: str) -> None:
    """Refuse a GPU build that cannot succeed here."""
    if gpu == "metal" and sys.platform != "darwin":
        raise SetUpError("Metal is there on a Mac only: use '--gpu vulkan' or '--gpu cuda' here.")
    if gpu in GPU_TOOLS and not shutil.which(GPU_TOOLS[gpu][0]):
        tool, source = GPU_TOOLS[gpu]
        raise SetUpError(
            f"Building llama.cpp for {gpu} needs '{tool}' on the PATH: install {source}, or leave "
            "'--gpu' out to run on the processor."
        )


def has_nvidia_gpu() -> bool:
    """Tell whether an NVIDIA driver is installed."""
    return bool(shutil.which("nvidia-smi")) or Path("/proc/driver/nvidia/version").exists()


def check_qt_libraries(*, window: bool) -> None:
    """Refuse to begin when Qt could not start for want of a system library (Linux only).

    Args:
        window: Whether a window shall open on the display of this session.
    """
    if not sys.platform.startswith("linux"):
        return
    libraries = dict(QT_LIBRARIES)
    if window and os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        libraries |= X11_LIBRARIES
    missing = [name for name in libraries if not _loads(name)]
    if missing:
        line = _install_line(
            [libraries[name][0] for name in missing], [libraries[name][1] for name in missing]
        )
        raise SetUpError(
            f"Qt, which draws the window, needs {', '.join(missing)} from the system: run "
            f"'{line}', then the same command again."
        )


def check_display() -> None:
    """Refuse to open a window where none can be seen (Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return
    raise SetUpError(
        "Everything is set up, but there is no display to open a window on: start it from a "
        "desktop session, or use the command line ('.venv/bin/studiolo --help')."
    )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _install_line(debian: list[str], fedora: list[str]) -> str:
    root = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    if shutil.which("apt-get"):
        return f"{root}apt-get install {' '.join(dict.fromkeys(debian))}"
    if shutil.which("dnf"):
        return f"{root}dnf install {' '.join(dict.fromkeys(fedora))}"
    return f"install {' '.join(dict.fromkeys(debian))} (Debian's names) with the package manager"
