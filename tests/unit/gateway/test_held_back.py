"""A signal to end waits for what it must not disturb."""

from __future__ import annotations

import signal
import threading

import pytest

from gateway.ending import held_back, is_told_to_end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_waits_until_it_is_over(number: signal.Signals):
    seen: list[str] = []
    before = signal.signal(number, lambda *_: seen.append("told"))
    try:
        with held_back():
            assert not is_told_to_end()
            signal.pthread_kill(threading.main_thread().ident or 0, number)
            assert is_told_to_end()
            seen.append("done")
    finally:
        signal.signal(number, before)

    assert seen == ["done", "told"]


def test_what_is_held_back_within_goes_on_being_held_back():
    seen: list[str] = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("told"))
    try:
        with held_back():
            with held_back():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            seen.append("done")
    finally:
        signal.signal(signal.SIGINT, before)

    assert seen == ["done", "told"]


def test_without_a_signal_nobody_is_told():
    with held_back():
        assert not is_told_to_end()
