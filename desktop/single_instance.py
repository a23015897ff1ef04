"""One window per data folder: a second start hands its files to the first and leaves.

The first start holds a lock file in the data folder and listens on a local socket that is
named after the folder. Messages are one line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PROTOCOL_VERSION: Final = 1
ANSWER_MS: Final = 2000
LONGEST_MESSAGE: Final = 1_000_000

_log = logging.getLogger(__name__)


class SingleInstance(QObject):
    """The right to be the window of a data folder.

    Signals:
        activated: Another start asked this one to come forward, with these files (list[str]).
    """

    activated = Signal(object)

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:24]
        self._name = f"studiolo-{digest}"
        self._lock = QLockFile(str(data_dir / "window.lock"))
        # A lock counts as left behind only when its process is gone, however old it is.
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Become the window of the folder; False when another process is it."""
        if not self._lock.tryLock(0):
            return False
        # The lock is held, so whatever socket is there belongs to a process that was killed.
        QLocalServer.removeServer(self._name)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._on_connection)
        if not server.listen(self._name):
            _log.warning("other starts cannot be heard: %s", server.errorString())
        self._server = server
        return True

    def hand_over(self, files: Sequence[str]) -> bool:
        """Ask the window that there is to come forward and add files; whether it answered."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(ANSWER_MS):
            return False
        message = {"version": PROTOCOL_VERSION, "files": [str(Path(f).absolute()) for f in files]}
        socket.write(json.dumps(message).encode() + b"\n")
        answered = socket.waitForReadyRead(ANSWER_MS) and socket.readLine().data() == b"ok\n"
        socket.disconnectFromServer()
        return answered

    def release(self) -> None:
        """Let another start become the window of the folder."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    @Slot()
    def _on_connection(self) -> None:
        server = self._server
        socket = server.nextPendingConnection() if server is not None else None
        if socket is None:
            return
        socket.setParent(self)
        socket.readyRead.connect(self._on_ready)
        socket.disconnected.connect(socket.deleteLater)
        if socket.canReadLine():
            self._read(socket)

    @Slot()
    def _on_ready(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST_MESSAGE:
                socket.abort()
            return
        try:
            message = json.loads(bytes(socket.readLine().data()))
            files = message["files"]
            understood = message["version"] == PROTOCOL_VERSION and isinstance(files, list)
        except (ValueError, KeyError, TypeError):
            understood, files = False, []
        if not understood:
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.activated.emit([str(file) for file in files])
