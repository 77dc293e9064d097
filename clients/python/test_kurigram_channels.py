"""kurigram drives channels."""

import pytest
from pyrogram import errors, filters, handlers

from kurigram_judge import Inbox, logged_in


async def test_a_supergroup_is_joined_written_and_read(server, phones):
    accounts = [(next(phones), name) for name in ("Alice", "Bob")]
    async with logged_in(server, *accounts) as (alice, bob):
        group = await alice.create_supergroup("The group", "about")
        assert await alice.set_chat_username(group.id, "kurigram_group")
        joined = await bob.join_chat("kurigram_group")
        assert joined.chat.id == group.id
        at_bob = Inbox(bob, lambda add: handlers.MessageHandler(add, filters.text))
        at_alice = Inbox(alice, lambda add: handlers.MessageHandler(add, filters.text & filters.incoming))
        sent = await alice.send_message(group.id, "hello all")
        assert (await at_bob.wait(lambda m: m.text == "hello all")).id == sent.id
        reply = await bob.send_message("kurigram_group", "hello back", reply_to_message_id=sent.id)
        got = await at_alice.wait(lambda m: m.text == "hello back")
        assert got.id == reply.id and got.from_user.first_name == "Bob"
        await bob.edit_message_text("kurigram_group", reply.id, "hello again")
        texts = [m.text async for m in alice.get_chat_history(group.id) if m.text]
        assert texts == ["hello again", "hello all"]
        with pytest.raises(errors.MessageDeleteForbidden):
            await bob.delete_messages("kurigram_group", sent.id)
        assert await alice.delete_messages(group.id, reply.id)
        members = [m.user.first_name async for m in alice.get_chat_members(group.id)]
        assert sorted(members) == ["Alice", "Bob"]
        dialogs = [d async for d in bob.get_dialogs()]
        assert [d.chat.id for d in dialogs] == [group.id] and dialogs[0].top_message.text == "hello all"
        await bob.leave_chat("kurigram_group")
        assert [d async for d in bob.get_dialogs()] == []


async def test_a_poll_is_voted_in_and_stopped(server, phones):
    # G-348 … G-360
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        group = await alice.create_supergroup("Asking", "about")
        await alice.set_chat_username(group.id, "kurigram_asks")
        await bob.join_chat("kurigram_asks")
        poll = await alice.send_poll(group.id, "Tea?", ["yes", "no"], is_anonymous=False)
        voted = await bob.vote_poll("kurigram_asks", poll.id, 0)
        assert [o.voter_count for o in voted.options] == [1, 0]
        stopped = await alice.stop_poll(group.id, poll.id)
        assert stopped.is_closed and stopped.total_voter_count == 1
        with pytest.raises(errors.BadRequest, match="MESSAGE_POLL_CLOSED"):
            await bob.vote_poll("kurigram_asks", poll.id, 1)


async def test_a_broadcast_channel_is_written_by_its_administrators(server, phones):
    accounts = [(next(phones), name) for name in ("Alice", "Bob")]
    async with logged_in(server, *accounts) as (alice, bob):
        channel = await alice.create_channel("News", "about")
        await alice.set_chat_username(channel.id, "kurigram_news")
        await bob.join_chat("kurigram_news")
        at_bob = Inbox(bob, lambda add: handlers.MessageHandler(add, filters.channel))
        post = await alice.send_message(channel.id, "first news")
        got = await at_bob.wait(lambda m: m.text == "first news")
        assert got.id == post.id and got.sender_chat.id == channel.id
        with pytest.raises(errors.ChatWriteForbidden):
            await bob.send_message("kurigram_news", "me too")
