"""aiogram, with programs after its first examples; a person with Telethon is at the other end."""

import asyncio
import contextlib
import io

import pytest
from aiogram import Bot, Dispatcher, F, Router, html
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatMemberStatus, ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramUnauthorizedError
from aiogram.filters import JOIN_TRANSITION, LEAVE_TRANSITION, ChatMemberUpdatedFilter, Command, CommandObject, CommandStart
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BufferedInputFile,
    CallbackQuery,
    ChatJoinRequest,
    ChatMemberUpdated,
    InputMediaPhoto,
    KeyboardButton,
    Message,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from aiogram.utils.deep_linking import create_start_link
from aiogram.utils.keyboard import InlineKeyboardBuilder
from aiogram.utils.media_group import MediaGroupBuilder
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
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


@pytest.fixture
async def bot(bot_server):
    bot = make_bot(bot_server)
    yield bot
    await bot.session.close()


def make_bot(server, token=None):
    session = AiohttpSession(api=TelegramAPIServer.from_base(server.url))
    token = token or server.bots[0]["token"]
    return Bot(token, session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML))


@contextlib.asynccontextmanager
async def polling(bot, *routers):
    dispatcher = Dispatcher()
    dispatcher.include_routers(*routers)
    failures = []

    @dispatcher.errors()
    async def note(event):
        failures.append(event.exception)

    running = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False, polling_timeout=5)
    )
    try:
        yield dispatcher
    finally:
        await dispatcher.stop_polling()
        await running
    assert failures == []


def echo_router():
    router = Router()

    @router.message(CommandStart())
    async def start(message: Message):
        await message.answer(f"Hello, {html.bold(message.from_user.full_name)}!")

    @router.message()
    async def echo(message: Message):
        try:
            await message.send_copy(chat_id=message.chat.id)
        except TypeError:
            await message.answer("Nice try!")

    return router


async def test_an_echo_bot_copies(bot, alice):
    async with polling(bot, echo_router()):
        hello, _ = await alice.ask("Echo_bot", "/start", "Hello, Alice!")
        assert [(type(e), e.offset, e.length) for e in hello.entities] == [(types.MessageEntityBold, 7, 5)]
        copied, _ = await alice.ask("Echo_bot", "plain **bold** `code`", "plain bold code")
        assert [type(e) for e in copied.entities] == [types.MessageEntityBold, types.MessageEntityCode]
        image = io.BytesIO(picture(120, 90))
        image.name = "photo.jpg"
        sent = await alice.client.send_file("Echo_bot", image, caption="a picture")
        back = await alice.hear("a picture")
        assert back.photo and back.photo.id == sent.photo.id and back.fwd_from is None
        note = io.BytesIO(b"some words")
        note.name = "note.txt"
        await alice.client.send_file("Echo_bot", note)
        back = await alice.hear(lambda m: m.document)
        assert back.file.name == "note.txt" and await back.download_media(bytes) == b"some words"
        dice = await alice.client.send_file("Echo_bot", types.InputMediaDice("🎲"))
        rolled = await alice.hear(lambda m: m.dice)
        assert dice.dice.emoticon == rolled.dice.emoticon and 1 <= rolled.dice.value <= 6
        contact = types.InputMediaContact("+15550100", "Carol", "Jones", "")
        await alice.client.send_file("Echo_bot", contact)
        assert (await alice.hear(lambda m: m.contact)).contact.phone_number == "+15550100"


class Form(StatesGroup):
    name = State()
    like_bots = State()
    language = State()


async def test_a_form_is_filled_in(bot, alice):
    form = Router()

    @form.message(CommandStart())
    async def begin(message: Message, state: FSMContext):
        await state.set_state(Form.name)
        await message.answer("Hi there! What's your name?", reply_markup=ReplyKeyboardRemove())

    @form.message(Command("cancel"))
    @form.message(F.text.casefold() == "cancel")
    async def cancel(message: Message, state: FSMContext):
        if await state.get_state() is None:
            return
        await state.clear()
        await message.answer("Cancelled.", reply_markup=ReplyKeyboardRemove())

    @form.message(Form.name)
    async def name(message: Message, state: FSMContext):
        await state.update_data(name=message.text)
        await state.set_state(Form.like_bots)
        keyboard = [[KeyboardButton(text="Yes"), KeyboardButton(text="No")]]
        await message.answer(
            f"Nice to meet you, {html.quote(message.text)}!\nDo you like bots?",
            reply_markup=ReplyKeyboardMarkup(keyboard=keyboard, resize_keyboard=True),
        )

    @form.message(Form.like_bots, F.text.casefold() == "yes")
    async def yes(message: Message, state: FSMContext):
        await state.set_state(Form.language)
        await message.reply("Cool! Which language?", reply_markup=ReplyKeyboardRemove())

    @form.message(Form.language)
    async def language(message: Message, state: FSMContext):
        data = await state.update_data(language=message.text)
        await state.clear()
        await message.answer(f"{html.quote(data['name'])} writes {data['language']}")

    async with polling(bot, form):
        await alice.ask("Echo_bot", "/start", "Hi there! What's your name?")
        asked, _ = await alice.ask("Echo_bot", "Al <3", "Nice to meet you, Al <3!\nDo you like bots?")
        assert asked.reply_markup.resize and [b.text for b in asked.reply_markup.rows[0].buttons] == ["Yes", "No"]
        reply, sent = await alice.ask("Echo_bot", "Yes", "Cool! Which language?")
        assert reply.reply_to.reply_to_msg_id == sent.id
        await alice.ask("Echo_bot", "Rust", "Al <3 writes Rust")
        await alice.ask("Echo_bot", "/start", "Hi there! What's your name?")
        await alice.ask("Echo_bot", "/cancel", "Cancelled.")


class Count(CallbackData, prefix="count"):
    value: int


async def test_buttons_count(bot, alice):
    router = Router()

    def keyboard(value):
        builder = InlineKeyboardBuilder()
        builder.button(text="-1", callback_data=Count(value=value - 1))
        builder.button(text="+1", callback_data=Count(value=value + 1))
        builder.button(text="Site", url="https://example.org/")
        builder.adjust(2)
        return builder.as_markup()

    @router.message(Command("numbers"))
    async def numbers(message: Message):
        await message.answer("Number: 0", reply_markup=keyboard(0))

    @router.callback_query(Count.filter())
    async def count(query: CallbackQuery, callback_data: Count):
        with contextlib.suppress(TelegramBadRequest):
            await query.message.edit_text(
                f"Number: {callback_data.value}", reply_markup=keyboard(callback_data.value)
            )
        await query.answer(f"now {callback_data.value}")

    @router.callback_query()
    async def other(query: CallbackQuery):
        await query.answer("?")

    async with polling(bot, router):
        message, _ = await alice.ask("Echo_bot", "/numbers", "Number: 0")
        assert data_of(message) == [[("-1", b"count:-1"), ("+1", b"count:1")], [("Site", None)]]
        assert (await message.click(data=b"count:1")).message == "now 1"
        changed = await alice.hear_edit("Number: 1")
        assert data_of(changed)[0] == [("-1", b"count:0"), ("+1", b"count:2")]
        assert (await changed.click(data=b"count:2")).message == "now 2"
        await alice.hear_edit("Number: 2")
        # A button that is gone does nothing.
        with pytest.raises(errors.BadRequestError):
            await alice.client(functions.messages.GetBotCallbackAnswerRequest("Echo_bot", message.id, data=b"nonsense"))


async def test_files_go_up_and_down(bot, alice):
    to = alice.me.id
    await alice.client.send_message("Echo_bot", "/start")
    assert await bot.get_updates(timeout=10)
    jpeg, words = picture(200, 100), b"words " * 2000
    photo = await bot.send_photo(to, BufferedInputFile(jpeg, "p.jpg"), caption="<i>one</i>")
    assert (photo.photo[-1].width, photo.photo[-1].height, photo.caption_entities[0].type) == (200, 100, "italic")
    document = await bot.send_document(to, BufferedInputFile(words, "w.txt"), caption="two")
    assert (document.document.file_name, document.document.file_size) == ("w.txt", len(words))
    assert (await bot.download(document.document)).read() == words
    seen = await alice.hear("two")
    assert await seen.download_media(bytes) == words
    group = MediaGroupBuilder(caption="album")
    group.add_photo(BufferedInputFile(jpeg, "1.jpg"))
    group.add_photo(photo.photo[-1].file_id)
    album = await bot.send_media_group(to, group.build())
    assert [bool(m.photo) for m in album] == [True, True] and album[0].media_group_id
    changed = await bot.edit_message_media(
        InputMediaPhoto(media=BufferedInputFile(picture(50, 50), "new.jpg"), caption="new"), chat_id=to, message_id=photo.message_id
    )
    assert changed.caption == "new" and changed.photo[-1].width == 50
    voice = await bot.send_voice(to, BufferedInputFile(b"OggS" + bytes(500), "v.ogg"), duration=3)
    assert voice.voice.duration == 3 and voice.voice.mime_type == "audio/ogg"
    heard = await alice.hear(lambda m: m.voice)
    assert heard.file.duration == 3
    sticker = await bot.send_sticker(to, BufferedInputFile(picture(512, 300, kind="WEBP"), "s.webp"), emoji="🦆")
    assert (sticker.sticker.width, sticker.sticker.height, sticker.sticker.emoji) == (512, 300, "🦆")
    assert (await alice.hear(lambda m: m.sticker)).file.emoji == "🦆"
    again = await bot.send_sticker(to, sticker.sticker.file_id)
    assert again.sticker.file_unique_id == sticker.sticker.file_unique_id
    location = await bot.send_location(to, 1.5, 2.5)
    assert (location.location.latitude, location.location.longitude) == pytest.approx((1.5, 2.5))
    venue = await bot.send_venue(to, 1.5, 2.5, "Place", "Street 1")
    assert (venue.venue.title, venue.venue.address) == ("Place", "Street 1")
    photos = await alice.client.upload_file(picture(300, 300), file_name="me.jpg")
    await alice.client(functions.photos.UploadProfilePhotoRequest(file=photos))
    found = await bot.get_user_profile_photos(to)
    assert found.total_count == 1 and (await bot.download(found.photos[0][-1])).read()[:2] == b"\xff\xd8"


async def test_a_webhook_and_answers_in_it(bot_server, bot, alice):
    dispatcher = Dispatcher()
    router = Router()

    @router.message(CommandStart())
    async def start(message: Message):
        await message.answer("sent as a call")

    @router.message()
    async def echo(message: Message):
        # What a handler returns is the body of the answer to the webhook.
        return message.answer(f"in the answer: {message.text}")

    dispatcher.include_router(router)
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False, secret_token="s3cret").register(app, path="/hook")
    setup_application(app, dispatcher, bot=bot)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    url = f"http://127.0.0.1:{port}/hook"
    try:
        assert await bot.set_webhook(url, secret_token="s3cret", drop_pending_updates=True)
        await alice.ask("Echo_bot", "/start", "sent as a call")
        await alice.ask("Echo_bot", "quack", "in the answer: quack")
        # With another secret the bot refuses, and the server says so.
        await bot.set_webhook(url, secret_token="other")
        await alice.client.send_message("Echo_bot", "lost?")
        async with asyncio.timeout(15):
            while not (info := await bot.get_webhook_info()).last_error_message:
                await asyncio.sleep(0.1)
        assert "401" in info.last_error_message and info.pending_update_count == 1
        await bot.set_webhook(url, secret_token="s3cret")
        await alice.hear("in the answer: lost?", timeout=30)
        assert await bot.delete_webhook()
        assert (await bot.get_webhook_info()).url == ""
    finally:
        await runner.cleanup()
        bot.session._session = None
    # The application closed the bot's session with itself; another one goes on.
    other = make_bot(bot_server)
    await alice.client.send_message("Echo_bot", "polled again")
    updates = await other.get_updates(timeout=10)
    assert [u.message.text for u in updates] == ["polled again"]
    await other.session.close()


async def test_a_basic_group_with_privacy(bot_server, bot, alice, phones):
    """B-032 … B-038 in a basic group: what is not meant for a bot does not reach it, unless it administers."""
    router, seen, changes = Router(), [], []

    @router.my_chat_member()
    async def me(event: ChatMemberUpdated):
        changes.append((event.chat.type, event.chat.title, event.old_chat_member.status, event.new_chat_member.status))

    @router.message(Command("where"))
    async def where(message: Message, command: CommandObject):
        seen.append(message.text)
        await message.reply(f"{message.chat.title}: {command.args}")

    @router.message()
    async def rest(message: Message):
        seen.append(message.text or message.content_type)
        if message.text:
            await message.answer(f"heard {message.text}")

    async with polling(bot, router), person(bot_server, next(phones), "Bob") as bob:
        await alice.client.send_message("Echo_bot", "hi")
        await alice.hear("heard hi")
        made = await alice.client(functions.messages.CreateChatRequest(users=["Echo_bot"], title="Den"))
        group = getattr(made, "updates", made).chats[0]
        place = types.PeerChat(group.id)
        await alice.client.send_message(place, "not for bots")
        answer, _ = await alice.ask(place, "/where now", "Den: now")
        await alice.client.send_message(place, "@Echo_bot is mentioned")
        reply = await alice.client.send_message(place, "an answer", reply_to=answer.id)
        await alice.hear("heard an answer")
        assert seen == ["hi", "group_chat_created", "/where now", "an answer"]
        await alice.client.edit_admin(place, "Echo_bot", is_admin=True)
        await alice.ask(place, "everything now", "heard everything now")
        chat = await bot.get_chat(-group.id)
        assert (chat.type, chat.title, chat.permissions.can_send_messages) == ("group", "Den", True)
        members = await bot.get_chat_administrators(-group.id)
        assert {(m.user.first_name, m.status) for m in members} == {("Alice", "creator"), ("Echo", "administrator")}
        assert await bot.get_chat_member_count(-group.id) == 2
        assert await bot.set_chat_title(-group.id, "Lair") and (await bot.get_chat(-group.id)).title == "Lair"
        await alice.client.kick_participant(place, "Echo_bot")
        with pytest.raises((TelegramForbiddenError, TelegramBadRequest)):
            await bot.send_message(-group.id, "still here?")
        assert reply.id > answer.id and bob.me.id != alice.me.id
        async with asyncio.timeout(10):
            while len(changes) < 3:
                await asyncio.sleep(0.05)
    assert changes == [
        ("group", "Den", "left", "member"), ("group", "Den", "member", "administrator"),
        ("group", "Lair", "administrator", "left"),
    ]


async def test_a_supergroup_is_moderated(bot_server, bot, alice, phones):
    router, seen = Router(), []

    @router.chat_member(ChatMemberUpdatedFilter(JOIN_TRANSITION))
    async def joined(event: ChatMemberUpdated):
        seen.append(("joined", event.new_chat_member.user.first_name))
        await event.answer(f"welcome {event.new_chat_member.user.first_name}")

    @router.chat_member(ChatMemberUpdatedFilter(LEAVE_TRANSITION))
    async def left(event: ChatMemberUpdated):
        seen.append(("left", event.new_chat_member.user.first_name))

    @router.message(F.text.contains("spam"))
    async def spam(message: Message):
        await message.delete()
        await message.chat.ban(message.from_user.id)
        await message.answer("order")

    async with polling(bot, router), person(bot_server, next(phones), "Bob") as bob:
        made = await alice.client(functions.channels.CreateChannelRequest("Hall", "", megagroup=True))
        group = made.chats[0]
        chat = utils.get_peer_id(types.PeerChannel(group.id))
        await alice.client.edit_admin(group, "Echo_bot", is_admin=True)
        await alice.client(functions.channels.UpdateUsernameRequest(group, "great_hall"))
        await bob.client(functions.channels.JoinChannelRequest("great_hall"))
        await alice.hear("welcome Bob")
        assert await bot.promote_chat_member(chat, bob.me.id, can_pin_messages=True, can_invite_users=True)
        member = await bot.get_chat_member(chat, bob.me.id)
        assert (member.status, member.can_pin_messages, member.can_delete_messages, member.can_be_edited) == (
            ChatMemberStatus.ADMINISTRATOR, True, False, True,
        )
        assert await bot.set_chat_administrator_custom_title(chat, bob.me.id, "Guard")
        assert (await bot.get_chat_member(chat, bob.me.id)).custom_title == "Guard"
        assert await bot.promote_chat_member(chat, bob.me.id)
        assert (await bot.get_chat_member(chat, bob.me.id)).status == ChatMemberStatus.MEMBER
        assert await bot.set_chat_description(chat, "A great hall")
        assert (await bot.get_chat(chat)).description == "A great hall"
        assert await bot.set_chat_photo(chat, BufferedInputFile(picture(200, 200), "hall.jpg"))
        shown = (await bot.get_chat(chat)).photo
        assert (await bot.download(shown.big_file_id)).read()[:2] == b"\xff\xd8"
        await bob.client.send_message("great_hall", "buy spam")
        await alice.hear("order")
        assert (await bot.get_chat_member(chat, bob.me.id)).status == ChatMemberStatus.KICKED
        left = [m.raw_text async for m in alice.client.iter_messages(group)]
        assert "buy spam" not in left and "order" in left
        with pytest.raises(TelegramBadRequest, match="user is an administrator of the chat|USER_ADMIN_INVALID"):
            await bot.ban_chat_member(chat, alice.me.id)
        assert await bot.leave_chat(chat)
        with pytest.raises(TelegramForbiddenError):
            await bot.send_message(chat, "gone")
    assert seen == [("joined", "Bob"), ("left", "Bob")]


async def test_commands_for_groups_and_links(bot, alice):
    assert await bot.set_my_commands([BotCommand(command="rules", description="the rules")], BotCommandScopeAllGroupChats())
    assert [c.command for c in await bot.get_my_commands(BotCommandScopeAllGroupChats())] == ["rules"]
    assert await bot.get_my_commands() == []
    link = await create_start_link(bot, "a-payload")
    assert link == "https://t.me/Echo_bot?start=a-payload"
    assert await bot.set_my_name("Parrot") and (await bot.get_my_name()).name == "Parrot"
    assert (await bot.get_me()).first_name == "Parrot"
    assert (await alice.client.get_entity("Echo_bot")).first_name == "Parrot"


async def test_refusals_have_their_types(bot_server, bot, alice):
    stranger = make_bot(bot_server, f"{bot.id}:AAwrongwrongwrongwrongwrongwrongwrong")
    with pytest.raises(TelegramUnauthorizedError):
        await stranger.get_me()
    await stranger.session.close()
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(424242, "hi")
    await alice.client.send_message("Echo_bot", "/start")
    await alice.client(functions.contacts.BlockRequest("Echo_bot"))
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(alice.me.id, "hi")
    updates = await bot.get_updates(timeout=5, allowed_updates=["my_chat_member", "message"])
    changed = [u.my_chat_member for u in updates if u.my_chat_member]
    if not changed:
        changed = [u.my_chat_member for u in await bot.get_updates(updates[-1].update_id + 1, timeout=5)]
    assert [(c.chat.id, c.old_chat_member.status, c.new_chat_member.status) for c in changed] == [
        (alice.me.id, "member", "kicked")
    ]


async def test_inline_pictures_by_their_addresses(bot_server, bot, alice):
    """B-107: files of the web are fetched; one that cannot be had is shown and not sent."""
    from aiogram.types import InlineQuery, InlineQueryResultPhoto, InputTextMessageContent

    async def image(request):
        return web.Response(body=picture(64, 32), content_type="image/jpeg")

    app = web.Application()
    app.router.add_get("/there.jpg", image)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    router = Router()

    @router.inline_query()
    async def asked(query: InlineQuery):
        def shown(number, name, **kwargs):
            url = f"http://127.0.0.1:{port}/{name}"
            return InlineQueryResultPhoto(id=number, photo_url=url, thumbnail_url=url, title=name, **kwargs)

        await query.answer([
            shown("1", "there.jpg", caption="<b>fetched</b>"), shown("2", "gone.jpg"),
            shown("3", "gone.jpg", input_message_content=InputTextMessageContent(message_text="words instead")),
        ], is_personal=True, cache_time=0)

    # What is asked before a bot's first call reaches nobody.
    await bot.get_me()
    try:
        async with polling(bot, router):
            results = await alice.client.inline_query("Echo_bot", "pictures")
            assert [r.type for r in results] == ["photo", "photo", "photo"] and results.result.gallery
            sent = await results[0].click("me")
            assert sent.photo and (sent.file.width, sent.file.height) == (64, 32) and sent.raw_text == "fetched"
            with pytest.raises(errors.WebpageCurlFailedError):
                await results[1].click("me")
            assert (await results[2].click("me")).raw_text == "words instead"
    finally:
        await runner.cleanup()


async def test_a_draft_grows(bot, alice):
    """B-280: what a bot is about to say is shown while it grows."""
    drafts = []
    alice.client.add_event_handler(lambda update: _keep(update, drafts))
    await alice.client.send_message("Echo_bot", "/start")
    for text in ("Thin", "Thinking", "Thinking <b>hard</b>"):
        assert await bot.send_message_draft(alice.me.id, draft_id=7, text=text)
    await bot.send_message(alice.me.id, "Thought.")
    await alice.hear("Thought.")
    assert [(d.random_id, d.text.text) for d in drafts] == [(7, "Thin"), (7, "Thinking"), (7, "Thinking hard")]
    assert [type(e) for e in drafts[-1].text.entities] == [types.MessageEntityBold]


async def _keep(update, drafts):
    action = getattr(update, "action", None)
    if isinstance(update, types.UpdateUserTyping) and isinstance(action, types.SendMessageTextDraftAction):
        drafts.append(action)


async def test_a_porter_a_poll_and_a_reaction(bot_server, bot, alice, phones):
    # B-290, G-192, G-348, G-362
    router = Router()

    @router.chat_join_request()
    async def asked(request: ChatJoinRequest):
        assert request.invite_link.creates_join_request and request.from_user.first_name == "Bob"
        await request.approve()

    @router.message(F.text.contains("thanks"))
    async def thanked(message: Message):
        await message.react([ReactionTypeEmoji(emoji="❤")])

    async with polling(bot, router), person(bot_server, next(phones), "Bob") as bob:
        made = await alice.client(functions.channels.CreateChannelRequest("Club", "", megagroup=True))
        group = made.chats[0]
        chat = utils.get_peer_id(types.PeerChannel(group.id))
        await alice.client.edit_admin(group, "Echo_bot", is_admin=True)
        link = await bot.create_chat_invite_link(chat, name="door", creates_join_request=True)
        assert (link.name, link.is_primary, link.is_revoked, link.creator.id) == ("door", False, False, bot.id)
        with pytest.raises(errors.InviteRequestSentError):
            await bob.client(functions.messages.ImportChatInviteRequest(link.invite_link.rsplit("+", 1)[1]))
        async with asyncio.timeout(20):
            while (await bot.get_chat_member(chat, bob.me.id)).status != ChatMemberStatus.MEMBER:
                await asyncio.sleep(0.1)
        assert (await bot.revoke_chat_invite_link(chat, link.invite_link)).is_revoked
        main = await bot.export_chat_invite_link(chat)
        assert main.startswith("https://t.me/+") and main != link.invite_link

        sent = await bot.send_poll(chat, "Tea or coffee?", ["tea", "coffee"], is_anonymous=False)
        assert [(o.text, o.voter_count) for o in sent.poll.options] == [("tea", 0), ("coffee", 0)]
        dialogs = await bob.client.get_dialogs()
        there = next(d.entity for d in dialogs if d.entity.id == group.id)
        poll = (await bob.client.get_messages(there, ids=sent.message_id)).poll
        await bob.client(functions.messages.SendVoteRequest(there, sent.message_id, [poll.poll.answers[1].option]))
        over = await bot.stop_poll(chat, sent.message_id)
        assert over.is_closed and over.total_voter_count == 1 and over.options[1].voter_count == 1
        with pytest.raises(TelegramBadRequest, match="poll has already been closed"):
            await bot.stop_poll(chat, sent.message_id)
        quiz = await bot.send_poll(chat, "2 + 2?", ["3", "4"], type="quiz", correct_option_id=1, explanation="It is four.")
        assert (quiz.poll.type, quiz.poll.correct_option_id, quiz.poll.explanation) == ("quiz", 1, "It is four.")
        with pytest.raises(TelegramBadRequest, match="QUIZ_CORRECT_ANSWERS_EMPTY"):
            await bot.send_poll(chat, "?", ["a", "b"], type="quiz")

        said = await bob.client.send_message(there, "thanks, bot", reply_to=sent.message_id)
        async with asyncio.timeout(20):
            while not (found := (await bob.client.get_messages(there, ids=said.id)).reactions):
                await asyncio.sleep(0.1)
        assert [(r.reaction.emoticon, r.count) for r in found.results] == [("❤", 1)]


async def test_votes_and_reactions_are_told(bot_server, bot, alice, phones):
    # B-231 ... B-233
    router, told = Router(), asyncio.Queue()

    @router.poll_answer()
    async def voted(answer):
        await told.put(("answer", answer.user.first_name, answer.option_ids))

    @router.poll()
    async def counted(poll):
        await told.put(("poll", poll.total_voter_count, poll.is_closed))

    @router.message_reaction()
    async def reacted(event):
        new = [r.emoji for r in event.new_reaction]
        await told.put(("reaction", event.user.first_name, [r.emoji for r in event.old_reaction], new))

    @router.message_reaction_count()
    async def summed(event):
        await told.put(("counts", [(r.type.emoji, r.total_count) for r in event.reactions]))

    async def next_of(*kinds):
        async with asyncio.timeout(20):
            while (event := await told.get())[0] not in kinds:
                pass
            return event

    async with polling(bot, router):
        made = await alice.client(functions.channels.CreateChannelRequest("Club", "", megagroup=True))
        group = made.chats[0]
        chat = utils.get_peer_id(types.PeerChannel(group.id))
        await alice.client.edit_admin(group, "Echo_bot", is_admin=True)
        sent = await bot.send_poll(chat, "Tea or coffee?", ["tea", "coffee"], is_anonymous=False)
        poll = (await alice.client.get_messages(group, ids=sent.message_id)).poll
        vote = functions.messages.SendVoteRequest
        await alice.client(vote(group, sent.message_id, [poll.poll.answers[1].option]))
        assert await next_of("answer") == ("answer", "Alice", [1])
        assert await next_of("poll") == ("poll", 1, False)
        await alice.client(vote(group, sent.message_id, []))
        assert await next_of("answer") == ("answer", "Alice", [])
        await bot.stop_poll(chat, sent.message_id)
        assert await next_of("poll") == ("poll", 0, False) or await next_of("poll") == ("poll", 0, True)

        react = functions.messages.SendReactionRequest
        await alice.client(react(group, sent.message_id, reaction=[types.ReactionEmoji("👍")]))
        assert await next_of("reaction") == ("reaction", "Alice", [], ["👍"])
        await alice.client(react(group, sent.message_id, reaction=[types.ReactionEmoji("❤")]))
        assert await next_of("reaction") == ("reaction", "Alice", ["👍"], ["❤"])

        made = await alice.client(functions.channels.CreateChannelRequest("News", "", broadcast=True))
        news = made.chats[0]
        await alice.client.edit_admin(news, "Echo_bot", is_admin=True, post_messages=True)
        post = await bot.send_message(utils.get_peer_id(types.PeerChannel(news.id)), "a post")
        await alice.client(react(news, post.message_id, reaction=[types.ReactionEmoji("🔥")]))
        assert await next_of("counts") == ("counts", [("🔥", 1)])


async def test_a_forum_has_topics(bot_server, bot, alice):
    # B-046, G-260 ... G-270
    router = Router()

    @router.message(F.text == "where am I?")
    async def where(message: Message):
        assert message.is_topic_message
        await message.answer(f"in {message.message_thread_id}")

    async with polling(bot, router):
        made = await alice.client(functions.channels.CreateChannelRequest("Forum", "", megagroup=True, forum=True))
        group = made.chats[0]
        chat = utils.get_peer_id(types.PeerChannel(group.id))
        rights = types.ChatAdminRights(manage_topics=True, pin_messages=True, delete_messages=True)
        await alice.client(functions.channels.EditAdminRequest(group, "Echo_bot", rights, ""))
        assert (await bot.get_chat(chat)).is_forum
        topic = await bot.create_forum_topic(chat, "News", icon_color=0x6FB9F0)
        assert (topic.name, topic.icon_color) == ("News", 0x6FB9F0)
        sent = await bot.send_message(chat, "hello", message_thread_id=topic.message_thread_id)
        assert (sent.message_thread_id, sent.is_topic_message) == (topic.message_thread_id, True)
        assert sent.reply_to_message.forum_topic_created.name == "News"
        answer, _ = await alice.ask(group, "where am I?", f"in {topic.message_thread_id}", reply_to=topic.message_thread_id)
        assert answer.reply_to.forum_topic and answer.reply_to.reply_to_msg_id == topic.message_thread_id
        assert await bot.edit_forum_topic(chat, topic.message_thread_id, name="Old news")
        assert await bot.close_forum_topic(chat, topic.message_thread_id)
        assert await bot.reopen_forum_topic(chat, topic.message_thread_id)
        assert await bot.pin_chat_message(chat, sent.message_id)
        assert await bot.unpin_all_forum_topic_messages(chat, topic.message_thread_id)
        for call in (bot.close_general_forum_topic, bot.reopen_general_forum_topic, bot.hide_general_forum_topic,
                     bot.unhide_general_forum_topic, bot.unpin_all_general_forum_topic_messages):
            assert await call(chat)
        assert await bot.edit_general_forum_topic(chat, "Lobby")
        assert await bot.get_forum_topic_icon_stickers() == []
        found = await alice.client(functions.messages.GetForumTopicsRequest(group, None, 0, 0, 10))
        assert {t.title for t in found.topics} == {"Old news", "Lobby"}
        assert await bot.delete_forum_topic(chat, topic.message_thread_id)
        with pytest.raises(TelegramBadRequest, match="TOPIC_DELETED|message thread not found"):
            await bot.send_message(chat, "gone", message_thread_id=topic.message_thread_id)
