"""Connections that are cut, and a salt that is wrong: clients recover by themselves, and nothing is done twice."""

import asyncio

import kurigram_judge
import telethon_judge
from proxies import Cutter

MESSAGES = 60
# A login's first answers take more, so a connection does some work and is cut in the middle of the next.
LIMIT_BYTES = 3000


class Behind:
    """The server as clients see it through the relay."""

    def __init__(self, server, relay):
        self.host, self.port = "127.0.0.1", relay.port
        self.key, self.dc, self.log_path = server.key, server.dc, server.log_path


async def texts_of_telethon(client):
    return sorted([m.raw_text async for m in client.iter_messages("me", limit=None)])


async def test_telethon_outlives_cut_connections(server, phones):
    async with Cutter(server.host, server.port) as relay:
        client = await telethon_judge.log_in(telethon_judge.make_client(Behind(server, relay)), next(phones), "Alice")
        relay.limit = LIMIT_BYTES
        texts = [f"{n:03}" for n in range(MESSAGES)]
        await asyncio.wait_for(asyncio.gather(*(client.send_message("me", text) for text in texts)), 90)
        assert relay.cuts >= 2, relay.cuts
        relay.limit = None
        assert await texts_of_telethon(client) == texts, "every message, exactly once"
        await client.disconnect()


async def test_telethon_takes_the_right_salt(server, phones):
    client = await telethon_judge.log_in(telethon_judge.make_client(server), next(phones), "Alice")
    for _ in range(3):
        client._sender._state.salt ^= 0x5555
        await asyncio.wait_for(client.send_message("me", "salted"), 30)
    assert await texts_of_telethon(client) == ["salted"] * 3
    await client.disconnect()


async def test_kurigram_takes_the_right_salt(server, phones):
    async with kurigram_judge.logged_in(server, (next(phones), "Alice")) as (alice,):
        for _ in range(3):
            alice.session.salt ^= 0x5555
            await asyncio.wait_for(alice.send_message("me", "salted"), 30)
        assert [m.text async for m in alice.get_chat_history("me")] == ["salted"] * 3
