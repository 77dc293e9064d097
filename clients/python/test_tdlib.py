"""TDLib: key exchange, login, main screen, messages, a photo, logout."""

import contextlib
import json
import os
import subprocess

import pytest
from PIL import Image

from proxies import HttpForward, Socks5
from server import SECRETS, code_for, endpoint
from tdlib_judge import Client, Library, patched_library, through


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("key") / "rsa.pem"
    forms = subprocess.run([os.environ["ZAUN"], "keys", "--json", "--key", path], stdout=subprocess.PIPE, check=True)
    return path, json.loads(forms.stdout)


@pytest.fixture(scope="module")
def library(key_file, tmp_path_factory):
    path = patched_library(key_file[1]["pkcs1_pem"], tmp_path_factory.mktemp("tdlib"))
    library = Library(path)
    yield library
    library.close()


@contextlib.asynccontextmanager
async def logged_in(library, folder, phones, proxy, **kwargs):
    """Alice and Bob."""
    pair = []
    try:
        for name in ("Alice", "Bob"):
            client = Client(library, folder / name, proxy)
            pair.append(client)
            client.phone = next(phones)
            await client.log_in(client.phone, code_for(client.phone), name, **kwargs)
        yield pair
    finally:
        for client in pair:
            if not client.is_in("authorizationStateClosed"):
                await client.close()


@pytest.fixture
async def clients(start_server, key_file, library, phones, tmp_path):
    server = start_server(args=["--key", str(key_file[0])])
    async with Socks5(server.host, server.port) as proxy:
        async with logged_in(library, tmp_path, phones, through("Socks5", proxy.port)) as pair:
            yield pair


async def chat_with(client, other):
    contact = {"@type": "importedContact", "phone_number": "+" + other.phone, "first_name": "Friend"}
    imported = await client("importContacts", contacts=[contact])
    (user_id,) = imported["user_ids"]
    assert user_id
    return (await client("createPrivateChat", user_id=user_id, force=False))["id"]


def text(message):
    content = {"@type": "inputMessageText", "text": {"@type": "formattedText", "text": message}}
    return {"input_message_content": content}


def arrived(message):
    """The message came, whichever way: in a chat that TDLib is just loading it is no news but the last message."""

    def wanted(update):
        came = {"updateNewMessage": "message", "updateChatLastMessage": "last_message"}.get(update["@type"])
        content = (update.get(came) or {}).get("content", {})
        return content.get("@type") == "messageText" and content["text"]["text"] == message

    return wanted


async def converse(alice, bob):
    """One message in each direction; returns how each names the chat."""
    to_bob, to_alice = await chat_with(alice, bob), await chat_with(bob, alice)
    for client, chat, other, words in ((alice, to_bob, bob, "hello bob"), (bob, to_alice, alice, "hello alice")):
        await client("sendMessage", chat_id=chat, **text(words))
        await other.wait(arrived(words))
    return to_bob, to_alice


async def test_the_main_screen_and_a_conversation(clients):
    alice, bob = clients
    to_bob, to_alice = await chat_with(alice, bob), await chat_with(bob, alice)
    await alice("sendMessage", chat_id=to_bob, **text("hello bob"))
    sent = await alice.wait(lambda u: u["@type"] == "updateMessageSendSucceeded")
    got = await bob.wait(arrived("hello bob"))
    await bob("openChat", chat_id=to_alice)
    await bob("viewMessages", chat_id=to_alice, message_ids=[got["message"]["id"]], force_read=True)
    await alice.wait(
        lambda u: u["@type"] == "updateChatReadOutbox" and u["last_read_outbox_message_id"] == sent["message"]["id"]
    )
    await bob("sendMessage", chat_id=to_alice, **text("hello alice"))
    await alice.wait(arrived("hello alice"))
    history = await alice("getChatHistory", chat_id=to_bob, from_message_id=0, offset=0, limit=10, only_local=False)
    assert history["total_count"] >= 1
    chats = await bob("getChats", limit=10)
    assert to_alice in chats["chat_ids"]


async def send_photo(alice, bob, to_bob, picture):
    """Bob has it on his disk in the end."""
    Image.effect_noise((640, 480), 60).convert("RGB").save(picture)
    photo = {"@type": "inputFileLocal", "path": str(picture)}
    content = {"@type": "inputMessagePhoto", "photo": {"@type": "inputPhoto", "photo": photo, "width": 640, "height": 480}}
    await alice("sendMessage", chat_id=to_bob, input_message_content=content)
    got = await bob.wait(
        lambda u: u["@type"] == "updateNewMessage" and u["message"]["content"]["@type"] == "messagePhoto", timeout=60
    )
    sizes = got["message"]["content"]["photo"]["sizes"]
    assert got["message"]["content"]["photo"]["minithumbnail"]["data"]
    largest = max(sizes, key=lambda s: s["width"])
    assert (largest["width"], largest["height"]) == (640, 480)
    file = await bob("downloadFile", file_id=largest["photo"]["id"], priority=1, synchronous=True, timeout=60)
    assert file["local"]["is_downloading_completed"]
    with Image.open(file["local"]["path"]) as image:
        assert image.size == (640, 480)


async def test_a_photo_goes_up_and_down(clients, tmp_path):
    alice, bob = clients
    to_bob, _ = await converse(alice, bob)
    await send_photo(alice, bob, to_bob, tmp_path / "picture.jpg")


async def test_log_out(clients):
    alice, _ = clients
    await alice("logOut")
    await alice.state("authorizationStateClosed")


@pytest.mark.parametrize("kind", SECRETS)
async def test_an_endpoint_with_a_secret_carries_a_conversation(start_server, key_file, library, phones, tmp_path, kind):
    server = start_server(args=["--key", str(key_file[0]), *endpoint(f"secret={SECRETS[kind]}")])
    proxy = through("Mtproto", server.endpoints[1]["port"], secret=SECRETS[kind])
    async with logged_in(library, tmp_path, phones, proxy) as pair:
        await converse(*pair)


async def test_plain_http_carries_a_conversation(start_server, key_file, library, phones, tmp_path):
    server = start_server(args=["--key", str(key_file[0])])
    async with HttpForward(server.host, server.port) as proxy:
        async with logged_in(library, tmp_path, phones, through("Http", proxy.port, http_only=True)) as pair:
            await converse(*pair)
        assert proxy.posts > 10


async def test_pfs_outlives_a_restart_that_forgets_temporary_keys(start_server, key_file, library, phones, tmp_path):
    server = start_server(args=["--key", str(key_file[0])], data=tmp_path / "data")
    async with Socks5(server.host, server.port) as proxy:
        async with logged_in(library, tmp_path, phones, through("Socks5", proxy.port), use_pfs=True) as (alice, bob):
            to_bob, to_alice = await converse(alice, bob)
            await send_photo(alice, bob, to_bob, tmp_path / "before.jpg")
            server.stop()
            server.start()
            await alice("sendMessage", chat_id=to_bob, **text("after the restart"))
            await bob.wait(arrived("after the restart"), timeout=60)
            await bob("sendMessage", chat_id=to_alice, **text("here too"))
            await alice.wait(arrived("here too"), timeout=60)
            for client in (alice, bob):
                assert client.is_in("authorizationStateReady")


async def test_files_of_another_dc_take_an_exported_authorization(start_server, key_file, library, phones, tmp_path):
    # Everywhere but on DC 4 upload.getFile is answered FILE_MIGRATE_4, and there only to a user who is logged in.
    server = start_server(args=["--key", str(key_file[0]), "--files-dc", "4"])
    async with Socks5(server.host, server.port) as proxy:
        async with logged_in(library, tmp_path, phones, through("Socks5", proxy.port)) as (alice, bob):
            to_bob, _ = await converse(alice, bob)
            await send_photo(alice, bob, to_bob, tmp_path / "picture.jpg")
