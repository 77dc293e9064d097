"""aiogram: places that move, and people who write as their channel; Telethon is at the other end."""

import pytest
from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Message
from telethon import errors, functions, types, utils

from bots_judge import person
from test_aiogram import alice, bot, bot_server, polling  # noqa: F401


async def test_a_place_moves_and_ends(bot, alice):
    await alice.client.send_message("Echo_bot", "/start")
    to = alice.me.id
    sent = await bot.send_location(to, 1.5, 2.5, live_period=600, heading=90)
    assert (sent.location.live_period, sent.location.heading) == (600, 90)
    seen = (await alice.hear(lambda m: isinstance(m.media, types.MessageMediaGeoLive))).media
    assert (seen.period, seen.heading, seen.geo.lat) == (600, 90, pytest.approx(1.5))
    moved = await bot.edit_message_live_location(1.6, 2.6, chat_id=to, message_id=sent.message_id)
    assert moved.location.latitude == pytest.approx(1.6) and moved.location.live_period == 600
    edit = await alice.hear_edit(lambda m: isinstance(m.media, types.MessageMediaGeoLive))
    assert (edit.media.geo.lat, edit.media.heading) == (pytest.approx(1.6), None)
    ended = await bot.stop_message_live_location(chat_id=to, message_id=sent.message_id)
    assert ended.location.live_period < 600
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_live_location(1.7, 2.7, chat_id=to, message_id=sent.message_id)
    still = await bot.send_location(to, 1.5, 2.5)
    assert still.location.live_period is None
    with pytest.raises(TelegramBadRequest, match="no live location in the message to edit"):
        await bot.stop_message_live_location(chat_id=to, message_id=still.message_id)
    with pytest.raises(TelegramBadRequest, match="wrong live location period specified"):
        await bot.send_location(to, 1.5, 2.5, live_period=59)


async def test_whoever_writes_as_a_channel_is_sent_away_by_it(bot_server, bot, alice, phones):
    heard = []
    router = Router()

    @router.message(F.text == "buy this")
    async def advertisement(message: Message):
        heard.append((message.from_user.username, message.sender_chat.title, message.sender_chat.type))
        await message.chat.ban_sender_chat(message.sender_chat.id)
        await message.answer("gone")

    async with polling(bot, router), person(bot_server, next(phones), "Bob") as bob:
        made = await alice.client(functions.channels.CreateChannelRequest("Hall", "", megagroup=True))
        hall = made.chats[0]
        chat = utils.get_peer_id(types.PeerChannel(hall.id))
        await alice.client.edit_admin(hall, "Echo_bot", is_admin=True)
        await alice.client(functions.channels.UpdateUsernameRequest(hall, "open_hall"))
        await bob.client(functions.channels.JoinChannelRequest("open_hall"))
        made = await bob.client(functions.channels.CreateChannelRequest("Bargains", "", broadcast=True))
        bargains = made.chats[0]
        await bob.client(functions.channels.UpdateUsernameRequest(bargains, "best_bargains"))

        offered = await bob.client(functions.channels.GetSendAsRequest("open_hall"))
        assert [utils.get_peer_id(s.peer) for s in offered.peers] == [bob.me.id, utils.get_peer_id(bargains)]

        def send(text, **more):
            return bob.client(functions.messages.SendMessageRequest("open_hall", text, **more))

        await send("buy this", send_as=bargains)
        seen = await alice.hear("buy this")
        assert seen.from_id == types.PeerChannel(bargains.id)
        await bob.hear("gone")
        assert heard == [("Channel_Bot", "Bargains", "channel")]
        with pytest.raises(errors.SendAsPeerInvalidError):
            await send("buy that", send_as=bargains)
        await send("as myself")
        assert (await alice.hear("as myself")).from_id == types.PeerUser(bob.me.id)
        assert await bot.unban_chat_sender_chat(chat, utils.get_peer_id(bargains))
        await send("buy it again", send_as=bargains)
        assert (await alice.hear("buy it again")).from_id == types.PeerChannel(bargains.id)

        # An anonymous administrator is the group.
        await alice.client.edit_admin(hall, bob.me.id, anonymous=True, pin_messages=True)
        anonymous = []

        @router.message(F.text == "who am I?")
        async def who(message: Message):
            anonymous.append((message.from_user.username, message.sender_chat.id))
            await message.answer("you are us")

        await send("who am I?")
        await bob.hear("you are us")
        assert anonymous == [("GroupAnonymousBot", chat)]
