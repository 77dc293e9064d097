"""Foreign clients through `zaun proxy` to our own server: each kind of secret, each path, and paths that fail."""

import asyncio
import contextlib
import os
import pathlib

import pytest
from telethon import events

import test_tdlib
from proxy_judge import FailingFront, Proxy, behind_tls, front_certificate, upstream
from server import SECRETS
from tdlib_judge import through
from telethon_judge import THROUGH_SECRETS, Inbox, befriend, converse, logged_in
from test_tdlib import key_file, library  # noqa: F401: fixtures

# The route, and what the proxy calls a path of it.
PATHS = {"direct": "tcp", "websocket": "websocket"}
MIB = 1 << 20
RANDOMIZED = dict(THROUGH_SECRETS)["dd"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return front_certificate(tmp_path_factory.mktemp("front"))


@pytest.fixture
def start_proxy(tmp_path):
    """Starts proxies; all are stopped, and none may have logged an error or a secret."""
    proxies = []

    def start(secrets, upstream, **kwargs):
        proxy = Proxy(tmp_path / f"proxy{len(proxies)}", secrets, upstream, **kwargs)
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        proxy.stop()


def upstream_of(server, certificate, route):
    at = f"{server.host}:{server.port}"
    return upstream([route], tcp=at, front=at, certificate=certificate)


def telethons(server, proxy, phones, kind, connection):
    accounts = ((next(phones), "Alice"), (next(phones), "Bob"))
    proxy = (proxy.host, proxy.port, SECRETS[kind])
    return logged_in(server, *accounts, connection=connection, proxy=proxy)


@pytest.mark.parametrize("route", PATHS)
@pytest.mark.parametrize("kind, connection", THROUGH_SECRETS, ids=lambda value: getattr(value, "__name__", value))
async def test_telethon_converses(start_server, start_proxy, certificate, phones, kind, connection, route):
    server = start_server(args=behind_tls(certificate))
    proxy = start_proxy([SECRETS[kind]], upstream_of(server, certificate, route))
    async with telethons(server, proxy, phones, kind, connection) as pair:
        await converse(*pair)
    assert proxy.sessions(PATHS[route]) >= 2
    assert (proxy.winners(), proxy.metric("zaun_proxy_strangers_total")) == ({PATHS[route]}, 0)


@contextlib.asynccontextmanager
async def tdlib_pair(proxy, library, folder, phones, kind):
    way = through("Mtproto", proxy.port, secret=SECRETS[kind])
    async with test_tdlib.logged_in(library, folder, phones, way) as pair:
        yield pair


@pytest.mark.parametrize("route", PATHS)
@pytest.mark.parametrize("kind", ["dd", "ee"])
async def test_tdlib_converses(
    start_server, start_proxy, certificate, key_file, library, phones, tmp_path, kind, route  # noqa: F811
):
    server = start_server(args=["--key", str(key_file[0]), *behind_tls(certificate)])
    proxy = start_proxy([SECRETS[kind]], upstream_of(server, certificate, route))
    async with tdlib_pair(proxy, library, tmp_path, phones, kind) as (alice, bob):
        to_bob, _ = await test_tdlib.converse(alice, bob)
        await test_tdlib.send_photo(alice, bob, to_bob, tmp_path / "picture.jpg")
    assert proxy.sessions(PATHS[route]) >= 2
    assert (proxy.winners(), proxy.metric("zaun_proxy_strangers_total")) == ({PATHS[route]}, 0)


@pytest.mark.parametrize("route", PATHS)
async def test_a_file_comes_back_as_it_was_sent(
    start_server, start_proxy, certificate, key_file, library, phones, tmp_path, route  # noqa: F811
):
    # By TDLib, because Telethon's cipher between itself and a proxy is plain Python.
    server = start_server(args=["--key", str(key_file[0]), *behind_tls(certificate)])
    proxy = start_proxy([SECRETS["ee"]], upstream_of(server, certificate, route))
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(12 * MIB))
    document = {"@type": "inputDocument", "document": {"@type": "inputFileLocal", "path": str(path)}}
    async with tdlib_pair(proxy, library, tmp_path, phones, "ee") as (alice, bob):
        to_bob, _ = await test_tdlib.converse(alice, bob)
        content = {"@type": "inputMessageDocument", "document": document}
        await alice("sendMessage", chat_id=to_bob, input_message_content=content)
        got = await bob.wait(
            lambda u: u["@type"] == "updateNewMessage" and u["message"]["content"]["@type"] == "messageDocument",
            timeout=60,
        )
        place = got["message"]["content"]["document"]["document"]
        file = await bob("downloadFile", file_id=place["id"], priority=1, synchronous=True, timeout=60)
        assert pathlib.Path(file["local"]["path"]).read_bytes() == path.read_bytes()
    for direction in ("up", "down"):
        assert proxy.metric(f'zaun_proxy_secret_bytes_total{{secret="user 0",direction="{direction}"}}') > 12 * MIB


FAILURES = ["refused", "silent", "reset", "redirect", "certificate"]


@contextlib.asynccontextmanager
async def failing_websocket(server, start_proxy, certificate, other_certificate, kind, failure):
    """A proxy whose WebSocket front fails, in front of a server that its TCP path reaches."""
    shown = other_certificate if failure == "certificate" else certificate
    async with FailingFront(failure, shown) as front:
        settings = upstream(
            ["websocket", "direct"],
            tcp=f"{server.host}:{server.port}",
            front=front.address,
            certificate=certificate,
        )
        yield start_proxy([SECRETS[kind]], settings), front


def tcp_took_over(proxy, front, failure):
    assert proxy.winners() == {"tcp"}
    assert proxy.sessions("websocket") == 0, "no session ever ran over the front"
    if failure not in ("refused", "certificate"):
        assert front.came >= 1, "it was tried"
    if failure != "silent":
        # A silent front has lost the race before it failed.
        assert proxy.metric("zaun_proxy_path_failures_total") >= 1


@pytest.fixture(scope="module")
def other_certificate(tmp_path_factory):
    return front_certificate(tmp_path_factory.mktemp("other"))


@pytest.mark.parametrize("failure", FAILURES)
async def test_telethon_does_not_notice_a_front_that_fails(
    start_server, start_proxy, certificate, other_certificate, phones, failure
):
    server = start_server()
    async with failing_websocket(server, start_proxy, certificate, other_certificate, "dd", failure) as (proxy, front):
        async with telethons(server, proxy, phones, "dd", RANDOMIZED) as pair:
            await converse(*pair)
        tcp_took_over(proxy, front, failure)


@pytest.mark.parametrize("failure", FAILURES)
async def test_tdlib_does_not_notice_a_front_that_fails(
    start_server, start_proxy, certificate, other_certificate, key_file, library, phones, tmp_path, failure  # noqa: F811
):
    server = start_server(args=["--key", str(key_file[0])])
    async with failing_websocket(server, start_proxy, certificate, other_certificate, "ee", failure) as (proxy, front):
        async with tdlib_pair(proxy, library, tmp_path, phones, "ee") as pair:
            await test_tdlib.converse(*pair)
        tcp_took_over(proxy, front, failure)


@pytest.mark.parametrize("failure", ["refused", "silent", "reset"])
async def test_a_websocket_takes_over_from_tcp_that_fails(start_server, start_proxy, certificate, phones, failure):
    server = start_server(args=behind_tls(certificate))
    async with FailingFront(failure) as data_centre:
        front = f"{server.host}:{server.port}"
        settings = upstream(["direct", "websocket"], tcp=data_centre.address, front=front, certificate=certificate)
        proxy = start_proxy([SECRETS["dd"]], settings)
        async with telethons(server, proxy, phones, "dd", RANDOMIZED) as pair:
            await converse(*pair)
        assert proxy.winners() == {"websocket"}
        assert proxy.metric("zaun_proxy_path_failures_total") >= 1


async def test_a_cut_upstream_is_replaced_while_the_client_goes_on(start_server, start_proxy, certificate, phones):
    # The data centre restarts under its clients: they connect again through the same proxy.
    server = start_server(args=behind_tls(certificate), data="data")
    proxy = start_proxy([SECRETS["dd"]], upstream_of(server, certificate, "websocket"))
    async with telethons(server, proxy, phones, "dd", RANDOMIZED) as (alice, bob):
        to_bob, _ = await befriend(alice, bob)
        at_bob = Inbox(bob, events.NewMessage(incoming=True))
        server.stop()
        server.start()
        # Telethon asks for nothing when it connects again: what is sent before bob is back would not reach him.
        await asyncio.wait_for(bob.get_me(), 60)
        await asyncio.wait_for(alice.send_message(to_bob, "after the restart"), 60)
        await at_bob.wait(lambda event: event.raw_text == "after the restart", timeout=60)
