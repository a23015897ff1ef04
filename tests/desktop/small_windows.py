"""Pictures of the small windows, and of what is far down on a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import papers
import scenes
from PySide6.QtWidgets import QDialog, QScrollArea, QWidget

from assistant.embedders import InstalledEmbedder
from assistant.memory import Fitting
from assistant.paths import DataPaths
from assistant.settings import ModelSettings
from desktop.app import Window
from desktop.presenters.shortages import Shortage
from desktop.presenters.studies import Study
from desktop.views.embedder_field import EmbedderField, EmbedderSheet
from desktop.views.model_settings_sheet import ModelSettingsSheet
from desktop.views.models_forecast import ForecastRow
from desktop.views.password_sheet import PasswordSheet
from desktop.views.patterns_sheet import PatternsSheet
from desktop.views.study_sheet import StudySheet
from indexing.types import EmbedderForecast, IndexProgress, WatchedFolder

EMBEDDERS = [
    InstalledEmbedder("all-MiniLM-L6-v2", "", 91_000_000, "in_use"),
    InstalledEmbedder("bge-small-en-v1.5", "", 134_000_000, "coming"),
]

if TYPE_CHECKING:
    from screens import Studio

NAMES = ("small", "study", "models-folders", "models-forecast", "settings-below")


def shoot(studio: Studio, root: Path) -> None:
    """Take all of them."""
    if not any(studio.wanted_of(name) for name in NAMES):
        return
    paths = DataPaths(root / "data").create()
    scenes.link_models(paths, "SmolLM2-135M-Instruct.Q4_1.gguf")
    theirs = root / "Models of the whole family, on the large disk" / "language models"
    theirs.mkdir(parents=True)
    folder = scenes.models_folder()
    assert folder is not None
    small = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    (theirs / small).symlink_to(folder / small)
    (theirs / "half.gguf").write_bytes(b"GGUF\x03\x00")
    window = studio.window(paths)
    session = window.session
    papers.lease(root / "lease.pdf")
    session.library.add([str(root / "lease.pdf")])
    session.model_folders.add(str(theirs))
    studio.settle(until=lambda: len(session.models.installed) == 3)
    session.models.remove("language models/half")
    studio.settle(until=lambda: session.models.state == "ready")
    studio.settle(until=lambda: bool(session.documents.rows) and not session.documents.adding)
    shoot_dialogs(studio, window)
    shoot_pages(studio, window)
    window.main.close()
    window.close()


def shoot_dialogs(studio: Studio, window: Window) -> None:
    """Each small window once in each theme."""
    main, session, sheets = window.main, window.session, window.main._sheets
    [row] = session.documents.rows
    facts = session.models.current_facts
    assert facts is not None
    settings = session.models

    def password() -> None:
        PasswordSheet(window.theme, "old-contract.pdf", wrong=True, parent=main).open()

    def conversation() -> None:
        ModelSettingsSheet(
            window.theme, facts, settings, ModelSettings(top_k=20),
            ModelSettings(context_tokens=4096, temperature=0.0), lambda _: None, main,
            conversation="Lease questions",
        ).open()  # fmt: skip

    def rename() -> None:
        menus = main._library._menus
        menus._ask_rename("Taxes 2025")

    def embedder() -> None:
        session.embedders._installed = EMBEDDERS
        EmbedderSheet(window.theme, "bge-small-en-v1.5", session.embedders, main).open()
        session.embedders.give_up_forecast()
        forecast = EmbedderForecast(12_480, 230.0)
        session.embedders.forecast_made.emit("bge-small-en-v1.5", forecast)

    def patterns() -> None:
        place = "/home/me/Documents/Family papers and letters/Leases"
        folder = WatchedFolder(1, place, "Leases", ("*.pdf", "*.docx"), ("drafts", "old/*"))
        PatternsSheet(window.theme, folder, main).open()

    def shortage(largest: int) -> None:
        known = Fitting("not", 9_400_000_000, 6_100_000_000, False, 32_768, largest)
        sheets.show_shortage(Shortage("Granite 3.3 8B", known, lambda _: None))

    makers: dict[str, Callable[[], None]] = {
        "rename": rename,
        "embedder": embedder,
        "patterns": patterns,
        "password": password,
        "study": lambda: sheets.show_study(row),
        "model": lambda: sheets.show_model_settings(facts),
        "conversation": conversation,
        "personas": sheets.show_personas,
        "hub": sheets.show_hub,
        "shortage": lambda: shortage(10_752),
        "shortage-far": lambda: shortage(0),
        "deleted": sheets.show_deleted,
    }
    for name, make in makers.items():
        if not studio.wanted(f"small-{name}"):
            continue
        for theme in ("light", "dark"):
            window.theme.choose(theme)
            make()
            studio.settle()
            [sheet] = [d for d in main.findChildren(QDialog) if d.isVisible()]
            if isinstance(sheet, StudySheet):
                studio.settle(until=sheet._begin.isEnabled)
            sheet.grab().save(str(studio.folder / f"small-{name}-{theme}.png"))
            sheet.close()
            studio.settle()


def shoot_pages(studio: Studio, window: Window) -> None:
    """A document that is studied, folders with models, the lower settings."""
    main, session = window.main, window.session
    [row] = session.documents.rows
    main.show_page("library")
    session.studies._studies = [
        Study(row.id, "lease.pdf", "SmolLM2", None, "reading", 1240, 4120, 21.0),
        Study(row.id + 1, "house-rules.pdf", "SmolLM2", None),
    ]
    session.studies.changed.emit()
    studio.shoot(window, "study-bar")
    session.studies._studies = []
    session.studies.changed.emit()
    main.show_page("models")
    studio.shoot(window, "models-folders", lambda: to_the_end(main._models))
    shoot_forecasts(studio, window)
    main.show_page("settings")
    studio.shoot(window, "settings-below", lambda: to_the_end(main._settings))
    session.embedders._installed = EMBEDDERS
    session.documents.reembedded.emit(IndexProgress(row, "embedding", 3_120, 12_480, 0, 9_360))
    field = main._settings.findChild(EmbedderField)
    scroll = main._settings.findChild(QScrollArea)
    assert field is not None
    assert scroll is not None
    studio.shoot(window, "settings-search", lambda: scroll.ensureWidgetVisible(field))
    session.embedders.refresh()


def shoot_forecasts(studio: Studio, window: Window) -> None:
    """What models of the catalogue would take: one fits, one does not, one could not be asked."""
    page, downloads = window.main._models, window.session.downloads
    facts = window.session.models.current_facts
    header = window.session.models.forecasts.header(facts) if facts is not None else None
    assert header is not None
    small, large, missing, *_ = page.findChildren(ForecastRow)
    for row, known in ((small, header), (large, msgspec.structs.replace(header, bytes=10**12))):
        downloads._headers[row._repository, row._file] = known
        row._opener.setChecked(True)
    # The network is denied here.
    missing._opener.setChecked(True)
    scroll = page.findChild(QScrollArea)
    assert scroll is not None

    def scroll_up_to_the_first() -> None:
        to_the_end(page)
        scroll.ensureWidgetVisible(small, 0, 160)

    studio.shoot(window, "models-forecast", scroll_up_to_the_first)


def to_the_end(page: QWidget) -> None:
    """Scroll a page down."""
    scroll = page.findChild(QScrollArea)
    assert scroll is not None
    bar = scroll.verticalScrollBar()
    bar.setValue(bar.maximum())
