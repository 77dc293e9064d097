"""Fixtures for pytest: one server for the whole run, put back to its start for every test."""

import pytest

from . import Sandbox


@pytest.fixture(scope="session")
def zaun_server():
    """The server itself; it starts in a few milliseconds and ends with the run."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(zaun_server):
    """An empty sandbox."""
    zaun_server.reset()
    return zaun_server
