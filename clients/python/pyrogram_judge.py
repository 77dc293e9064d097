"""Pyrogram and its forks, as their users point them at a server of their own; whichever of them is installed."""

import contextlib
import importlib
import importlib.util
import tempfile

import inbox
from server import code_for

NAME = "hydrogram" if importlib.util.find_spec("hydrogram") else "pyrogram"
package = importlib.import_module(NAME)
enums, errors, filters, handlers, raw, types = (
    importlib.import_module(f"{NAME}.{part}") for part in ("enums", "errors", "filters", "handlers", "raw", "types")
)
_connection = importlib.import_module(f"{NAME}.connection.connection")
_rsa = importlib.import_module(f"{NAME}.crypto.rsa")


def make_client(server, name, **kwargs):
    """A session begins at a data centre by number: its address and the key are those of the server under test."""
    _connection.DataCenter = lambda *_: (server.host, server.port)
    folder = tempfile.mkdtemp(dir=server.log_path.parent)
    key = server.key
    _rsa.server_public_keys.clear()
    _rsa.server_public_keys[key["fingerprint"]] = _rsa.PublicKey(int(key["modulus_decimal"]), key["exponent"])
    return package.Client(name, api_id=1, api_hash="hash", workdir=folder, **kwargs)


async def log_in(server, phone, name, **kwargs):
    client = make_client(server, name, **kwargs)
    await client.connect()
    sent = await client.send_code(phone)
    # Newer forks have no sign_up() any more: the method itself, and what sign_up() kept in the session.
    with contextlib.suppress(errors.PhoneNumberUnoccupied):
        if await client.sign_in(phone, sent.phone_code_hash, code_for(phone)):
            return await begin(client)
    sign_up = raw.functions.auth.SignUp(
        phone_number=phone, phone_code_hash=sent.phone_code_hash, first_name=name, last_name="")
    result = await client.invoke(sign_up)
    await client.storage.user_id(result.user.id)
    await client.storage.is_bot(False)
    return await begin(client)


async def begin(client):
    """Lets a client that has signed in hear of updates."""
    await client.initialize()
    client.me = await client.get_me()
    await client.invoke(raw.functions.updates.GetState())
    return client


async def leave(client):
    if client.is_initialized:
        await client.terminate()
    if client.is_connected:
        await client.disconnect()


@contextlib.asynccontextmanager
async def logged_in(server, *accounts, **kwargs):
    """Clients for (phone, name) pairs, logged in and disconnected at the end."""
    clients = []
    try:
        for phone, name in accounts:
            clients.append(await log_in(server, phone, name, **kwargs))
        yield clients
    finally:
        for client in clients:
            await leave(client)


async def befriend(client, phone):
    """Makes the one with that phone a contact; returns the user's id."""
    imported = await client.import_contacts([types.InputPhoneContact("+" + phone, "Friend")])
    (user,) = imported.users
    return user.id


@contextlib.asynccontextmanager
async def befriended(server, alice_phone, bob_phone, **kwargs):
    """Alice and Bob, each the other's contact."""
    async with logged_in(server, (alice_phone, "Alice"), (bob_phone, "Bob"), **kwargs) as (alice, bob):
        await befriend(alice, bob_phone)
        await befriend(bob, alice_phone)
        yield alice, bob


class Inbox(inbox.Inbox):
    """What a handler of a client gets; of several arguments the first after the client."""

    def __init__(self, client, handler):
        super().__init__(lambda add: client.add_handler(handler(add)))

    async def add(self, client, item, *others):
        await super().add(item)
