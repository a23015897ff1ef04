from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtNetwork import QLocalSocket

from desktop.single_instance import SingleInstance

CHECKOUT = Path(__file__).resolve().parents[2]

HOLD = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from desktop.single_instance import SingleInstance
application = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
print(instance.claim(), flush=True)
instance.activated.connect(lambda files: print(files, flush=True))
application.exec()
"""


def hold(folder):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "True\n"
    return child


def test_a_second_start_hands_its_files_to_the_first(qapp, tmp_path):
    child = hold(tmp_path)
    try:
        second = SingleInstance(tmp_path)
        assert not second.claim()
        assert second.hand_over([str(tmp_path / "ä lease.pdf")])
        assert child.stdout.readline() == f"{[str(tmp_path / 'ä lease.pdf')]}\n"
        assert second.hand_over([])
        assert child.stdout.readline() == "[]\n"
    finally:
        child.kill()
        child.communicate()


def test_a_killed_window_does_not_lock_the_folder(qapp, tmp_path):
    child = hold(tmp_path)
    child.kill()
    child.communicate()
    second = SingleInstance(tmp_path)
    assert second.claim()
    second.release()


def test_other_folders_are_other_windows(qapp, tmp_path):
    first, second = SingleInstance(tmp_path / "a"), SingleInstance(tmp_path / "b")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert first.claim()
    assert second.claim()
    first.release()
    second.release()


def test_nonsense_on_the_socket_is_ignored(qapp, qtbot, tmp_path):
    first = SingleInstance(tmp_path)
    assert first.claim()
    heard = []
    first.activated.connect(heard.append)
    for nonsense in (
        b"\x00\xff\n",
        b"{}\n",
        b'{"version": 99, "files": []}\n',
        b'{"version": 1}\n',
    ):
        socket = QLocalSocket()
        socket.connectToServer(first._name)
        assert socket.waitForConnected(60_000)
        socket.write(nonsense)
        qtbot.waitUntil(
            lambda socket=socket: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState
        )
    assert heard == []
    first.release()
