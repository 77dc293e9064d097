"""Telethon and kurigram as bots over MTProto; a person with Telethon is at the other end."""

import contextlib
import io

import pytest
import telethon
from pyrogram import enums, filters, handlers
from pyrogram import types as pyro
from telethon import Button, errors, events, functions, types

import kurigram_judge
from bots_judge import data_of, person, picture
from telethon_judge import Inbox, make_client

NAME = "Echo_bot"


@pytest.fixture
def bot_server(start_server):
    return start_server(args=["--bot", "Echo"])


@pytest.fixture
async def alice(bot_server, phones):
    async with person(bot_server, next(phones)) as alice:
        yield alice


@pytest.fixture
async def bot(bot_server):
    bot = make_client(bot_server)
    await bot.start(bot_token=bot_server.bots[0]["token"])
    yield bot
    await bot.disconnect()


@contextlib.asynccontextmanager
async def kurigram(server, *added):
    client = kurigram_judge.make_client(server, "bot", bot_token=server.bots[0]["token"])
    for handler in added:
        client.add_handler(handler)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def test_telethon_starts_and_answers(bot, alice):
    me = await bot.get_me()
    assert (me.bot, me.username, me.phone) == (True, NAME, None)

    @bot.on(events.NewMessage(pattern="/start"))
    async def start(event):
        await event.respond("Hi!")
        raise events.StopPropagation

    @bot.on(events.NewMessage)
    async def echo(event):
        await event.respond(event.text)

    await alice.ask(NAME, "/start", "Hi!")
    answer, _ = await alice.ask(NAME, "**bold** words", "bold words")
    assert [type(e) for e in answer.entities] == [types.MessageEntityBold] and answer.sender_id == me.id


async def test_telethon_buttons(bot, alice):
    @bot.on(events.NewMessage(pattern="/menu"))
    async def menu(event):
        await event.respond("menu", buttons=[
            [Button.inline("one", b"1"), Button.inline("two", b"2")], [Button.url("site", "https://example.org/")],
        ])

    @bot.on(events.CallbackQuery)
    async def pressed(event):
        await event.answer(f"took {event.data.decode()}", alert=True)
        await event.edit(f"you took {event.data.decode()}")

    @bot.on(events.NewMessage(pattern="/keys"))
    async def keys(event):
        await event.respond("keys", buttons=[[Button.text("a", resize=True), Button.text("b")]])

    menu, _ = await alice.ask(NAME, "/menu", "menu")
    assert data_of(menu) == [[("one", b"1"), ("two", b"2")], [("site", None)]]
    answer = await menu.click(0, 1)
    assert (answer.message, answer.alert) == ("took 2", True)
    assert (await alice.hear_edit("you took 2")).id == menu.id
    keys, _ = await alice.ask(NAME, "/keys", "keys")
    assert keys.reply_markup.resize and [b.text for b in keys.reply_markup.rows[0].buttons] == ["a", "b"]


async def test_telethon_files_and_commands(bot, alice):
    @bot.on(events.NewMessage)
    async def sizes(event):
        if event.file:
            taken = await event.download_media(bytes)
            await event.reply(f"{len(taken)} bytes", file=taken)

    image = io.BytesIO(picture(90, 60))
    image.name = "p.jpg"
    sent = await alice.client.send_file(NAME, image)
    back = await alice.hear(lambda m: m.raw_text.endswith(" bytes"))
    assert back.raw_text == f"{sent.file.size} bytes" and back.file.size == sent.file.size
    commands = [types.BotCommand("go", "goes on"), types.BotCommand("stop", "stops")]
    assert await bot(functions.bots.SetBotCommandsRequest(types.BotCommandScopeDefault(), "", commands))
    full = await alice.client(functions.users.GetFullUserRequest(NAME))
    assert [c.command for c in full.full_user.bot_info.commands] == ["go", "stop"]
    with pytest.raises(errors.BotMethodInvalidError):
        await bot.get_dialogs()


async def test_telethon_in_a_group(bot, alice, phones, bot_server):
    """Commands reach a bot with privacy mode; what is not for it does not, until it administers."""
    seen = []

    @bot.on(events.NewMessage(incoming=True))
    async def keep(event):
        seen.append(event.raw_text)
        await event.reply(f"got {event.raw_text}")

    made = await alice.client(functions.channels.CreateChannelRequest("Hall", "", megagroup=True))
    group = made.chats[0]
    await alice.client(functions.channels.InviteToChannelRequest(group, [NAME]))
    await alice.client.send_message(group, "not for bots")
    await alice.ask(group, "/hello", "got /hello")
    await alice.client.edit_admin(group, NAME, is_admin=True)
    await alice.ask(group, "all of it", "got all of it")
    assert [text for text in seen if text] == ["/hello", "all of it"]
    members = await bot.get_participants(group.id)
    assert {m.first_name for m in members} == {"Alice", "Echo"}


async def test_kurigram_answers(bot_server, alice):
    async def start(client, message):
        await message.reply("Hi!", reply_markup=pyro.ReplyKeyboardMarkup([["a", "b"]], resize_keyboard=True))

    async def echo(client, message):
        await message.copy(message.chat.id)

    added = [
        handlers.MessageHandler(start, filters.command("start")),
        handlers.MessageHandler(echo, filters.text & filters.private),
    ]
    async with kurigram(bot_server, *added) as client:
        assert client.me.is_bot and client.me.username == NAME
        hello, _ = await alice.ask(NAME, "/start", "Hi!")
        assert [b.text for b in hello.reply_markup.rows[0].buttons] == ["a", "b"]
        await alice.ask(NAME, "echo me", "echo me")


async def test_kurigram_buttons_and_commands(bot_server, alice):
    async def menu(client, message):
        rows = [[pyro.InlineKeyboardButton("one", callback_data="1"), pyro.InlineKeyboardButton("two", callback_data="2")]]
        await message.reply("menu", reply_markup=pyro.InlineKeyboardMarkup(rows))

    async def pressed(client, query):
        assert query.from_user.id == alice.me.id and query.message.text == "menu"
        await query.answer(f"took {query.data}", show_alert=True)
        await query.edit_message_text(f"you took {query.data}")

    added = [
        handlers.MessageHandler(menu, filters.command("menu")), handlers.CallbackQueryHandler(pressed),
    ]
    async with kurigram(bot_server, *added) as client:
        asked, _ = await alice.ask(NAME, "/menu", "menu")
        answer = await asked.click(data=b"1")
        assert (answer.message, answer.alert) == ("took 1", True)
        assert (await alice.hear_edit("you took 1")).id == asked.id
        commands = [pyro.BotCommand("menu", "shows it")]
        assert await client.set_bot_commands(commands)
        assert [(c.command, c.description) for c in await client.get_bot_commands()] == [("menu", "shows it")]
        sent = await client.send_photo(alice.me.id, io.BytesIO(picture(70, 70)), caption="**photo**", parse_mode=enums.ParseMode.MARKDOWN)
        assert (await alice.hear("photo")).photo.id and sent.photo.width == 70
        taken = await client.download_media(sent, in_memory=True)
        assert bytes(taken.getbuffer())[:2] == b"\xff\xd8"


async def test_one_bot_by_two_ways(bot_server, bot, alice):
    """B-014: a bot over MTProto and over HTTP at once; each is told everything."""
    import telegram

    async with telegram.Bot(bot_server.bots[0]["token"], base_url=f"{bot_server.url}/bot") as http:
        await http.get_updates()
        heard = []

        @bot.on(events.NewMessage)
        async def keep(event):
            heard.append(event.raw_text)
            await event.respond("over MTProto")

        await alice.ask(NAME, "to both", "over MTProto")
        updates = await http.get_updates(timeout=10)
        assert [u.message.text for u in updates] == ["to both"] == heard
        await updates[0].message.reply_text("over HTTP")
        await alice.hear("over HTTP")


async def test_wrong_tokens_are_refused(bot_server):
    client = make_client(bot_server)
    await client.connect()
    token = bot_server.bots[0]["token"]
    with pytest.raises(errors.AccessTokenInvalidError):
        await client.sign_in(bot_token=token[:-3] + "xyz")
    await client.disconnect()


async def test_telethon_answers_inline(bot, alice):
    """B-101 … B-116 over MTProto on both sides."""

    @bot.on(events.InlineQuery)
    async def asked(event):
        builder = event.builder
        if not event.text:
            return await event.answer([], switch_pm="Type something", switch_pm_param="hint")
        await event.answer([
            builder.article("Echo", text=f"echo {event.text}", description="as it is"),
            builder.article("Buttons", text="**choose**", buttons=[Button.inline("one", b"1")]),
            await builder.photo(io.BytesIO(picture(40, 40)), text="a photo"),
        ], cache_time=0)

    @bot.on(events.CallbackQuery)
    async def pressed(event):
        assert event.via_inline
        await event.answer("pressed")
        await event.edit("edited by its name")

    nothing = await alice.client.inline_query(NAME, "")
    assert len(nothing) == 0 and nothing.result.switch_pm.start_param == "hint"
    results = await alice.client.inline_query(NAME, "words")
    assert [(r.type, r.title) for r in results] == [("article", "Echo"), ("article", "Buttons"), ("photo", None)]
    sent = await results[0].click("me")
    assert (sent.raw_text, sent.via_bot_id) == ("echo words", (await bot.get_me()).id)
    photo = await results[2].click("me")
    assert photo.photo and photo.raw_text == "a photo"
    asked_for = await results[1].click("me")
    edits = Inbox(alice.client, events.MessageEdited())
    assert (await asked_for.click(data=b"1")).message == "pressed"
    assert (await edits.wait(lambda e: e.raw_text == "edited by its name")).id == asked_for.id
    with pytest.raises(errors.InlineResultExpiredError):
        await alice.client(functions.messages.SendInlineBotResultRequest(types.InputPeerSelf(), 12345, "0"))


async def test_a_bot_is_started_in_a_group(bot, alice):
    """B-120, B-031: a link brings it into a group; into a channel it comes as an administrator only."""

    @bot.on(events.NewMessage(pattern="/start@Echo_bot"))
    async def start(event):
        await event.reply(f"started with {event.raw_text.split()[1]}")

    named = await alice.client.get_input_entity(NAME)
    for group in (
        (await alice.client(functions.channels.CreateChannelRequest("Super", "", megagroup=True))).chats[0],
        getattr(await alice.client(functions.messages.CreateChatRequest([named], "Basic")), "updates").chats[0],
    ):
        place = await alice.client.get_input_entity(group)
        await alice.client(functions.messages.StartBotRequest(bot=named, peer=place, start_param="from-a-link"))
        await alice.hear(lambda m: m.raw_text == "started with from-a-link" and m.chat_id == telethon.utils.get_peer_id(place))
    made = await alice.client(functions.channels.CreateChannelRequest("News", "", broadcast=True))
    with pytest.raises(errors.UserBotError):
        await alice.client(functions.channels.InviteToChannelRequest(made.chats[0], [named]))
    await alice.client.edit_admin(made.chats[0], NAME, is_admin=True, post_messages=True)
    sent = await bot.send_message(types.PeerChannel(made.chats[0].id), "a post")
    assert sent.post and (await alice.hear("a post")).post
