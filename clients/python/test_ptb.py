"""python-telegram-bot, with programs after its first examples; a person with Telethon is at the other end."""

import asyncio
import contextlib
import io

import pytest
import telegram
from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove
from telegram import InputMediaDocument, InputMediaPhoto, BotCommand, BotCommandScopeAllPrivateChats
from telegram.constants import ChatAction, ParseMode
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ConversationHandler, MessageHandler, filters
from telethon import errors, functions, types, utils

from bots_judge import data_of, person, picture
from server import free_port


@pytest.fixture
def bot_server(start_server):
    return start_server(args=["--bot", "Echo"])


@pytest.fixture
async def alice(bot_server, phones):
    async with person(bot_server, next(phones)) as alice:
        yield alice


def build(server, token=None):
    token = token or server.bots[0]["token"]
    builder = Application.builder().token(token)
    return builder.base_url(f"{server.url}/bot").base_file_url(f"{server.url}/file/bot").build()


@contextlib.asynccontextmanager
async def running(server, *handlers, **polling):
    """An application that polls."""
    app = build(server)
    app.failures = []

    async def note(_, context):
        app.failures.append(context.error)

    app.add_error_handler(note)
    for handler in handlers:
        app.add_handler(handler)
    async with app:
        await app.start()
        await app.updater.start_polling(poll_interval=0, **polling)
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()
    assert app.failures == []


async def start(update, context):
    user = update.effective_user
    await update.message.reply_html(
        f"Hi {user.mention_html()}!", reply_markup=ForceReply(selective=True, input_field_placeholder="say it")
    )


async def echo(update, context):
    await update.message.reply_text(update.message.text)


async def test_an_echo_bot_polls(bot_server, alice):
    handlers = [CommandHandler("start", start), MessageHandler(filters.TEXT & ~filters.COMMAND, echo)]
    async with running(bot_server, *handlers) as app:
        assert app.bot.username == "Echo_bot" and app.bot.first_name == "Echo" and app.bot.can_join_groups
        await alice.client.send_message("Echo_bot", "/start")
        hello = await alice.hear("Hi Alice!")
        assert [type(e) for e in hello.entities] == [types.MessageEntityMentionName]
        assert hello.entities[0].user_id == alice.me.id and hello.sender.bot
        assert isinstance(hello.reply_markup, types.ReplyKeyboardForceReply)
        assert hello.reply_markup.placeholder == "say it"
        for text in ("one", "two 🦆", "a <b> & c"):
            answer, _ = await alice.ask("Echo_bot", text, text)
            assert answer.sender_id == app.bot.id


async def test_what_people_write_is_shown(bot_server, alice):
    seen = []

    async def keep(update, context):
        seen.append(update.effective_message)
        await update.effective_message.reply_text(f"got {len(seen)}")

    async with running(bot_server, MessageHandler(filters.ALL, keep), CommandHandler("x", keep)):
        await alice.ask("Echo_bot", "/start now", "got 1")
        await alice.ask("Echo_bot", "**bold** and https://example.org #tag @Echo_bot", "got 2")
        _, first = await alice.ask("Echo_bot", "third", "got 3")
        await alice.ask("Echo_bot", "fourth", "got 4", reply_to=first.id)
        command, styled, third, fourth = seen
        assert command.entities[0].type == "bot_command" and command.entities[0].length == 6
        kinds = {e.type: styled.parse_entity(e) for e in styled.entities}
        assert kinds == {
            "bold": "bold", "url": "https://example.org", "hashtag": "#tag", "mention": "@Echo_bot",
        }
        assert fourth.reply_to_message.message_id == third.message_id and fourth.reply_to_message.text == "third"
        chat = third.chat
        assert (chat.type, chat.id, chat.first_name) == ("private", alice.me.id, "Alice")
        assert third.from_user.id == alice.me.id and not third.from_user.is_bot
        # An edit is another kind of update.
        await alice.client.edit_message("Echo_bot", first.id, "third, later")
        await alice.hear("got 5")
        assert seen[4].message_id == third.message_id and seen[4].text == "third, later" and seen[4].edit_date


async def test_edits_come_as_such(bot_server, alice):
    async def edited(update, context):
        message = update.edited_message
        await context.bot.send_message(message.chat_id, f"edited to {message.text}")
        assert message.edit_date >= message.date

    only = MessageHandler(filters.UpdateType.EDITED_MESSAGE, edited)
    async with running(bot_server, only):
        sent = await alice.client.send_message("Echo_bot", "first")
        await alice.client.edit_message("Echo_bot", sent.id, "second")
        await alice.hear("edited to second")


async def test_an_inline_keyboard(bot_server, alice):
    async def menu(update, context):
        rows = [
            [InlineKeyboardButton("Option 1", callback_data="1"), InlineKeyboardButton("Option 2", callback_data="2")],
            [InlineKeyboardButton("Page", url="https://example.org/")],
        ]
        await update.message.reply_text("Please choose:", reply_markup=InlineKeyboardMarkup(rows))

    async def pressed(update, context):
        query = update.callback_query
        assert query.from_user.id == alice.me.id and query.message.text == "Please choose:"
        assert query.message.reply_markup.inline_keyboard[0][1].callback_data == "2"
        await query.answer(f"you took {query.data}", show_alert=query.data == "2")
        await query.edit_message_text(text=f"Selected option: {query.data}")

    async with running(bot_server, CommandHandler("start", menu), CallbackQueryHandler(pressed)):
        asked, _ = await alice.ask("Echo_bot", "/start", "Please choose:")
        assert data_of(asked) == [[("Option 1", b"1"), ("Option 2", b"2")], [("Page", None)]]
        assert asked.buttons[1][0].url == "https://example.org/"
        answer = await asked.click(data=b"2")
        assert (answer.message, answer.alert) == ("you took 2", True)
        edited = await alice.hear_edit("Selected option: 2")
        assert edited.id == asked.id and edited.reply_markup is None


GENDER, PHOTO, LOCATION, BIO = range(4)


async def test_a_conversation(bot_server, alice):
    got = {}

    async def begin(update, context):
        keyboard = [["Boy", "Girl", "Other"]]
        markup = ReplyKeyboardMarkup(keyboard, one_time_keyboard=True, input_field_placeholder="Boy or Girl?")
        await update.message.reply_text("Are you a boy or a girl?", reply_markup=markup)
        return GENDER

    async def gender(update, context):
        got["gender"] = update.message.text
        await update.message.reply_text("Send me a photo, or /skip.", reply_markup=ReplyKeyboardRemove())
        return PHOTO

    async def photo(update, context):
        biggest = update.message.photo[-1]
        file = await biggest.get_file()
        out = io.BytesIO()
        await file.download_to_memory(out)
        got["photo"] = (biggest.width, biggest.height, len(out.getvalue()), biggest.file_size)
        await update.message.reply_text("Gorgeous! Your location, or /skip.")
        return LOCATION

    async def location(update, context):
        got["location"] = (update.message.location.latitude, update.message.location.longitude)
        await update.message.reply_text("Tell me something about yourself.")
        return BIO

    async def skip_location(update, context):
        await update.message.reply_text("You seem a bit paranoid!")
        return BIO

    async def bio(update, context):
        got["bio"] = update.message.text
        await update.message.reply_text("Thank you!")
        return ConversationHandler.END

    async def cancel(update, context):
        await update.message.reply_text("Bye!", reply_markup=ReplyKeyboardRemove())
        return ConversationHandler.END

    conversation = ConversationHandler(
        entry_points=[CommandHandler("start", begin)],
        states={
            GENDER: [MessageHandler(filters.Regex("^(Boy|Girl|Other)$"), gender)],
            PHOTO: [MessageHandler(filters.PHOTO, photo)],
            LOCATION: [MessageHandler(filters.LOCATION, location), CommandHandler("skip", skip_location)],
            BIO: [MessageHandler(filters.TEXT & ~filters.COMMAND, bio)],
        },
        fallbacks=[CommandHandler("cancel", cancel)],
    )
    async with running(bot_server, conversation):
        asked, _ = await alice.ask("Echo_bot", "/start", "Are you a boy or a girl?")
        markup = asked.reply_markup
        assert isinstance(markup, types.ReplyKeyboardMarkup) and markup.single_use and not markup.resize
        assert (markup.placeholder, [b.text for b in markup.rows[0].buttons]) == ("Boy or Girl?", ["Boy", "Girl", "Other"])
        await asked.click(text="Girl")
        gone = await alice.hear("Send me a photo, or /skip.")
        assert isinstance(gone.reply_markup, types.ReplyKeyboardHide)
        image = io.BytesIO(picture(320, 200))
        image.name = "me.jpg"
        await alice.client.send_file("Echo_bot", image)
        await alice.hear("Gorgeous! Your location, or /skip.")
        point = types.InputMediaGeoPoint(types.InputGeoPoint(lat=52.5, long=13.25))
        await alice.client.send_file("Echo_bot", point)
        await alice.hear("Tell me something about yourself.")
        await alice.ask("Echo_bot", "I judge servers", "Thank you!")
        await alice.ask("Echo_bot", "/start", "Are you a boy or a girl?")
        await alice.ask("Echo_bot", "/cancel", "Bye!")
    assert got["gender"] == "Girl" and got["bio"] == "I judge servers"
    assert got["photo"][:2] == (320, 200) and got["photo"][2] == got["photo"][3]
    assert got["location"] == pytest.approx((52.5, 13.25))


async def test_photos_and_documents(bot_server, alice):
    jpeg, text = picture(100, 80), b"words of a document\n" * 500
    await alice.client.send_message("Echo_bot", "/start")
    async with build(bot_server) as app:
        bot, to = app.bot, alice.me.id
        sent = await bot.send_photo(to, jpeg, caption="<b>red</b>", parse_mode=ParseMode.HTML, has_spoiler=True)
        assert (sent.caption, sent.caption_entities[0].type, sent.has_media_spoiler) == ("red", "bold", True)
        assert (sent.photo[-1].width, sent.photo[-1].height) == (100, 80)
        seen = await alice.hear("red")
        assert seen.photo and seen.media.spoiler and seen.file.width == 100
        # Again by its name.
        again = await bot.send_photo(to, sent.photo[-1].file_id, caption="again")
        assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
        await alice.hear("again")
        sent = await bot.send_document(to, text, filename="words.txt", caption="a file")
        assert (sent.document.file_name, sent.document.file_size, sent.document.mime_type) == (
            "words.txt", len(text), "text/plain",
        )
        seen = await alice.hear("a file")
        assert await seen.download_media(bytes) == text and seen.file.name == "words.txt"
        file = await bot.get_file(sent.document.file_id)
        assert bytes(await file.download_as_bytearray()) == text and file.file_size == len(text)
        edited = await bot.edit_message_caption(to, sent.message_id, caption="a file, renamed")
        assert edited.caption == "a file, renamed"
        await alice.hear_edit("a file, renamed")
        changed = await bot.edit_message_media(InputMediaDocument(b"other words", filename="other.txt"), to, sent.message_id)
        assert changed.document.file_name == "other.txt" and changed.caption is None
        seen = await alice.hear_edit(lambda m: m.file and m.file.name == "other.txt")
        assert await seen.download_media(bytes) == b"other words"
        album = await bot.send_media_group(to, [InputMediaPhoto(picture(), caption="album"), InputMediaPhoto(picture(80, 80))])
        assert len(album) == 2 and album[0].media_group_id == album[1].media_group_id
        first = await alice.hear("album")
        await alice.hear(lambda m: m.grouped_id == first.grouped_id and m.id == first.id + 1)
        # What the person sends comes down as it was.
        up = await alice.client.send_file("Echo_bot", io.BytesIO(text), attributes=[types.DocumentAttributeFilename("mine.txt")], force_document=True)
        update = [u for u in await bot.get_updates(timeout=10) if u.message.document]
        document = update[-1].message.document
        assert (document.file_name, document.file_size) == ("mine.txt", up.file.size)
        assert bytes(await (await document.get_file()).download_as_bytearray()) == text
        copy = await bot.copy_message(to, to, sent.message_id, caption="copied")
        assert (await alice.hear("copied")).file.name == "other.txt" and copy.message_id > sent.message_id
        assert (await bot.forward_message(to, to, again.message_id)).forward_origin.sender_user.id == bot.id


async def test_commands_and_texts(bot_server, alice):
    async with build(bot_server) as app:
        bot = app.bot
        commands = [BotCommand("start", "begin"), BotCommand("help", "how it works")]
        assert await bot.set_my_commands(commands)
        assert list(await bot.get_my_commands()) == commands
        german = [BotCommand("hilfe", "wie es geht")]
        private = BotCommandScopeAllPrivateChats()
        await bot.set_my_commands(german, scope=private, language_code="de")
        assert list(await bot.get_my_commands(private, "de")) == german
        assert list(await bot.get_my_commands(private)) == []
        full = await alice.client(functions.users.GetFullUserRequest("Echo_bot"))
        assert [(c.command, c.description) for c in full.full_user.bot_info.commands] == [
            ("start", "begin"), ("help", "how it works"),
        ]
        assert await bot.delete_my_commands() and list(await bot.get_my_commands()) == []
        assert await bot.set_my_description("What I do") and (await bot.get_my_description()).description == "What I do"
        assert await bot.set_my_short_description("short") and (await bot.get_my_short_description()).short_description == "short"
        full = await alice.client(functions.users.GetFullUserRequest("Echo_bot"))
        assert (full.full_user.about, full.full_user.bot_info.description) == ("short", "What I do")


async def test_refusals_are_understood(bot_server, alice):
    with pytest.raises(telegram.error.InvalidToken):
        await build(bot_server, "not a token").initialize()
    await alice.client.send_message("Echo_bot", "/start")
    async with build(bot_server) as app:
        bot, to = app.bot, alice.me.id
        with pytest.raises(telegram.error.BadRequest, match="Chat not found"):
            await bot.send_message(987654321, "anybody?")
        with pytest.raises(telegram.error.BadRequest, match="Message text is empty"):
            await bot.send_message(to, "")
        with pytest.raises(telegram.error.BadRequest, match="Can't parse entities"):
            await bot.send_message(to, "<b>open", parse_mode="HTML")
        sent = await bot.send_message(to, "same")
        with pytest.raises(telegram.error.BadRequest, match="Message is not modified"):
            await sent.edit_text("same")
        with pytest.raises(telegram.error.BadRequest, match="Message to be replied not found"):
            await bot.send_message(to, "to what?", reply_to_message_id=99999)
        assert await sent.delete()
        with pytest.raises(telegram.error.BadRequest, match="Message to delete not found"):
            await sent.delete()
        with pytest.raises(telegram.error.BadRequest, match="Query is too old"):
            await bot.answer_callback_query("12345")
        assert await bot.send_chat_action(to, ChatAction.TYPING)
        chat = await bot.get_chat(to)
        assert (chat.type, chat.first_name) == ("private", "Alice")
        await alice.client(functions.contacts.BlockRequest("Echo_bot"))
        with pytest.raises(telegram.error.Forbidden, match="bot was blocked by the user"):
            await bot.send_message(to, "hello?")


async def test_a_webhook(bot_server, alice):
    app = build(bot_server)
    app.add_handler(CommandHandler("start", start))
    app.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, echo))
    port = free_port()
    url = f"http://127.0.0.1:{port}/updates"
    async with app:
        await app.start()
        await app.updater.start_webhook(
            listen="127.0.0.1", port=port, url_path="updates", webhook_url=url, secret_token="a-secret_1", max_connections=3
        )
        try:
            info = await app.bot.get_webhook_info()
            assert (info.url, info.max_connections, info.pending_update_count) == (url, 3, 0)
            await alice.ask("Echo_bot", "/start", "Hi Alice!")
            for number in range(5):
                await alice.ask("Echo_bot", f"number {number}", f"number {number}")
            with pytest.raises(telegram.error.Conflict):
                await app.bot.get_updates()
            assert (await app.bot.get_webhook_info()).last_error_message is None
            # With nothing to tell, a webhook costs nothing.
            before = bot_server.cpu_s()
            await asyncio.sleep(2)
            assert bot_server.cpu_s() - before < 0.4
        finally:
            await app.updater.stop()
            await app.stop()
    # Afterwards it polls again, and nothing comes twice.
    async with build(bot_server) as app:
        assert await app.bot.delete_webhook()
        await alice.client.send_message("Echo_bot", "after the webhook")
        updates = await app.bot.get_updates(timeout=10)
        assert [u.message.text for u in updates] == ["after the webhook"]


async def test_deep_links(bot_server, alice):
    async def linked(update, context):
        await update.message.reply_text(f"linked: {context.args}", parse_mode=None)

    async with running(bot_server, CommandHandler("start", linked, filters.Regex("check"))):
        bot = await alice.client.get_input_entity("Echo_bot")
        await alice.client(functions.messages.StartBotRequest(bot=bot, peer=bot, start_param="check-this_1"))
        await alice.hear("linked: ['check-this_1']")


async def test_two_pollers_are_told(bot_server):
    async with build(bot_server) as one, build(bot_server) as two:
        waiting = asyncio.create_task(one.bot.get_updates(timeout=20))
        await asyncio.sleep(0.5)
        await two.bot.get_updates()
        with pytest.raises(telegram.error.Conflict, match="terminated by other getUpdates request"):
            await waiting


async def test_a_group_is_moderated(bot_server, phones, alice):
    """After the examples chatmemberbot and the wiki's moderation: who comes and goes, who is silenced."""
    from telegram.ext import ChatMemberHandler

    seen = []

    async def member(update, context):
        changed = update.my_chat_member or update.chat_member
        old, new = changed.old_chat_member, changed.new_chat_member
        seen.append((bool(update.my_chat_member), new.user.first_name, old.status, new.status, changed.from_user.first_name))

    async def mute(update, context):
        target = update.message.reply_to_message.from_user
        await context.bot.restrict_chat_member(update.effective_chat.id, target.id, telegram.ChatPermissions.no_permissions())
        await update.message.reply_text(f"muted {target.first_name}")

    async def admins(update, context):
        found = await update.effective_chat.get_administrators()
        await update.message.reply_text(", ".join(sorted(f"{a.user.first_name} {a.status}" for a in found)))

    handlers = [
        ChatMemberHandler(member, ChatMemberHandler.ANY_CHAT_MEMBER),
        CommandHandler("mute", mute), CommandHandler("admins", admins),
    ]
    async with person(bot_server, next(phones), "Bob") as bob, running(
        bot_server, *handlers, allowed_updates=telegram.Update.ALL_TYPES
    ) as app:
        made = await alice.client(functions.channels.CreateChannelRequest("Guarded", "", megagroup=True))
        group = made.chats[0]
        chat_id = utils.get_peer_id(types.PeerChannel(group.id))
        await alice.client(functions.channels.InviteToChannelRequest(group, ["Echo_bot"]))
        await alice.client.edit_admin(group, "Echo_bot", ban_users=True, delete_messages=True, pin_messages=True, invite_users=True)
        await alice.client(functions.channels.UpdateUsernameRequest(group, "guarded_group"))
        await bob.client(functions.channels.JoinChannelRequest("guarded_group"))
        said = await bob.client.send_message("guarded_group", "spam, spam")
        there = await alice.hear("spam, spam")
        await alice.client.send_message(group, "/admins")
        await alice.hear("Alice creator, Echo administrator")
        await alice.client.send_message(group, "/mute", reply_to=there.id)
        await alice.hear("muted Bob")
        with pytest.raises(errors.UserBannedInChannelError):
            await bob.client.send_message("guarded_group", "more spam")
        muted = await app.bot.get_chat_member(chat_id, bob.me.id)
        assert (muted.status, muted.can_send_messages, muted.is_member) == ("restricted", False, True)
        assert await app.bot.get_chat_member_count(chat_id) == 3
        chat = await app.bot.get_chat("@guarded_group")
        assert (chat.id, chat.type, chat.title) == (chat_id, "supergroup", "Guarded")
        assert await app.bot.delete_message(chat_id, there.id)
        assert await app.bot.pin_chat_message(chat_id, (await alice.hear("muted Bob")).id)
        assert (await app.bot.get_chat_member(chat_id, alice.me.id)).status == "creator"
        assert await app.bot.ban_chat_member(chat_id, bob.me.id)
        assert (await app.bot.get_chat_member(chat_id, bob.me.id)).status == "kicked"
        with pytest.raises((errors.ChannelPrivateError, errors.UserBannedInChannelError)):
            await bob.client.send_message("guarded_group", "still here")
        assert await app.bot.unban_chat_member(chat_id, bob.me.id)
        assert (await app.bot.get_chat_member(chat_id, bob.me.id)).status == "left"
        mine = await app.bot.get_chat_member(chat_id, app.bot.id)
        assert (mine.status, mine.can_restrict_members, mine.can_promote_members) == ("administrator", True, False)
        assert said.id == there.id
    assert seen == [
        (True, "Echo", "left", "member", "Alice"),
        (True, "Echo", "member", "administrator", "Alice"),
        (False, "Bob", "left", "member", "Bob"),
        (False, "Bob", "member", "restricted", "Echo"),
        (False, "Bob", "restricted", "kicked", "Echo"),
        (False, "Bob", "kicked", "left", "Echo"),
    ]


async def test_an_inline_bot(bot_server, alice, phones):
    """After the example inlinebot; what was chosen is told, and edited from afar."""
    from telegram import InlineQueryResultArticle, InlineQueryResultCachedPhoto, InlineQueryResultLocation, InputTextMessageContent
    from telegram.ext import ChosenInlineResultHandler, InlineQueryHandler

    asked, chosen = [], []
    picture_id = None

    async def query(update, context):
        words = update.inline_query.query
        asked.append((words, update.inline_query.chat_type, update.inline_query.offset))
        if not words:
            return
        more = InlineKeyboardMarkup([[InlineKeyboardButton("more", callback_data="more")]])
        results = [
            InlineQueryResultArticle("caps", "Caps", InputTextMessageContent(words.upper()), description="loud"),
            InlineQueryResultArticle(
                "bold", "Bold", InputTextMessageContent(f"<b>{words}</b>", parse_mode=ParseMode.HTML), reply_markup=more
            ),
            InlineQueryResultCachedPhoto("photo", picture_id, caption="from afar"),
            InlineQueryResultLocation("place", 1.5, 2.5, "Somewhere"),
        ]
        await update.inline_query.answer(results, cache_time=30, next_offset="2")

    async def choose(update, context):
        result = update.chosen_inline_result
        chosen.append((result.result_id, result.query, result.from_user.id, bool(result.inline_message_id)))
        if result.inline_message_id:
            assert await context.bot.edit_message_text("edited from afar", inline_message_id=result.inline_message_id, reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("again", callback_data="again")]]))

    async def pressed(update, context):
        query = update.callback_query
        assert query.message is None and query.inline_message_id
        await query.answer(f"pressed {query.data}")
        await query.edit_message_text("pressed")

    handlers = [InlineQueryHandler(query), ChosenInlineResultHandler(choose), CallbackQueryHandler(pressed)]
    async with person(bot_server, next(phones), "Bob") as bob, running(bot_server, *handlers) as app:
        assert app.bot.supports_inline_queries
        await alice.client.send_message("Echo_bot", "/start")
        sent = await app.bot.send_photo(alice.me.id, picture(90, 90))
        picture_id = sent.photo[-1].file_id
        made = await alice.client(functions.channels.CreateChannelRequest("Talk", "", megagroup=True))
        group = made.chats[0]
        await alice.client(functions.channels.UpdateUsernameRequest(group, "talking_group"))
        await bob.client(functions.channels.JoinChannelRequest("talking_group"))
        results = await alice.client.inline_query("Echo_bot", "quiet", entity=group)
        assert [(r.type, r.title, r.description) for r in results] == [
            ("article", "Caps", "loud"), ("article", "Bold", None), ("photo", None, None), ("geo", "Somewhere", None),
        ]
        await results[0].click(group)
        heard = await bob.hear("QUIET")
        assert heard.via_bot_id == app.bot.id and heard.sender_id == alice.me.id
        await results[2].click(group)
        heard = await bob.hear("from afar")
        assert heard.photo and heard.via_bot_id == app.bot.id
        await results[3].click(group)
        assert (await bob.hear(lambda m: m.geo)).geo.lat == pytest.approx(1.5)
        await results[1].click(group)
        edited = await bob.hear_edit("edited from afar")
        assert data_of(edited) == [[("again", b"again")]]
        assert (await edited.click(data=b"again")).message == "pressed again"
        await bob.hear_edit("pressed")
        # Whoever asks the same is answered by the server.
        again = await bob.client.inline_query("Echo_bot", "quiet", entity="talking_group")
        assert [r.title for r in again] == ["Caps", "Bold", None, "Somewhere"]
    assert asked == [("quiet", "supergroup", "")]
    assert chosen == [(name, "quiet", alice.me.id, name == "bold") for name in ("caps", "photo", "place", "bold")]


async def test_nothing_is_lost_or_told_twice(start_server, phones, tmp_path):
    """A bot goes from polling to a webhook and back while the server is killed in between (B-204 … B-230)."""
    server = start_server(data=tmp_path / "data", args=["--bot", "Echo"])
    told = []
    app = build(server)

    async def keep(update, context):
        told.append(update.message.text)

    app.add_handler(MessageHandler(filters.TEXT, keep))
    number = iter(range(100))

    async def write(client, count):
        for _ in range(count):
            await client.send_message("Echo_bot", f"message {next(number)}")

    async def wait(count):
        async with asyncio.timeout(30):
            while len(told) < count:
                await asyncio.sleep(0.05)

    def again():
        server.kill()
        server.start()

    async with person(server, next(phones)) as alice, app:
        await app.bot.get_me()
        await write(alice.client, 3)
        # What was taken and not confirmed comes again, what was confirmed does not.
        taken = await app.bot.get_updates(timeout=10)
        assert [u.message.text for u in taken] == ["message 0", "message 1", "message 2"]
        again()
        taken = await app.bot.get_updates(offset=taken[0].update_id + 1, timeout=10)
        assert [u.message.text for u in taken] == ["message 1", "message 2"]
        again()
        await write(alice.client, 2)
        await app.start()
        port = free_port()
        url = f"http://127.0.0.1:{port}/hook"
        await app.updater.start_webhook(listen="127.0.0.1", port=port, url_path="hook", webhook_url=url)
        await wait(4)
        again()
        await write(alice.client, 3)
        await wait(7)
        assert (await app.bot.get_webhook_info()).url == url
        await app.updater.stop()
        # Nobody listens any more: the server keeps what it could not deliver.
        await write(alice.client, 2)
        again()
        await app.updater.start_polling(poll_interval=0)
        await wait(9)
        await write(alice.client, 1)
        await wait(10)
        await app.updater.stop()
        await app.stop()
        assert told == [f"message {n}" for n in range(1, 11)]
        assert await app.bot.get_updates() == ()
