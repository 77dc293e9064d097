"""Telethon over every transport it has, and through endpoints with secrets."""

import pytest

from server import SECRETS, endpoint
from telethon_judge import FRAMINGS, THROUGH_SECRETS, converse, logged_in


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_every_transport_carries_a_conversation(server, phones, framing):
    # M-014, M-015, M-017, M-019, M-022, M-024, M-073, M-075: by a foreign client
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob"), framing=framing) as pair:
        await converse(*pair)


@pytest.mark.parametrize("kind, connection", THROUGH_SECRETS, ids=lambda value: getattr(value, "__name__", value))
async def test_an_endpoint_with_a_secret_carries_a_conversation(start_server, phones, kind, connection):
    server = start_server(args=endpoint(f"secret={SECRETS[kind]}"))
    proxy = (server.host, server.endpoints[1]["port"], SECRETS[kind])
    accounts = ((next(phones), "Alice"), (next(phones), "Bob"))
    async with logged_in(server, *accounts, connection=connection, proxy=proxy) as pair:
        await converse(*pair)
