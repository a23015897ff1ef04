"""The settings page: what is chosen there is kept, and what is kept is shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from assistant.settings import SettingsFile
from desktop.presenters.models import ModelsPresenter
from desktop.presenters.settings import SettingsPresenter
from desktop.presenters.studies import StudiesPresenter
from desktop.views.settings_page import SettingsPage


@pytest.fixture
def settings(bridge, data_dir):
    return SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)


@pytest.fixture
def page(theme, bridge, said, settings, qtbot):
    notices, _ = said
    models = ModelsPresenter(bridge, notices, settings)
    made = SettingsPage(theme, settings, StudiesPresenter(bridge, notices, models))
    qtbot.addWidget(made)
    made.resize(800, 900)
    made.show()
    yield made
    del models  # alive as long as the page


def test_what_is_chosen_is_kept(page, settings, data_dir, qtbot):
    qtbot.mouseClick(page._scans, Qt.MouseButton.LeftButton)
    for field, value in ((page._states, 2.0), (page._temperature, 0.7)):
        field.setCurrentIndex(field.findData(value))
        field.activated.emit(field.currentIndex())
    settings.save_now()
    kept = SettingsFile(data_dir / "settings.toml").current
    assert (kept.read_scans, kept.state_gb, kept.temperature) == (False, 2.0, 0.7)
    qtbot.keyClick(page._scans, Qt.Key.Key_Space)
    settings.save_now()
    assert SettingsFile(data_dir / "settings.toml").current.read_scans


def test_a_value_that_was_set_by_hand_is_shown(theme, bridge, said, data_dir, qtbot):
    (data_dir / "settings.toml").write_text("state_gb = 12.5\ntemperature = 0.45\n")
    settings = SettingsPresenter(SettingsFile(data_dir / "settings.toml"), data_dir, bridge)
    models = ModelsPresenter(bridge, said[0], settings)
    page = SettingsPage(theme, settings, StudiesPresenter(bridge, said[0], models))
    qtbot.addWidget(page)
    assert page._states.currentText() == "12.5 GB"
    assert page._temperature.currentText() == "0.45"
    assert settings.temperature == 0.45


def test_what_models_have_read_is_deleted_only_after_asking(page, qtbot):
    studies = page._studies
    assert not page._clear.isEnabled()
    studies._on_surveyed((set(), 1_200_000_000))
    assert page._used.text() == "1.2 GB"
    cleared = []
    studies.clear = lambda: cleared.append(True)
    qtbot.mouseClick(page._clear, Qt.MouseButton.LeftButton)
    [box] = page.findChildren(QMessageBox)
    assert "1.2 GB" in box.text()
    next(button for button in box.buttons() if button.text() == "Keep it").click()
    assert not cleared
