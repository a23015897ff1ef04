"""What llama.cpp says it can compute on here."""

from __future__ import annotations

import psutil
import pytest

from models.engine.cards import DeviceKind, card_memory, devices


def test_the_devices_are_asked_of_llama_cpp_itself():
    found = list(devices())
    [processor] = [device for device in found if device.kind == DeviceKind.PROCESSOR]
    # To it the machine's memory belongs.
    assert processor.total == pytest.approx(psutil.virtual_memory().total, rel=0.05)
    assert 0 < processor.free <= processor.total
    cards = [device.free for device in found if device.kind == DeviceKind.CARD]
    assert card_memory() == sum(cards)
