"""Files while the server is killed, or its disk is full."""

import asyncio
import hashlib
import os
import signal

import pytest
from telethon import errors

from telethon_judge import log_in, make_client
from test_faults import DiskServer
from test_telethon_files import as_file

MIB = 1024 * 1024


async def test_an_upload_survives_a_killed_server(start_server, phones, tmp_path):
    server = start_server(data=tmp_path / "data")
    client = await log_in(make_client(server), next(phones), "Alice")
    before, during = os.urandom(2 * MIB), os.urandom(12 * MIB)
    kept = await client.send_file("me", as_file(before), force_document=True)
    killed = False

    def progress(sent, total):
        nonlocal killed
        if sent > total // 2 and not killed:
            killed = True
            server.kill()
            server.start()

    sent = await asyncio.wait_for(
        client.send_file("me", as_file(during), force_document=True, progress_callback=progress), 120
    )
    assert killed
    for message, content in ((kept, before), (sent, during)):
        back = await client.download_media(message, bytes)
        assert hashlib.sha256(back).digest() == hashlib.sha256(content).digest()
    left = [p for p in (tmp_path / "data" / "uploads").rglob("*") if p.is_file() and p.name != "boot"]
    assert left == []
    await client.disconnect()


async def test_a_full_disk_refuses_files_and_tears_nothing(tmp_path, phones):
    server = DiskServer(tmp_path / "server.log", data=tmp_path / "disk")
    try:
        client = await log_in(make_client(server, request_retries=1), next(phones), "Alice")
        small = os.urandom(100_000)
        kept = await client.send_file("me", as_file(small), force_document=True)
        with pytest.raises((errors.ServerError, ValueError)):
            await client.send_file("me", as_file(os.urandom(8 * MIB)), force_document=True)
        assert "is full" in server.log()
        assert await client.download_media(kept, bytes) == small
        server.free_room()
        middle = os.urandom(MIB // 2)
        sent = await client.send_file("me", as_file(middle), force_document=True)
        assert await client.download_media(sent, bytes) == middle
        await client.disconnect()
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=10)
    assert "panicked" not in server.log()
