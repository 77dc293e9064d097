"""TDLib: key exchange, login, main screen, messages, a photo, logout."""

import json
import os
import subprocess

import pytest
from PIL import Image

from server import code_for
from proxies import Socks5
from tdlib_judge import Client, Library, patched_library


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


@pytest.fixture
async def clients(start_server, key_file, library, phones, tmp_path):
    """Alice and Bob, logged in."""
    server = start_server(args=["--key", str(key_file[0])])
    async with Socks5(server.host, server.port) as proxy:
        pair = []
        for name in ("Alice", "Bob"):
            client = Client(library, tmp_path / name, proxy.port)
            phone = next(phones)
            await client.log_in(phone, code_for(phone), name)
            client.phone = phone
            pair.append(client)
        yield pair
        for client in pair:
            if not any(
                u["@type"] == "updateAuthorizationState"
                and u["authorization_state"]["@type"] == "authorizationStateClosed"
                for u in client.updates
            ):
                await client.close()


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
    def wanted(update):
        if update["@type"] != "updateNewMessage":
            return False
        content = update["message"]["content"]
        return content["@type"] == "messageText" and content["text"]["text"] == message

    return wanted


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


async def test_a_photo_goes_up_and_down(clients, tmp_path):
    alice, bob = clients
    to_bob, to_alice = await chat_with(alice, bob), await chat_with(bob, alice)
    picture = tmp_path / "picture.jpg"
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


async def test_log_out(clients):
    alice, _ = clients
    await alice("logOut")
    await alice.state("authorizationStateClosed")
