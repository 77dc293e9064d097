"""Starts, stops, kills and restarts a Zaun server of this test's own."""

import json
import os
import pathlib
import signal
import socket
import subprocess

ZAUN = os.environ["ZAUN"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`zaun serve` on a free port; with a data directory it can be restarted in place."""

    def __init__(self, log_path, data=None, args=(), sandbox=True, sign_up=True):
        self.log_path = pathlib.Path(log_path)
        self.data = data
        self.args = [*(["--sandbox"] if sandbox else []), *(["--sign-up"] if sandbox and sign_up else []), *args]
        self.host = "127.0.0.1"
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        command = [ZAUN, "serve", "--json", "--listen", f"{self.host}:{self.port}", *self.args]
        if self.data:
            command += ["--data", str(self.data)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.log_path, "ab"), text=True
        )
        line = self.process.stdout.readline()
        assert line, f"the server did not start; its log is {self.log_path}:\n{self.log()}"
        info = json.loads(line)
        self.key = info["key"]
        self.dc = info["dc"]
        # The first is --listen; those of --endpoint follow in order.
        self.endpoints = info["endpoints"]
        # Those of --bot: name, username and token.
        self.bots = info["bots"]
        self.url = f"http://{self.host}:{self.port}"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(timeout=10) == 0, self.log()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def cpu_s(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


# MTProxy secrets of the three kinds; the key is in all of them the same.
SECRET_KEY = "000102030405060708090a0b0c0d0e0f"
SECRETS = {
    "plain": SECRET_KEY,
    "dd": "dd" + SECRET_KEY,
    "ee": "ee" + SECRET_KEY + "example.org".encode().hex(),
}


def endpoint(*settings):
    """Arguments for one more listener on a free port."""
    return ["--endpoint", ",".join(["listen=127.0.0.1:0", *settings])]


def code_for(phone):
    """The fixed code of a test phone 99966XYYYY: the digit X five times."""
    return phone.lstrip("+")[5] * 5
