"""TDLib in channels: created, joined by name, written, read, left; live and after a restart of the client."""

import pytest

from tdlib_judge import TdError
from test_tdlib import arrived, clients, key_file, library, text  # noqa: F401: fixtures


async def public_group(alice, title, username, is_channel=False):
    chat = await alice("createNewSupergroupChat", title=title, is_channel=is_channel, description="about")
    supergroup_id = chat["type"]["supergroup_id"]
    await alice("setSupergroupUsername", supergroup_id=supergroup_id, username=username)
    return chat["id"], supergroup_id


async def join(client, username):
    chat = await client("searchPublicChat", username=username)
    await client("joinChat", chat_id=chat["id"])
    return chat["id"]


async def test_a_supergroup_is_joined_written_and_read(clients):  # noqa: F811
    alice, bob = clients
    at_alice, supergroup_id = await public_group(alice, "The group", "tdlib_group")
    at_bob = await join(bob, "tdlib_group")
    await alice("sendMessage", chat_id=at_alice, **text("hello all"))
    got = await bob.wait(arrived("hello all"))
    assert got["message"]["chat_id"] == at_bob
    sent = await alice.wait(lambda u: u["@type"] == "updateMessageSendSucceeded")
    await bob("openChat", chat_id=at_bob)
    await bob("viewMessages", chat_id=at_bob, message_ids=[got["message"]["id"]], force_read=True)
    await alice.wait(
        lambda u: u["@type"] == "updateChatReadOutbox" and u["last_read_outbox_message_id"] == sent["message"]["id"]
    )
    await bob("sendMessage", chat_id=at_bob, **text("hello back"))
    await alice.wait(arrived("hello back"))
    own = await bob.wait(lambda u: u["@type"] == "updateMessageSendSucceeded")
    content = text("hello again")
    await bob("editMessageText", chat_id=at_bob, message_id=own["message"]["id"], **content)
    await alice.wait(
        lambda u: u["@type"] == "updateMessageContent" and u["new_content"]["text"]["text"] == "hello again"
    )
    await alice("deleteMessages", chat_id=at_alice, message_ids=[own["message"]["id"]], revoke=True)
    await bob.wait(lambda u: u["@type"] == "updateDeleteMessages" and u["is_permanent"] and u["chat_id"] == at_bob)
    full = await bob("getSupergroupFullInfo", supergroup_id=supergroup_id)
    assert (full["description"], full["member_count"]) == ("about", 2)
    members = await alice(
        "getSupergroupMembers",
        supergroup_id=supergroup_id,
        filter={"@type": "supergroupMembersFilterRecent"},
        offset=0,
        limit=200,
    )
    assert members["total_count"] == 2
    chats = await bob("getChats", limit=10)
    assert at_bob in chats["chat_ids"]
    await bob("leaveChat", chat_id=at_bob)
    await bob.wait(
        lambda u: u["@type"] == "updateSupergroup" and u["supergroup"]["status"]["@type"] == "chatMemberStatusLeft"
    )


async def test_a_broadcast_channel_is_written_by_its_administrators(clients):  # noqa: F811
    alice, bob = clients
    at_alice, _ = await public_group(alice, "News", "tdlib_news", is_channel=True)
    at_bob = await join(bob, "tdlib_news")
    await alice("sendMessage", chat_id=at_alice, **text("first news"))
    got = await bob.wait(arrived("first news"))
    assert got["message"]["is_channel_post"] and got["message"]["chat_id"] == at_bob
    with pytest.raises(TdError):
        await bob("sendMessage", chat_id=at_bob, **text("me too"))
