import itertools

import pytest

from server import Server

pytest_plugins = ["zaun_sandbox.pytest_plugin"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Clients leave files where they run; here that is a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def start_server(tmp_path):
    """Starts servers; all are stopped, and none may have logged an error."""
    servers = []

    def start(**kwargs):
        server = Server(tmp_path / f"server{len(servers)}.log", **kwargs)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
    for server in servers:
        errors = [line for line in server.log().splitlines() if "ERROR" in line or "panicked" in line]
        assert not errors, "\n".join(errors)


@pytest.fixture
def server(start_server):
    return start_server()


@pytest.fixture
def phones():
    """Fresh test phones."""
    return (f"9996{6}{x}{n:04}" for n, x in zip(itertools.count(1), itertools.cycle("12345")))
