"""Telethon, as its users point it at a server of their own."""

import contextlib
import inspect

from telethon import TelegramClient, errors, events, functions, types
from telethon.crypto import rsa
from telethon.network import connection
from telethon.sessions import MemorySession

import inbox
from server import code_for

FRAMINGS = {
    "full": connection.ConnectionTcpFull,
    "abridged": connection.ConnectionTcpAbridged,
    "intermediate": connection.ConnectionTcpIntermediate,
    "obfuscated": connection.ConnectionTcpObfuscated,
}
# Telethon's ways through an endpoint with a secret, by the kind of secret that each can use.
THROUGH_SECRETS = [
    ("plain", connection.ConnectionTcpMTProxyAbridged),
    ("plain", connection.ConnectionTcpMTProxyIntermediate),
    ("dd", connection.ConnectionTcpMTProxyRandomizedIntermediate),
]


def make_client(server, session=None, framing="full", **kwargs):
    """`connection` and `proxy` may be given as to the client itself."""
    rsa._server_keys.clear()
    rsa.add_key(server.key["pkcs1_pem"], old=False)
    if session is None:
        session = MemorySession()
        session.set_dc(server.dc, server.host, server.port)
    settings = {"connection": FRAMINGS[framing], "timeout": 10, "retry_delay": 0.2, "connection_retries": 50}
    return TelegramClient(session, 1, "hash", **(settings | kwargs))


async def log_in(client, phone, name=None):
    """Signs in, or up if the phone is new; afterwards the client receives updates."""
    await client.connect()
    sent = await client.send_code_request(phone)
    try:
        await client.sign_in(phone, code_for(phone))
    except errors.PhoneNumberUnoccupiedError:
        # Telethon lost its sign_up(); the method itself is the public interface.
        result = await client(functions.auth.SignUpRequest(phone, sent.phone_code_hash, name or "Somebody", ""))
        # Older versions are not asynchronous here.
        if inspect.isawaitable(done := client._on_login(result.user)):
            await done
    await client.get_me()
    return client


@contextlib.asynccontextmanager
async def logged_in(server, *accounts, **kwargs):
    """Clients for (phone, name) pairs, logged in and disconnected at the end."""
    clients = []
    try:
        for phone, name in accounts:
            clients.append(await log_in(make_client(server, **kwargs), phone, name))
        yield clients
    finally:
        for client in clients:
            await client.disconnect()


async def befriend(a, b):
    """Makes each a contact of the other; returns how a names b and b names a."""
    me_a, me_b = await a.get_me(), await b.get_me()
    for client, other in ((a, me_b), (b, me_a)):
        contact = types.InputPhoneContact(1, "+" + other.phone, other.first_name, other.last_name or "")
        imported = await client(functions.contacts.ImportContactsRequest([contact]))
        assert [i.user_id for i in imported.imported] == [other.id]
    return await a.get_input_entity(me_b.id), await b.get_input_entity(me_a.id)


async def converse(alice, bob):
    """One message in each direction."""
    to_bob, to_alice = await befriend(alice, bob)
    at_bob, at_alice = (Inbox(client, events.NewMessage(incoming=True)) for client in (bob, alice))
    await alice.send_message(to_bob, "hello bob")
    assert (await at_bob.wait(lambda e: e.raw_text == "hello bob")).is_private
    await bob.send_message(to_alice, "hello alice")
    await at_alice.wait(lambda e: e.raw_text == "hello alice")


class Inbox(inbox.Inbox):
    """Events of a client."""

    def __init__(self, client, event_builder):
        super().__init__(lambda add: client.add_event_handler(add, event_builder))
