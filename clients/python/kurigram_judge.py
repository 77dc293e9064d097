"""kurigram, as its users point it at a server of their own."""

import contextlib
import pathlib
import tempfile

from pyrogram import Client, raw, types
from pyrogram.crypto import rsa
from pyrogram.storage import SQLiteStorage

import inbox
from server import code_for


class Storage(SQLiteStorage):
    """A session that begins at the server under test instead of the built-in address."""

    server = None

    async def server_address(self, value=object):
        return self.server.host

    async def port(self, value=object):
        return self.server.port


def make_client(server, name, **kwargs):
    rsa.server_public_keys.clear()
    key = server.key
    rsa.server_public_keys[key["fingerprint"]] = rsa.PublicKey(int(key["modulus_decimal"]), key["exponent"])
    storage = Storage(name, workdir=pathlib.Path(tempfile.mkdtemp(dir=server.log_path.parent)))
    storage.server = server
    return Client(name, api_id=1, api_hash="hash", storage_engine=storage, **kwargs)


async def log_in(server, phone, name, **kwargs):
    client = make_client(server, name, **kwargs)
    await client.connect()
    sent = await client.send_code(phone)
    result = await client.sign_in(phone, sent.phone_code_hash, code_for(phone))
    if result is False:
        await client.sign_up(phone, sent.phone_code_hash, name)
    await client.initialize()
    client.me = await client.get_me()
    await client.invoke(raw.functions.updates.GetState())
    return client


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
            if client.is_initialized:
                await client.terminate()
            if client.is_connected:
                await client.disconnect()


class Inbox(inbox.Inbox):
    """What a handler of a client gets; of several arguments the first after the client."""

    def __init__(self, client, handler):
        super().__init__(lambda add: client.add_handler(handler(add)))

    async def add(self, client, item, *others):
        await super().add(item)


@contextlib.asynccontextmanager
async def befriended(server, alice_phone, bob_phone, **kwargs):
    """Alice and Bob, each the other's contact."""
    async with logged_in(server, (alice_phone, "Alice"), (bob_phone, "Bob"), **kwargs) as (alice, bob):
        for client, phone in ((alice, bob_phone), (bob, alice_phone)):
            imported = await client.import_contacts([types.InputPhoneContact("+" + phone, "Friend")])
            assert len(imported.users) == 1
        yield alice, bob
