"""The commands of set-up: run, test, check, bench."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import setup_system as system
from setup_console import Console, SetUpError
from setup_environment import GPU_OPTIONS, Environment

CHECKOUT = Path(__file__).resolve().parent.parent
CATALOGUE = CHECKOUT / "packaging" / "starter_models.toml"
BENCHMARKS = CHECKOUT / "tests" / "benchmarks"
INTERRUPTED = 130
# Each process of the tests starts others, with a model in them: more need more memory than time.
MOST_TEST_PROCESSES = 4
USAGE = """usage: python packaging/studiolo.py COMMAND …

  run [--data-dir DIR] [--gpu cuda|metal|vulkan|none] [--set-up-only] [FILE or studiolo's arguments …]
        sets up what is missing, then opens Studiolo
  test [pytest's arguments …]
        runs the tests, with everything they need
  check runs ruff, pyright and import-linter
  bench [NAME [its arguments …]]
        runs one of tests/benchmarks, or lists them
"""  # noqa: E501 - one line of usage each


def main(arguments: list[str]) -> int:
    """Run one command and return the exit status; problems become one sentence on stderr."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    commands = {"run": _run, "test": _test, "check": _check, "bench": _bench}
    if command not in commands:
        wants_help = command in ("-h", "--help", "help")
        print(USAGE, end="", file=sys.stdout if wants_help else sys.stderr)
        return 0 if wants_help else 2
    # What ends a terminal session or a CI job ends set-up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    try:
        return commands[command](rest, console)
    except SetUpError as problem:
        console.close()
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        console.close()
        print("Stopped: run the same command again, it goes on where it was.", file=sys.stderr)
        return INTERRUPTED


# --- Commands -----------------------------------------------------------------------------------


def _run(arguments: list[str], console: Console) -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    usage = USAGE.splitlines()[2].strip()
    parser = argparse.ArgumentParser(
        usage=f"python packaging/studiolo.py {usage}", add_help=False, allow_abbrev=False
    )
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--gpu", choices=list(GPU_OPTIONS))
    parser.add_argument("--set-up-only", action="store_true")
    parser.add_argument("passed_on", nargs=argparse.REMAINDER)
    options, unknown = parser.parse_known_args(arguments)
    passed_on = [*unknown, *options.passed_on]
    data = data_folder(options.data_dir)
    environment = _set_up(
        console, "run", groups=[], gpu=options.gpu, data=data, window=not options.set_up_only
    )
    if options.set_up_only:
        print(f"Studiolo is set up. Start it with: {environment.studiolo}")
        return 0
    if not passed_on:
        system.check_display()
    if options.data_dir:
        passed_on = ["--data-dir", str(data), *passed_on]
    return _become([str(environment.studiolo), *passed_on])


def _test(arguments: list[str], console: Console) -> int:
    environment = _set_up(console, "test", groups=["test"])
    variables = {"STUDIOLO_TEST_MODELS": str(_test_models()), "QT_QPA_PLATFORM": "offscreen"}
    processes = min(os.cpu_count() or 1, MOST_TEST_PROCESSES)
    # A file's tests stay together, since they share what is dear to set up.
    side_by_side = ["-n", str(processes), "--dist", "loadfile"]
    return _call([str(environment.python), "-m", "pytest", *side_by_side, *arguments], variables)


def _check(arguments: list[str], console: Console) -> int:
    if arguments:
        raise SetUpError("'check' takes no arguments: run ruff or pyright out of .venv yourself.")
    environment = _set_up(console, None, groups=["check", "test"])
    commands = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports"],
        ["pyright"],
    ]
    failed = []
    for name, *rest in commands:
        print(f"== {name} {' '.join(rest)}", flush=True)
        if _call([str(environment.script(name)), *rest], {}):
            failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed", flush=True)
    return 1 if failed else 0


def _bench(arguments: list[str], console: Console) -> int:
    names = sorted(path.stem for path in BENCHMARKS.glob("[!_]*.py"))
    if not arguments or arguments[0] not in names:
        print("usage: python packaging/studiolo.py bench NAME …\n\n  " + "\n  ".join(names))
        return 2 if arguments else 0
    environment = _set_up(console, "test", groups=["test"])
    script = BENCHMARKS / f"{arguments[0]}.py"
    variables = {"STUDIOLO_TEST_MODELS": str(_test_models())}
    return _call([str(environment.python), str(script), *arguments[1:]], variables)


# --- Set-up -------------------------------------------------------------------------------------


def _set_up(
    console: Console,
    models_for: str | None,
    *,
    groups: list[str],
    gpu: str | None = None,
    data: Path | None = None,
    window: bool = False,
) -> Environment:
    """Make everything ready that a command needs; when all is there, only look.

    Args:
        console: Where the progress goes.
        models_for: The command whose models are fetched; None fetches none.
        groups: Dependency groups the command needs.
        gpu: What llama.cpp shall be built for; None keeps what is there.
        data: The data folder, where the models of `run` go.
        window: Whether a window will open.
    """
    # Imported here because most starts have nothing to fetch.
    from setup_models import ModelStore, read_catalogue

    environment = Environment(CHECKOUT)
    with _only_one():
        ready = environment.is_ready(groups, gpu)
        files, folders = read_catalogue(CATALOGUE, models_for) if models_for else ([], [])
        standard = data_folder(None) / "models"
        if models_for == "run":
            assert data is not None
            # What lies in here is nobody else's business.
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            place = data / "models"
            embedders = place / "embedders"
            downloads = data / "set-up"
            elsewhere = []
        else:
            place = embedders = _test_models()
            downloads = place / ".downloads"
            elsewhere = [standard]
        store = ModelStore(
            place,
            folders=embedders,
            downloads=downloads,
            python=environment.python,
            elsewhere=elsewhere,
        )
        files, folders = store.missing(files, folders, keep_choice=models_for == "run")
        if not ready:
            system.check_platform()
            system.check_qt_libraries(window=window)
            system.check_gpu(gpu or "none")
            if environment.needs_compiler():
                system.check_compiler()
        needs = [
            (environment.folder, 0 if ready else environment.bytes_needed(), "the libraries"),
            (place, store.bytes_needed(files, folders), "the models"),
        ]
        system.check_space([need for need in needs if need[1]])
        if not ready:
            environment.prepare(groups, gpu, console)
        if files or folders:
            store.fetch(files, folders, console)
    return environment


def data_folder(chosen: Path | None) -> Path:
    """Return the data folder, by the same rules as the app's."""
    if chosen:
        return chosen.expanduser().absolute()
    if named := os.environ.get("STUDIOLO_DATA_DIR"):
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(local) / "Studiolo"
    xdg = os.environ.get("XDG_DATA_HOME", "")
    if xdg.startswith("/"):
        return Path(xdg) / "Studiolo"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Studiolo"
    return Path.home() / ".local" / "share" / "Studiolo"


def _test_models() -> Path:
    named = os.environ.get("STUDIOLO_TEST_MODELS")
    return Path(named).absolute() if named else CHECKOUT / ".models"


@contextmanager
def _only_one() -> Iterator[None]:
    """Let one set-up at a time work on this checkout; a second one says so and ends."""
    with (CHECKOUT / ".set-up.lock").open("ab") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetUpError(
                "Set-up is already at work in this checkout: wait until it is done, then run the "
                "same command again."
            ) from error
        yield


# --- Processes ----------------------------------------------------------------------------------


def _become(command: list[str]) -> int:
    """Replace this process where the system can, so that signals reach the app itself."""
    if sys.platform == "win32":
        return _call(command, {})
    sys.stdout.flush()
    sys.stderr.flush()
    return os.execv(command[0], command)  # noqa: S606 - the app's own script


def _call(command: list[str], variables: dict[str, str]) -> int:
    """Run a command in the checkout; Ctrl-C goes to it, and this process reports its end."""
    with subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **variables}) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
