"""`zaun proxy` in front of a server of this test's own, what may stand behind it, and what may stand beside it."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import urllib.request

from proxies import Redirector
from server import ZAUN, free_port

# Data centres that clients ask for by themselves; in these tests all of them are the one server.
DCS = [1, 2, 3, 4, 5, 203]
FRONT_DOMAIN = "web.example"
COVER_DOMAIN = "cover.example"
NGINX = "/usr/sbin/nginx"


class Certificate:
    """A self-signed certificate; RSA, because the length of its signatures never varies."""

    def __init__(self, folder, *names):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        alternatives = ",".join(f"DNS:{name}" for name in names)
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=judge"]
        command += ["-addext", f"subjectAltName={alternatives}", "-addext", "basicConstraints=critical,CA:FALSE"]
        command += ["-out", self.file, "-keyout", self.key]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def server_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context

    def der(self):
        return ssl.PEM_cert_to_DER_cert(self.file.read_text())


def front_certificate(folder):
    """For the WebSocket front of every data centre."""
    return Certificate(folder, f"*.{FRONT_DOMAIN}")


def behind_tls(certificate):
    """Arguments for a server that also takes WebSockets inside TLS."""
    return ["--tls", "--tls-cert", str(certificate.file), "--tls-key", str(certificate.key)]


def toml(value):
    """Strings, numbers, lists and tables of those, as TOML writes them in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value if isinstance(value, (bool, int, str)) else str(value))


def upstream(routes, tcp=None, front=None, certificate=None):
    """The settings of the way to the server: `HOST:PORT` of its TCP and of its WebSocket front."""
    settings = {"routes": routes, "pool-size": 0, "addresses": {dc: [tcp] if tcp else [] for dc in DCS}}
    if front:
        settings["websockets"] = {dc: front for dc in DCS}
        settings["front-domain"] = FRONT_DOMAIN
        settings["certificates"] = str(certificate.file)
    return settings


class Proxy:
    """A running `zaun proxy`; `secrets` are its only ones."""

    def __init__(self, folder, secrets, upstream, cover="none", **settings):
        """`settings` are further ones of the file's first part."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.host, self.port, status = "127.0.0.1", free_port(), f"127.0.0.1:{free_port()}"
        self.url = f"http://{status}"
        lines = [f"listen = {toml([f'{self.host}:{self.port}'])}", f"cover = {toml(cover)}", f"status = {toml(status)}"]
        lines += [f"{key.replace('_', '-')} = {toml(value)}" for key, value in settings.items()]
        for number, secret in enumerate(secrets):
            lines += ["[[secret]]", f"name = 'user {number}'", f"secret = {toml(secret)}"]
        lines += ["[upstream]", *(f"{key} = {toml(value)}" for key, value in upstream.items())]
        config = self.folder / "proxy.toml"
        config.write_text("\n".join(lines))
        self.secrets = secrets
        self.log_path = self.folder / "proxy.log"
        command = [ZAUN, "proxy", "--config", config, "--data", self.folder / "data", "--log", "zaun_proxy=trace,info"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.log_path, "ab"), stdin=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline()
        assert line.startswith("proxy on"), f"the proxy did not start:\n{self.log()}"
        # Nobody reads the rest, and it is short.
        self.process.stdout.close()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, self.log()
        log = self.log()
        assert "panicked" not in log and "ERROR" not in log, log
        for secret in self.secrets:
            assert secret not in log and secret[2:34] not in log, "a secret is in the log"

    def page(self):
        with urllib.request.urlopen(self.url + "/", timeout=10) as answer:
            return answer.read().decode()

    def metric(self, name):
        """A metric's value by its name with labels; 0 if it is not there."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " "))

    async def has_learned(self):
        """Waits until the cover site is imitated: from then on the proxy asks nothing of it by itself."""
        while not self.metric("zaun_proxy_imitated_sites"):
            assert self.process.poll() is None, self.log()
            await asyncio.sleep(0.02)
        return self

    def sessions(self, path):
        return self.metric(f'zaun_proxy_sessions_total{{path="{path}"}}')

    def winners(self):
        """The kinds of the paths that carried data last."""
        lines = [line for line in self.page().splitlines() if "carried data last" in line]
        return {line.split(": ", 1)[1].split()[0] for line in lines}


class FailingFront:
    """What stands where a WebSocket front or a data centre should be, and fails in one way."""

    def __init__(self, failure, certificate=None):
        self.failure = failure
        self.certificate = certificate
        self.came = 0
        self.held = []

    async def __aenter__(self):
        if self.failure == "refused":
            self.port = free_port()
            return self
        context = self.certificate.server_context() if self.failure in ("redirect", "certificate") else None
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        for writer in self.held:
            writer.close()
        if self.failure != "refused":
            self.server.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        self.came += 1
        if self.failure == "silent":
            self.held.append(writer)
        elif self.failure == "reset":
            linger = (1).to_bytes(4, "little") + bytes(4)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        elif self.failure == "redirect":
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            writer.close()


class Session:
    """One connection through a recorder: what went up and what came down."""

    def __init__(self):
        self.up, self.down = bytearray(), bytearray()
        self.changed = asyncio.Event()

    async def heard(self, count):
        """Waits until so many bytes went up."""
        while len(self.up) < count:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 30)


class Recorder(Redirector):
    """A relay that changes nothing, keeps half-closed connections, and writes down what passes."""

    def __init__(self, host, port):
        super().__init__(host, port)
        self.sessions = []

    async def serve(self, reader, writer):
        session = Session()
        self.sessions.append(session)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            await asyncio.gather(
                self.record(reader, far_writer, session, session.up),
                self.record(far_reader, writer, session, session.down),
            )
            far_writer.close()
        except OSError:
            pass
        finally:
            writer.close()

    async def record(self, reader, writer, session, written):
        try:
            while data := await reader.read(65536):
                written.extend(data)
                session.changed.set()
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.close()


class Nginx:
    """Debian's nginx as the cover site: TLS 1.2 and 1.3, one page. With `listens` as "proxy_protocol" it expects a PROXY
    header and tells its visitors the address in it."""

    page = b"the cover site\n"
    # How long it waits for the rest of a request or of a hello.
    patience_s = 2

    def __init__(self, folder, listens=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Its worker may run as another user, who only needs to look into the folder.
        self.folder.chmod(0o755)
        self.certificate = Certificate(self.folder, COVER_DOMAIN)
        self.port = free_port()
        temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in temporary)
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log;
            events {{ worker_connections 256; }}
            http {{
                access_log off; {temporary}
                server {{
                    listen 127.0.0.1:{self.port} ssl {listens}; server_name {COVER_DOMAIN};
                    ssl_certificate {self.certificate.file}; ssl_certificate_key {self.certificate.key};
                    ssl_protocols TLSv1.2 TLSv1.3; client_header_timeout {self.patience_s}s;
                    add_header Visitor $proxy_protocol_addr:$proxy_protocol_port;
                    location / {{ return 200 "{self.page.decode().strip()}\\n"; }}
                }}
            }}
        """)
        command = [NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    async def started(self):
        while True:
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return self
            await asyncio.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


async def visit(port, pieces, ends=True, session=None):
    """All that comes back for these bytes, and then the end. `ends` closes the visitor's half first; with a recorder's
    `session`, each piece waits until the one before was heard behind the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got, sent = bytearray(), 0
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            if session:
                await (await session()).heard(sent)
        if ends:
            writer.write_eof()
        while data := await asyncio.wait_for(reader.read(65536), 60):
            got.extend(data)
    except ConnectionError:
        # A site that does not care for the rest of what it is told resets the connection.
        pass
    finally:
        writer.close()
    return bytes(got)


def shape(answer):
    """What is the same each time that a site answers the same bytes: the records of TLS by type and length, the text of
    HTTP without its date."""
    if answer[:1] not in (b"\x14", b"\x15", b"\x16", b"\x17"):
        return re.sub(rb"Date: [^\r]*", b"Date:", answer)
    records, at = [], 0
    while at < len(answer):
        length = int.from_bytes(answer[at + 3 : at + 5])
        records.append((answer[at], length))
        at += 5 + length
    return records
