"""Telethon, as its users point it at a server of their own."""

import contextlib
import inspect

import pytest
from telethon import TelegramClient, errors, events, functions, types
from telethon.crypto import rsa
from telethon.network import connection
from telethon.errors.rpcerrorlist import rpc_errors_dict
from telethon.sessions import MemorySession
from telethon.tl.alltlobjects import LAYER

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


def needs(*names):
    """Marks a test of what this Telethon's layer may not have: names in `types`, methods in `functions.namespace`."""

    def knows(name):
        where, _, last = name.rpartition(".")
        return hasattr(getattr(functions, where) if where else types, last)

    missing = [name for name in names if not knows(name)]
    return pytest.mark.skipif(bool(missing), reason=f"layer {LAYER} has no {', '.join(missing)}")


def fitting(make, *args, **fields):
    """An object without the fields that its constructor does not have in this Telethon's layer."""
    known = inspect.signature(make.__init__).parameters
    return make(*args, **{name: value for name, value in fields.items() if name in known})


def refused(text):
    """Expects an error: of its own class, or of the general one where this Telethon has no class for its text."""
    known = rpc_errors_dict.get(text)
    return pytest.raises(known) if known else pytest.raises(errors.RPCError, match=text)


def full_user(answer):
    """What users.getFullUser tells: until layer 135 the answer itself."""
    return getattr(answer, "full_user", answer)


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
