"""A killed server, a full disk, a read-only disk: what was answered is there, exactly once, and nothing is torn."""

import asyncio
import json
import os
import signal
import subprocess

import pytest
from telethon import errors, events, functions, types

from server import ZAUN, Server
from telethon_judge import Inbox, befriend, log_in, logged_in, make_client

MESSAGES = 1000


async def send_all(client, peer, texts, answered, progress):
    """Sends with some requests in flight; a request that the crash interrupted is repeated by the library."""
    slots = asyncio.Semaphore(20)

    async def one(text):
        async with slots:
            answered[text] = (await client.send_message(peer, text)).id
            progress.release()

    await asyncio.gather(*(one(text) for text in texts))


async def texts_of(client, peer):
    return [m.raw_text async for m in client.iter_messages(peer, limit=None)]


async def replay(client, pts):
    """Walks the difference from `pts`; the events it holds must fill the numbers without a gap."""
    seen, date = [], 1
    while True:
        d = await client(functions.updates.GetDifferenceRequest(pts=pts, date=date, qts=0))
        if isinstance(d, types.updates.DifferenceEmpty):
            return seen
        state = d.intermediate_state if isinstance(d, types.updates.DifferenceSlice) else d.state
        counted = len(d.new_messages) + sum(getattr(u, "pts_count", 0) for u in d.other_updates)
        assert state.pts - pts == counted, "pts has a gap"
        seen += [m.message for m in d.new_messages]
        pts = state.pts
        if isinstance(d, types.updates.Difference):
            return seen


async def test_a_killed_server_loses_nothing_it_answered(start_server, phones, tmp_path):
    # M-360
    server = start_server(data=tmp_path / "data")
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        to_bob, to_alice = await befriend(alice, bob)
        at_alice, at_bob = Inbox(alice, events.NewMessage(incoming=True)), Inbox(bob, events.NewMessage(incoming=True))
        before = [(await c(functions.updates.GetStateRequest())).pts for c in (alice, bob)]
        answered, progress = {}, asyncio.Semaphore(0)
        from_alice = [f"a{n}" for n in range(MESSAGES // 2)]
        from_bob = [f"b{n}" for n in range(MESSAGES // 2)]
        sending = asyncio.gather(
            send_all(alice, to_bob, from_alice, answered, progress),
            send_all(bob, to_alice, from_bob, answered, progress),
        )
        for _ in range(MESSAGES // 3):
            await progress.acquire()
        server.kill()
        answered_before = dict(answered)
        server.start()
        await asyncio.wait_for(sending, 120)
        assert len(answered_before) < MESSAGES and len(answered) == MESSAGES
        for client, peer, pts in ((alice, to_bob, before[0]), (bob, to_alice, before[1])):
            texts = await texts_of(client, peer)
            assert sorted(texts) == sorted(from_alice + from_bob), "every message, exactly once"
            assert sorted(await replay(client, pts)) == sorted(texts)
        ids = {m.raw_text: m.id async for m in alice.iter_messages(to_bob, limit=None)}
        assert all(ids[text] == id_ for text, id_ in answered_before.items() if text.startswith("a"))
        # One more message shows each client its gap; it fetches what it missed by itself.
        await alice.send_message(to_bob, "last of a")
        await bob.send_message(to_alice, "last of b")
        await at_bob.wait(lambda e: {"last of a", *from_alice} <= {i.raw_text for i in at_bob.items}, timeout=60)
        await at_alice.wait(lambda e: {"last of b", *from_bob} <= {i.raw_text for i in at_alice.items}, timeout=60)


def in_namespace(script, *args):
    """A process that may mount: with a mount namespace of its own, as root or with a user namespace."""
    for flags in (["-m"], ["-r", "-m"]):
        if subprocess.run(["unshare", *flags, "true"], capture_output=True).returncode == 0:
            return ["unshare", *flags, "sh", "-ec", script, "sh", *map(str, args)]
    pytest.skip("this machine allows no mount namespaces, so a full disk cannot be made")


class DiskServer(Server):
    """A server whose data directory is a small disk of its own, with a file on it that takes most of the room."""

    def start(self):
        self.data.mkdir(exist_ok=True)
        script = """
            mount -t tmpfs -o size=6m tmpfs "$1"
            dd if=/dev/zero of="$1/filler" bs=1M count=4 2>/dev/null
            dir="$1"; shift
            exec "$@" --data "$dir"
        """
        serve = [ZAUN, "serve", "--sandbox", "--json", "--listen", f"{self.host}:{self.port}"]
        command = in_namespace(script, self.data, *serve)
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.log_path, "ab"), text=True
        )
        info = json.loads(self.process.stdout.readline())
        self.key, self.dc = info["key"], info["dc"]

    def free_room(self):
        os.unlink(f"/proc/{self.process.pid}/root{self.data}/filler")


async def test_a_full_disk_is_named_and_tears_nothing(tmp_path, phones):
    server = DiskServer(tmp_path / "server.log", data=tmp_path / "disk")
    try:
        client = await log_in(make_client(server, request_retries=1), next(phones), "Alice")
        sent = []
        with pytest.raises((errors.ServerError, ValueError)):
            for n in range(2000):
                message = await client.send_message("me", f"{n} " + "x" * 3000)
                sent.append(message.raw_text)
        assert sent and "is full" in server.log()
        assert [m.raw_text for m in await client.get_messages("me", limit=100)] == sent[::-1][:100]
        server.free_room()
        for n in range(5):
            sent.append((await client.send_message("me", f"again {n}")).raw_text)
        history = [m.raw_text async for m in client.iter_messages("me", limit=None)]
        assert history == sent[::-1]
        await client.disconnect()
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=10)
    assert "panicked" not in server.log()


def test_a_read_only_data_directory_is_named(tmp_path):
    data = tmp_path / "disk"
    data.mkdir()
    script = 'mount -t tmpfs -o ro tmpfs "$1"; dir="$1"; shift; exec "$@" --data "$dir"'
    command = in_namespace(script, data, ZAUN, "serve", "--sandbox", "--json", "--listen", "127.0.0.1:0")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "cannot write" in done.stderr and str(data) in done.stderr and "panicked" not in done.stderr


def test_a_port_in_use_is_named(tmp_path):
    server = Server(tmp_path / "server.log")
    try:
        command = [ZAUN, "serve", "--sandbox", "--listen", f"127.0.0.1:{server.port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode != 0 and f"127.0.0.1:{server.port}" in done.stderr
    finally:
        server.stop()
