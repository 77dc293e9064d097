"""TDLib as a bot; people with Telethon are at the other end."""

import asyncio
import base64

import pytest
from telethon import functions

from bots_judge import data_of, person
from proxies import Socks5
from tdlib_judge import Client, TdError, through
from test_tdlib import key_file, library, text  # noqa: F401: fixtures


@pytest.fixture
async def meeting(start_server, key_file, library, phones, tmp_path):  # noqa: F811
    server = start_server(args=["--bot", "Echo", "--key", str(key_file[0])])
    async with Socks5(server.host, server.port) as proxy, person(server, next(phones)) as alice:
        bot = Client(library, tmp_path / "bot", through("Socks5", proxy.port))
        await bot.log_in_bot(server.bots[0]["token"])
        yield bot, alice
        await bot.close()


def came(words):
    """A message with a text of somebody else."""

    def fits(update):
        if update["@type"] != "updateNewMessage" or update["message"]["is_outgoing"]:
            return False
        content = update["message"]["content"]
        return content["@type"] == "messageText" and content["text"]["text"] == words

    return fits


async def test_a_bot_echoes(meeting):
    bot, alice = meeting
    me = await bot("getMe")
    assert me["type"]["@type"] == "userTypeBot" and me["usernames"]["editable_username"] == "Echo_bot"
    await alice.client.send_message("Echo_bot", "/start")
    message = (await bot.wait(came("/start")))["message"]
    assert message["content"]["text"]["entities"][0]["type"]["@type"] == "textEntityTypeBotCommand"
    assert message["sender_id"]["user_id"] == alice.me.id
    await bot("sendMessage", chat_id=message["chat_id"], **text("hello"))
    await alice.hear("hello")
    with pytest.raises(TdError, match="400"):
        await bot("searchPublicChats", query="anybody")


async def test_a_button_is_pressed(meeting):
    bot, alice = meeting
    await alice.client.send_message("Echo_bot", "/menu")
    message = (await bot.wait(came("/menu")))["message"]
    data = base64.b64encode(b"yes").decode()
    button = {"@type": "inlineKeyboardButton", "text": "Yes", "type": {"@type": "inlineKeyboardButtonTypeCallback", "data": data}}
    markup = {"@type": "replyMarkupInlineKeyboard", "rows": [[button]]}
    await bot("sendMessage", chat_id=message["chat_id"], reply_markup=markup, **text("sure?"))
    asked = await alice.hear("sure?")
    assert data_of(asked) == [[("Yes", b"yes")]]

    async def answer():
        query = await bot.wait(lambda u: u["@type"] == "updateNewCallbackQuery")
        assert base64.b64decode(query["payload"]["data"]) == b"yes" and query["sender_user_id"] == alice.me.id
        await bot("answerCallbackQuery", callback_query_id=query["id"], text="pressed", show_alert=False, url="", cache_time=0)
        await bot("editMessageText", chat_id=query["chat_id"], message_id=query["message_id"], **text("sure."))

    answering = asyncio.create_task(answer())
    assert (await asked.click(data=b"yes")).message == "pressed"
    await answering
    assert (await alice.hear_edit("sure.")).id == asked.id


async def test_an_inline_query_is_answered(meeting):
    bot, alice = meeting
    async def answer():
        query = await bot.wait(lambda u: u["@type"] == "updateNewInlineQuery")
        assert (query["query"], query["sender_user_id"]) == ("words", alice.me.id)
        article = {"@type": "inputInlineQueryResultArticle", "id": "1", "title": "Words", **text("answered in TDLib")}
        await bot("answerInlineQuery", inline_query_id=query["id"], is_personal=False, results=[article], cache_time=0, next_offset="")

    answering = asyncio.create_task(answer())
    results = await alice.client.inline_query("Echo_bot", "words")
    await answering
    assert [r.title for r in results] == ["Words"]
    assert (await results[0].click("me")).raw_text == "answered in TDLib"
    chosen = await bot.wait(lambda u: u["@type"] == "updateNewChosenInlineResult")
    assert (chosen["result_id"], chosen["query"]) == ("1", "words")


async def test_a_group_with_privacy(meeting):
    bot, alice = meeting
    made = await alice.client(functions.channels.CreateChannelRequest("Hall", "", megagroup=True))
    await alice.client(functions.channels.InviteToChannelRequest(made.chats[0], ["Echo_bot"]))
    await alice.client.send_message(made.chats[0], "not for bots")
    await alice.client.send_message(made.chats[0], "/rules")
    message = (await bot.wait(came("/rules")))["message"]
    await bot("sendMessage", chat_id=message["chat_id"], **text("be kind"))
    await alice.hear("be kind")
    assert not any(came("not for bots")(update) for update in bot.updates)
