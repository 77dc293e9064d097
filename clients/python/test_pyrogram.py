"""Pyrogram and its forks drive accounts, contacts, private chats, files, groups and channels."""

import hashlib
import io
import os

import pytest
from PIL import Image

from pyrogram_judge import (
    NAME, Inbox, befriend, befriended, enums, errors, filters, handlers, leave, log_in, logged_in, make_client, raw, types,
)
from server import code_for

KIB = 1024


@pytest.fixture
async def pair(server, phones):
    async with befriended(server, next(phones), next(phones)) as (alice, bob):
        yield alice, bob


def as_file(content, name="file.bin"):
    file = io.BytesIO(content)
    file.name = name
    return file


def picture(width, height):
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, "JPEG")
    return as_file(out.getvalue(), "picture.jpg")


async def test_codes_wrong_and_right_and_the_end_of_a_session(server, phones):
    # M-442, M-443, M-446, M-457
    phone = next(phones)
    async with logged_in(server, (phone, "Alice")) as (first,):
        codes = Inbox(first, handlers.MessageHandler)
        second = make_client(server, "second")
        await second.connect()
        sent = await second.send_code(phone)
        assert sent.type == enums.SentCodeType.APP
        assert (await codes.wait(lambda m: code_for(phone) in (m.text or ""))).from_user.id == 777000
        with pytest.raises(errors.PhoneCodeInvalid):
            await second.sign_in(phone, sent.phone_code_hash, "98765")
        assert (await second.sign_in(phone, sent.phone_code_hash, code_for(phone))).id == first.me.id
        assert len((await first.invoke(raw.functions.account.GetAuthorizations())).authorizations) == 2
        await second.invoke(raw.functions.auth.LogOut())
        with pytest.raises(errors.Unauthorized):
            await second.invoke(raw.functions.updates.GetState())
        await second.disconnect()


async def test_a_cloud_password_is_enabled_changed_and_removed(server, phones):
    # M-492, M-493
    phone = next(phones)
    async with logged_in(server, (phone, "Alice")) as (alice,):
        assert await alice.enable_cloud_password("secret", hint="no hint")
        assert await alice.get_password_hint() == "no hint"
        with pytest.raises(errors.PasswordHashInvalid):
            await alice.change_cloud_password("wrong", "new")
        assert await alice.change_cloud_password("secret", "new")
        other = make_client(server, "other")
        await other.connect()
        sent = await other.send_code(phone)
        with pytest.raises(errors.SessionPasswordNeeded):
            await other.sign_in(phone, sent.phone_code_hash, code_for(phone))
        assert (await other.check_password("new")).id == alice.me.id
        await other.disconnect()
        assert await alice.remove_cloud_password("new")


async def test_a_conversation_in_both_directions(pair):
    alice, bob = pair
    to_bob, to_alice = bob.me.id, alice.me.id
    at_bob, at_alice = Inbox(bob, handlers.MessageHandler), Inbox(alice, handlers.MessageHandler)
    sent = await alice.send_message(to_bob, "<b>hello</b> bob", parse_mode=enums.ParseMode.HTML)
    got = await at_bob.wait(lambda m: m.text == "hello bob")
    assert got.from_user.id == to_alice and got.entities[0].type == enums.MessageEntityType.BOLD
    answer = await bob.send_message(to_alice, "hello alice", reply_to_message_id=got.id)
    back = await at_alice.wait(lambda m: m.text == "hello alice")
    assert back.reply_to_message_id == sent.id and back.reply_to_message.text == "hello bob"
    edits = Inbox(bob, handlers.EditedMessageHandler)
    await alice.edit_message_text(to_bob, sent.id, "changed")
    assert (await edits.wait(lambda m: m.text == "changed")).edit_date
    with pytest.raises(errors.MessageNotModified):
        await alice.edit_message_text(to_bob, sent.id, "changed")
    copy = await bob.forward_messages("me", to_alice, got.id)
    assert copy.text == "changed" and copy.forward_from.id == to_alice
    deletes = Inbox(bob, handlers.DeletedMessagesHandler)
    await alice.delete_messages(to_bob, [sent.id])
    await deletes.wait(lambda messages: got.id in [m.id for m in messages])
    assert [m.id async for m in bob.get_chat_history(to_alice)] == [answer.id]


async def test_dialogs_receipts_typing_search_and_pins(pair):
    alice, bob = pair
    to_bob, to_alice = bob.me.id, alice.me.id
    sent = [await alice.send_message(to_bob, f"n{n}") for n in range(3)]
    (dialog,) = [d async for d in bob.get_dialogs()]
    assert dialog.chat.id == to_alice and dialog.unread_messages_count == 3
    assert dialog.top_message.text == "n2"
    updates = Inbox(alice, handlers.RawUpdateHandler)
    assert await bob.read_chat_history(to_alice)
    await bob.send_chat_action(to_alice, enums.ChatAction.TYPING)
    # Hydrogram gives raw handlers only the kinds of updates that it parses itself.
    if NAME == "pyrogram":
        await updates.wait(lambda u: isinstance(u, raw.types.UpdateReadHistoryOutbox) and u.max_id == sent[-1].id)
        await updates.wait(lambda u: isinstance(u, raw.types.UpdateUserTyping))
    (dialog,) = [d async for d in bob.get_dialogs()]
    assert dialog.unread_messages_count == 0
    named = raw.types.InputDialogPeer(peer=await alice.resolve_peer(to_bob))
    (own,) = (await alice.invoke(raw.functions.messages.GetPeerDialogs(peers=[named]))).dialogs
    assert own.read_outbox_max_id == sent[-1].id
    assert [m.text async for m in alice.search_messages(to_bob, query="n1")] == ["n1"]
    assert await alice.get_chat_history_count(to_bob) == 3
    at_bob = Inbox(bob, handlers.MessageHandler)
    await alice.pin_chat_message(to_bob, sent[1].id, both_sides=True)
    assert (await at_bob.wait(lambda m: m.pinned_message)).pinned_message.text == "n1"
    assert (await alice.get_chat(to_bob)).pinned_message.id == sent[1].id
    assert await alice.unpin_chat_message(to_bob, sent[1].id)


async def test_profile_username_and_contacts(pair):
    alice, bob = pair
    assert await alice.update_profile(first_name="Alicia", last_name="L", bio="tea")
    assert await alice.set_username("alicia_of_wonder")
    found = await bob.get_users("alicia_of_wonder")
    assert found.id == alice.me.id and found.is_contact
    assert (await bob.get_chat(alice.me.id)).bio == "tea"
    contacts = await bob.get_contacts()
    assert [c.id for c in contacts] == [alice.me.id] and contacts[0].is_mutual_contact
    await bob.delete_contacts(alice.me.id)
    assert await bob.get_contacts() == []
    assert await alice.set_profile_photo(photo=picture(700, 700))
    assert (await bob.get_users(alice.me.id)).photo is not None
    (photo,) = [p async for p in bob.get_chat_photos(alice.me.id)]
    assert photo.width == 640
    assert await alice.delete_profile_photos([p.file_id async for p in alice.get_chat_photos("me")])
    assert (await bob.get_users(alice.me.id)).photo is None


@pytest.mark.parametrize("size", [1, 300 * KIB, 11 * 1024 * KIB])
async def test_a_file_comes_back_as_it_was_sent(pair, size):
    alice, bob = pair
    content = os.urandom(size)
    inbox = Inbox(bob, handlers.MessageHandler)
    sent = await alice.send_document(bob.me.id, as_file(content), caption="here", force_document=True)
    assert sent.document.file_size == size
    got = await inbox.wait(lambda m: m.caption == "here", timeout=60)
    back = await bob.download_media(got, in_memory=True)
    assert hashlib.sha256(back.getvalue()).digest() == hashlib.sha256(content).digest()


async def test_photos_albums_contacts_and_places(pair):
    alice, bob = pair
    inbox = Inbox(bob, handlers.MessageHandler)
    await alice.send_photo(bob.me.id, picture(1000, 600), caption="look")
    got = await inbox.wait(lambda m: m.caption == "look")
    assert (got.photo.width, got.photo.height) == (1000, 600) and got.photo.thumbs
    with Image.open(await bob.download_media(got, in_memory=True)) as image:
        assert image.size == (1000, 600)
    edits = Inbox(bob, handlers.EditedMessageHandler)
    await alice.edit_message_caption(bob.me.id, (await last_of(alice, bob.me.id)).id, "look again")
    await edits.wait(lambda m: m.caption == "look again")
    album = [types.InputMediaPhoto(picture(200 + n, 100), caption=f"album {n}") for n in range(3)]
    sent = await alice.send_media_group(bob.me.id, album)
    assert len({m.media_group_id for m in sent}) == 1
    seen = [await inbox.wait(lambda m, n=n: m.caption == f"album {n}") for n in range(3)]
    assert len({m.media_group_id for m in seen}) == 1 and seen[0].media_group_id
    await alice.send_contact(bob.me.id, "+" + bob.me.phone_number, "Bob")
    assert (await inbox.wait(lambda m: m.contact)).contact.user_id == bob.me.id
    await alice.send_venue(bob.me.id, 1.0, 2.0, "Café", "Street")
    assert (await inbox.wait(lambda m: m.venue)).venue.title == "Café"


async def last_of(client, chat):
    return [m async for m in client.get_chat_history(chat, limit=1)][0]


async def test_missed_messages_are_in_the_difference(server, phones):
    alice_phone, bob_phone = next(phones), next(phones)
    async with logged_in(server, (alice_phone, "Alice"), (bob_phone, "Bob")) as (alice, bob):
        to_bob = await befriend(alice, bob_phone)
        before = await bob.invoke(raw.functions.updates.GetState())
        await leave(bob)
        for n in range(5):
            await alice.send_message(to_bob, f"missed {n}")
        await bob.connect()
        request = raw.functions.updates.GetDifference(pts=before.pts, date=before.date, qts=before.qts)
        difference = await bob.invoke(request)
        assert [m.message for m in difference.new_messages] == [f"missed {n}" for n in range(5)]
        assert difference.state.pts == before.pts + 5
        await bob.initialize()


async def test_a_basic_group_is_written_and_left(pair):
    # G-001 … G-025
    alice, bob = pair
    at_bob = Inbox(bob, handlers.MessageHandler)
    # The method itself: Hydrogram's helper looks for the chat where its layer's answer does not have it.
    users = [await alice.resolve_peer(bob.me.id)]
    made = await alice.invoke(raw.functions.messages.CreateChat(title="Duo", users=users))
    chats = made.chats if hasattr(made, "chats") else made.updates.chats
    group = await alice.get_chat(-chats[0].id)
    assert group.title == "Duo"
    sent = await alice.send_message(group.id, "hello all")
    got = await at_bob.wait(lambda m: m.text == "hello all")
    assert got.chat.id == group.id and got.chat.type == enums.ChatType.GROUP
    await bob.send_message(group.id, "hello back", reply_to_message_id=got.id)
    assert (await last_of(alice, group.id)).reply_to_message_id == sent.id
    assert await alice.set_chat_title(group.id, "Duet")
    assert (await at_bob.wait(lambda m: m.new_chat_title)).new_chat_title == "Duet"
    members = {m.user.first_name async for m in alice.get_chat_members(group.id)}
    assert members == {"Alice", "Friend"}
    assert await alice.ban_chat_member(group.id, bob.me.id)
    with pytest.raises((errors.ChatWriteForbidden, errors.ChatIdInvalid, errors.Forbidden)):
        await bob.send_message(group.id, "still here?")


async def test_a_supergroup_is_joined_written_and_ruled(pair):
    # G-039 … G-060, G-109 … G-144, G-173 … G-190
    alice, bob = pair
    group = await alice.create_supergroup("The group", "about")
    link = await alice.export_chat_invite_link(group.id)
    joined = await bob.join_chat(link)
    assert joined.id == group.id
    at_bob = Inbox(bob, lambda add: handlers.MessageHandler(add, filters.text))
    at_alice = Inbox(alice, lambda add: handlers.MessageHandler(add, filters.text & filters.incoming))
    sent = await alice.send_message(group.id, "hello all")
    assert (await at_bob.wait(lambda m: m.text == "hello all")).id == sent.id
    reply = await bob.send_message(group.id, "hello back", reply_to_message_id=sent.id)
    got = await at_alice.wait(lambda m: m.text == "hello back")
    assert got.id == reply.id and got.from_user.id == bob.me.id and got.reply_to_message_id == sent.id
    await bob.edit_message_text(group.id, reply.id, "hello again")
    assert [m.text async for m in alice.get_chat_history(group.id) if m.text] == ["hello again", "hello all"]
    with pytest.raises(errors.MessageDeleteForbidden):
        await bob.delete_messages(group.id, sent.id)
    assert await alice.delete_messages(group.id, reply.id)
    assert await alice.set_chat_username(group.id, "pyrogram_group")
    assert (await bob.get_chat("pyrogram_group")).id == group.id
    assert await alice.promote_chat_member(group.id, bob.me.id, types.ChatPrivileges(can_pin_messages=True))
    member = await bob.get_chat_member(group.id, "me")
    assert member.status == enums.ChatMemberStatus.ADMINISTRATOR and member.privileges.can_pin_messages
    await alice.promote_chat_member(group.id, bob.me.id, types.ChatPrivileges(can_manage_chat=False))
    await alice.restrict_chat_member(group.id, bob.me.id, types.ChatPermissions())
    with pytest.raises((errors.ChatWriteForbidden, errors.Forbidden, errors.UserBannedInChannel)):
        await bob.send_message(group.id, "muzzled")
    assert await alice.ban_chat_member(group.id, bob.me.id)
    assert [d async for d in bob.get_dialogs() if d.chat.type == enums.ChatType.SUPERGROUP] == []


@pytest.fixture
async def lively(pair):
    """Alice, Bob, and a supergroup that both are in."""
    alice, bob = pair
    group = await alice.create_supergroup("Lively", "about")
    await bob.join_chat(await alice.export_chat_invite_link(group.id))
    yield alice, bob, group


async def test_reactions_are_counted(lively):
    # G-362 … G-369
    alice, bob, group = lively
    sent = await alice.send_message(group.id, "look")
    assert await bob.send_reaction(group.id, sent.id, emoji="👍")
    seen = await alice.get_messages(group.id, sent.id)
    assert [(r.emoji, r.count) for r in seen.reactions.reactions] == [("👍", 1)]


@pytest.mark.skipif(NAME == "hydrogram", reason="Hydrogram writes strings where polls of its layer have texts with entities")
async def test_a_poll_is_voted_in_and_stopped(lively):
    # G-348 … G-360
    alice, bob, group = lively
    at_alice = Inbox(alice, handlers.PollHandler)
    poll = await alice.send_poll(group.id, "Tea?", ["yes", "no"], is_anonymous=False)
    voted = await bob.vote_poll(group.id, poll.id, 0)
    assert [(o.text, o.voter_count) for o in voted.options] == [("yes", 1), ("no", 0)]
    assert (await at_alice.wait(lambda p: p.total_voter_count == 1)).id == poll.poll.id
    assert (await alice.stop_poll(group.id, poll.id)).is_closed
    with pytest.raises(errors.BadRequest, match="MESSAGE_POLL_CLOSED"):
        await bob.vote_poll(group.id, poll.id, 1)


async def test_a_broadcast_channel_is_written_by_its_administrators(pair):
    alice, bob = pair
    channel = await alice.create_channel("News", "about")
    await alice.set_chat_username(channel.id, "pyrogram_news")
    await bob.join_chat("pyrogram_news")
    at_bob = Inbox(bob, lambda add: handlers.MessageHandler(add, filters.channel))
    post = await alice.send_photo(channel.id, picture(300, 200), caption="first news")
    got = await at_bob.wait(lambda m: m.caption == "first news")
    assert got.id == post.id and got.sender_chat.id == channel.id and got.photo
    with pytest.raises(errors.ChatWriteForbidden):
        await bob.send_message("pyrogram_news", "me too")
    await bob.leave_chat("pyrogram_news")
    assert [d async for d in bob.get_dialogs() if d.chat.id == channel.id] == []


async def test_two_devices_of_one_account_stay_in_step(server, phones):
    # M-361
    phone, other = next(phones), next(phones)
    async with logged_in(server, (phone, "Phone"), (phone, "Laptop"), (other, "Bob")) as (mobile, laptop, bob):
        at_laptop = Inbox(laptop, handlers.MessageHandler)
        sent = await mobile.send_message(await befriend(mobile, other), "from my phone")
        seen = await at_laptop.wait(lambda m: m.text == "from my phone")
        assert seen.id == sent.id and seen.outgoing
        states = [await c.invoke(raw.functions.updates.GetState()) for c in (mobile, laptop)]
        assert states[0].pts == states[1].pts
