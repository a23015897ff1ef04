"""Pages that were recognised in their picture say so where they are shown."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from assistant.settings import SettingsFile
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.source import SourcePresenter
from desktop.views.source_panel import SourcePanel
from indexing.catalog import Catalog
from indexing.errors import DocumentNotFound
from indexing.types import Block, CanonicalDocument, ScannedPage
from tests.library import put_document

pytestmark = pytest.mark.gui

PAGES = ("These words the page says itself.", "These words stand in its picture.")


class NothingStudied(QObject):
    studied_changed = Signal()

    def is_studied(self, document):
        return False


def no_file(document):
    raise DocumentNotFound(str(document))


def test_a_recognised_page_says_how_sure_that_is(theme, bridge, said, data_dir, qtbot, until):
    second = len(PAGES[0]) + 2
    document = CanonicalDocument(
        "Letter",
        "pdf",
        "\n\n".join(PAGES),
        (
            Block(0, len(PAGES[0]), "paragraph", 1),
            Block(second, second + len(PAGES[1]), "paragraph", 2),
        ),
        (0, second),
        scans=(ScannedPage(2, 0.9387),),
    )
    number = put_document(data_dir, document, "/papers/letter.pdf")
    settings = SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)
    source = SourcePresenter(bridge, said[0], settings)
    studies: Any = NothingStudied()
    panel = SourcePanel(theme, source, studies)
    qtbot.addWidget(panel)
    panel.resize(460, 500)
    panel.show()
    with closing(Catalog(data_dir)) as catalog:
        assistant: Any = SimpleNamespace(catalog=catalog, document_file=no_file)
        panel.attach(assistant)
        panel.show_document(catalog.document(number))
        until(lambda: source.source is not None)
        assert panel._page_label.text() == "page 1 of 2"
        assert not panel._recognised.isVisible()
        panel._page_on.click()
        assert panel._recognised.isVisible()
        assert panel._recognised.text() == "OCR, 93 % sure"
        assert "recognised in its picture" in panel._recognised.toolTip()
        panel._page_back.click()
        assert not panel._recognised.isVisible()
        until(lambda: not bridge.running)
