"""Starts the window: first paint at once, the assistant after it."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from types import TracebackType

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTranslator, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from assistant import network
from assistant.paths import DataPaths
from assistant.settings import SettingsFile
from desktop.bridge import Bridge
from desktop.housekeeping import GarbageCollector, Watchdog
from desktop.presenters.session import Session
from desktop.presenters.settings import SettingsPresenter
from desktop.resources import resource
from desktop.single_instance import SingleInstance
from desktop.theme.theme import Theme
from desktop.views.main_window import MainWindow
from desktop.views.mark import app_icon

_log = logging.getLogger(__name__)


class Failures(QObject):
    """Catches what nobody caught, on any thread, and says so calmly.

    Signals:
        happened: The kind of error (str). Its words stay in the log.
    """

    happened = Signal(str)

    def install(self) -> None:
        """Stand before Python's hooks; those that were there are called too, and log."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread_error

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._before

    def _on_error(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self._before[0](kind, error, trace)
        self.happened.emit(kind.__name__)

    def _on_thread_error(self, found: threading.ExceptHookArgs) -> None:
        if found.exc_type is not SystemExit:
            self._before[1](found)
            self.happened.emit(found.exc_type.__name__)


class Window(QObject):
    """Everything of one running window, from the first paint to the last."""

    def __init__(self, application: QApplication, paths: DataPaths, files: Sequence[str]) -> None:
        super().__init__()
        self._files = list(files)
        self.bridge = Bridge(self)
        self.settings = SettingsPresenter(
            SettingsFile(paths.settings_file), paths.root, self.bridge, self
        )
        self.theme = Theme(application, self.settings.theme)
        application.setWindowIcon(app_icon(self.theme))
        self.session = Session(paths, self.settings, self.bridge, self)
        self.main = MainWindow(self.theme, self.session)
        self.failures = Failures(self)
        self.failures.happened.connect(self._on_failure)
        self.main.shown.connect(self._on_shown)

    def show(self) -> None:
        """Show the window; the assistant is opened once it is painted."""
        self.main.show()

    @Slot(object)
    def on_activated(self, files: list[str]) -> None:
        """Another start asked this window to come forward."""
        self.main.come_forward()
        self.main.add_files(files)

    def close(self) -> None:
        """End everything, in order."""
        self.session.close()
        self.main.deleteLater()

    @Slot()
    def _on_shown(self) -> None:
        self.session.start()
        self.main.add_files(self._files)

    @Slot(str)
    def _on_failure(self, kind: str) -> None:
        self.session.notices.show(
            self.tr(
                "Something went wrong that Studiolo did not foresee ({kind}). "
                "Your conversations and documents are kept."
            ).format(kind=kind)
        )


def main(paths: DataPaths, files: Sequence[str] = ()) -> int:
    """Open the window of a data folder, or hand the files to the one that is open.

    Returns:
        The exit status.
    """
    network.install()
    paths.create()
    application = make_application()
    instance = SingleInstance(paths.root)
    if not instance.claim():
        if instance.hand_over(files):
            return 0
        _log.error("another window has this data folder and does not answer")
        return 1
    collector = GarbageCollector()
    watchdog = Watchdog() if Watchdog.wanted() else None
    window = Window(application, paths, files)
    window.failures.install()
    instance.activated.connect(window.on_activated)
    window.main.shown.connect(collector.start)
    window.show()
    if watchdog is not None:
        watchdog.start()
    try:
        return application.exec()
    finally:
        if watchdog is not None:
            watchdog.stop()
        instance.release()
        window.close()
        window.failures.uninstall()
        collector.stop()


def make_application() -> QApplication:
    """Return the application, with its names and the system's language."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    if QLocale.system().language() == QLocale.Language.C:
        # The "C" locale is for machines: it writes 1240 where a person reads 1,240.
        QLocale.setDefault(QLocale(QLocale.Language.English))
    application.setApplicationName("studiolo")
    application.setApplicationDisplayName("Studiolo")
    application.setOrganizationName("Studiolo")
    application.setDesktopFileName("studiolo")
    for name, folder in (
        ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        ("studiolo", str(resource("translations"))),
    ):
        translator = QTranslator(application)
        if translator.load(QLocale(), name, "_", folder):
            application.installTranslator(translator)
    return application
