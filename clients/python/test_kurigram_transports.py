"""kurigram over every transport it has, through endpoints with secrets, and through ordinary proxies."""

import pytest
from pyrogram import handlers
from pyrogram.connection import transport

from proxies import HttpConnect, Socks5
from server import SECRETS, endpoint
from kurigram_judge import Inbox, befriended

TRANSPORTS = [
    transport.TCPFull,
    transport.TCPAbridged,
    transport.TCPAbridgedO,
    transport.TCPIntermediate,
    transport.TCPIntermediateO,
]


async def converse(server, phones, **kwargs):
    """Logs two clients in; one message goes in each direction."""
    async with befriended(server, next(phones), next(phones), **kwargs) as (alice, bob):
        at_bob, at_alice = Inbox(bob, handlers.MessageHandler), Inbox(alice, handlers.MessageHandler)
        await alice.send_message(bob.me.id, "hello bob")
        await at_bob.wait(lambda m: m.text == "hello bob")
        await bob.send_message(alice.me.id, "hello alice")
        await at_alice.wait(lambda m: m.text == "hello alice")


@pytest.mark.parametrize("transport", TRANSPORTS, ids=lambda t: t.__name__)
async def test_every_transport_carries_a_conversation(server, phones, transport):
    await converse(server, phones, protocol_factory=transport)


@pytest.mark.parametrize("kind", SECRETS)
async def test_an_endpoint_with_a_secret_carries_a_conversation(start_server, phones, kind):
    server = start_server(args=endpoint(f"secret={SECRETS[kind]}"))
    port = server.endpoints[1]["port"]
    proxy = {"scheme": "mtproxy", "hostname": server.host, "port": port, "secret": SECRETS[kind]}
    await converse(server, phones, proxy=proxy)


@pytest.mark.parametrize("scheme, redirector", [("socks5", Socks5), ("http", HttpConnect)])
async def test_a_proxy_carries_a_conversation(server, phones, scheme, redirector):
    async with redirector(server.host, server.port) as proxy:
        await converse(server, phones, proxy={"scheme": scheme, "hostname": "127.0.0.1", "port": proxy.port})
        assert proxy.led >= 2
