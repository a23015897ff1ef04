"""What counts as this machine, and what a refused attempt leaves behind."""

from __future__ import annotations

import pytest

from assistant import network


@pytest.mark.parametrize(
    "host",
    [
        None, "", b"", "localhost", "LocalHost.", "a.localhost", "127.0.0.1", "127.8.9.1", "::1",
        b"127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", bytearray(b"localhost"),
    ],
)  # fmt: skip
def test_this_machine(host):
    assert network.is_local(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.org", "192.168.0.1", "10.0.0.1", "169.254.169.254", "8.8.8.8", "2001:db8::1",
        "::ffff:8.8.8.8", "fe80::1%eth0", "localhost.example.org", "127.0.0.1.example.org",
        "<broadcast>", "255.255.255.255", b"example.org", b"\xff\xfe", 2130706433, "127.1.evil",
    ],
)  # fmt: skip
def test_anywhere_else(host):
    assert not network.is_local(host)


def test_refusals_are_counted_by_host_and_told():
    heard = []
    network.add_listener(heard.append)
    before = network.attempts().denied.get("counted.example", 0)
    network.record_denied("counted.example")
    network.record_denied("counted.example")
    after = network.attempts()
    assert after.denied["counted.example"] == before + 2
    assert heard[-2:] == ["counted.example", "counted.example"]
    assert after.total >= 2
