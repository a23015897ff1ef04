"""The app process as a whole: how soon it paints, and what it is made of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
HEAVY = ("llama_cpp", "torch", "transformers", "sentence_transformers", "chromadb")

# Counts from the start of the process, the interpreter's own start included.
START = """
import json, sys, time, psutil
began = psutil.Process().create_time()
from pathlib import Path
from PySide6.QtCore import QTimer
from assistant.paths import DataPaths
from desktop import app
from desktop.views.main_window import MainWindow

def on_shown():
    painted, worked = time.time() - began, time.process_time()
    def leave():
        loaded = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
        print(json.dumps({"painted": painted, "worked": worked, "loaded": loaded}), flush=True)
        app.QApplication.quit()
    QTimer.singleShot(1500, leave)

original = MainWindow.__init__
def patched(self, *arguments):
    original(self, *arguments)
    self.shown.connect(on_shown)
MainWindow.__init__ = patched
sys.exit(app.main(DataPaths(Path(sys.argv[1])), []))
"""


def start(data_dir):
    done = subprocess.run(
        [sys.executable, "-c", START, str(data_dir), json.dumps(HEAVY)],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_window_paints_after_less_than_a_second_of_work_and_loads_nothing_heavy(data_dir):
    # One of some, and the processor's time rather than the clock's: another process may have had
    # the cores, which lengthens both, and the window cannot help that.
    runs = []
    while not runs or (runs[-1]["worked"] >= 1.0 and len(runs) < 8):
        runs.append(start(data_dir))
    assert all(run["loaded"] == [] for run in runs)
    assert runs[-1]["worked"] < 1.0, runs
