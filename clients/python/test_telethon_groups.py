"""Telethon drives basic groups and what administrators of supergroups do, with three accounts."""

import pytest
from telethon import errors, events, functions, types

from telethon_judge import Inbox, befriend, logged_in


@pytest.fixture
async def trio(server, phones):
    accounts = [(next(phones), name) for name in ("Alice", "Bob", "Carol")]
    async with logged_in(server, *accounts) as (alice, bob, carol):
        yield alice, bob, carol


async def new_group(alice, title, *users):
    made = await alice(functions.messages.CreateChatRequest(users=list(users), title=title))
    # Older layers answer with the updates themselves.
    return (made if hasattr(made, "chats") else made.updates).chats[0]


async def test_a_basic_group_is_written_and_left(trio):
    # G-001 … G-025
    alice, bob, carol = trio
    (to_bob, _), (to_carol, _) = await befriend(alice, bob), await befriend(alice, carol)
    at_bob = Inbox(bob, events.NewMessage(incoming=True))
    group = await new_group(alice, "Trio", to_bob, to_carol)
    assert isinstance(group, types.Chat) and group.creator and group.participants_count == 3
    sent = await alice.send_message(types.PeerChat(group.id), "hello all")
    event = await at_bob.wait(lambda e: e.raw_text == "hello all")
    assert event.is_group and event.chat_id == -group.id
    reply = await bob.send_message(event.chat_id, "hello back", reply_to=event.id)
    assert reply.reply_to.reply_to_msg_id == event.id
    mine = [m async for m in alice.iter_messages(types.PeerChat(group.id), limit=1)]
    assert mine[0].message == "hello back" and mine[0].reply_to.reply_to_msg_id == sent.id
    members = await carol.get_participants(types.PeerChat(group.id))
    assert {m.first_name for m in members} == {"Alice", "Bob", "Carol"}
    silence = types.ChatBannedRights(until_date=None, send_messages=True)
    await alice(functions.messages.EditChatDefaultBannedRightsRequest(types.PeerChat(group.id), silence))
    with pytest.raises(errors.ChatWriteForbiddenError):
        await carol.send_message(types.PeerChat(group.id), "may I?")
    # The method itself: some versions of Telethon's helper give it a peer for a number.
    await alice(functions.messages.EditChatAdminRequest(group.id, to_carol, True))
    await carol.send_message(types.PeerChat(group.id), "now I may")
    await alice.kick_participant(types.PeerChat(group.id), to_bob)
    with pytest.raises((errors.ChatWriteForbiddenError, errors.ChatIdInvalidError)):
        await bob.send_message(types.PeerChat(group.id), "still here?")


async def test_a_group_becomes_a_supergroup(trio):
    # G-030 … G-036
    alice, bob, _ = trio
    to_bob, _ = await befriend(alice, bob)
    group = await new_group(alice, "Grown", to_bob)
    await alice.send_message(types.PeerChat(group.id), "before")
    done = await alice(functions.messages.MigrateChatRequest(group.id))
    old = next(chat for chat in done.chats if isinstance(chat, types.Chat))
    new = next(chat for chat in done.chats if isinstance(chat, types.Channel))
    assert old.deactivated and old.migrated_to.channel_id == new.id and new.megagroup
    await alice.send_message(new, "after")
    dialogs = {d.id: d for d in await bob.get_dialogs()}
    there = next(d for d in dialogs.values() if d.is_channel)
    assert there.message.message == "after"


async def test_administrators_of_a_supergroup(trio):
    # G-109 … G-144, G-222 … G-227, G-237
    alice, bob, carol = trio
    created = await alice(functions.channels.CreateChannelRequest("Ruled", "about", megagroup=True))
    group = created.chats[0]
    (to_bob, _), (to_carol, _) = await befriend(alice, bob), await befriend(alice, carol)
    await alice.send_message(group, "before anybody came")
    await alice(functions.channels.TogglePreHistoryHiddenRequest(group, True))
    await alice(functions.channels.InviteToChannelRequest(group, [to_bob, to_carol]))
    await bob.get_dialogs()
    await carol.get_dialogs()
    here = types.PeerChannel(group.id)
    texts = [m.message async for m in bob.iter_messages(here) if m.message]
    assert texts == [], "G-226"
    await alice.edit_admin(group, to_bob, ban_users=True, change_info=True, title="sheriff")
    with pytest.raises(errors.ChatAdminRequiredError):
        await carol.edit_admin(here, await carol.get_me(), ban_users=True)
    await bob(functions.channels.EditTitleRequest(await bob.get_input_entity(here), "Ruled well"))
    permissions = await alice.get_permissions(group, to_bob)
    assert permissions.is_admin and permissions.ban_users and not permissions.add_admins
    carol_at_bob = await bob.get_input_entity((await carol.get_me()).id)
    await bob.edit_permissions(here, carol_at_bob, send_media=False, send_messages=False)
    with pytest.raises((errors.UserBannedInChannelError, errors.ChatWriteForbiddenError)):
        await carol.send_message(here, "muzzled")
    owner = await bob.get_input_entity((await alice.get_me()).id)
    with pytest.raises(errors.UserAdminInvalidError):
        await bob.edit_permissions(here, owner, view_messages=False)
    await bob.edit_permissions(here, carol_at_bob, view_messages=False)
    with pytest.raises(errors.ChannelPrivateError):
        await carol.send_message(here, "gone?")
    kicked = await alice.get_participants(group, filter=types.ChannelParticipantsKicked(""))
    assert [user.first_name for user in kicked] == ["Carol"]
    await alice(functions.channels.ToggleSlowModeRequest(group, 10))
    log = [event async for event in alice.iter_admin_log(group)]
    assert {"Ruled well"} == {e.new for e in log if e.changed_title}
    assert any(e.changed_admin for e in log) and any(e.changed_restrictions for e in log)
    with pytest.raises(errors.ChatNotModifiedError):
        await alice(functions.channels.ToggleSlowModeRequest(group, 10))
    await alice(functions.channels.DeleteChannelRequest(group))
    with pytest.raises((errors.ChannelInvalidError, errors.ChannelPrivateError)):
        await bob.send_message(here, "anybody?")
