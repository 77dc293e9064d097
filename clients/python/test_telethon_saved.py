"""Telethon reads Saved Messages as a list of conversations, and who read a message."""

from telethon import functions, types

from telethon_judge import befriend, logged_in, needs, refused


@needs("messages.GetSavedDialogsRequest", "messages.ToggleSavedDialogPinRequest")
async def test_saved_messages_are_a_list_of_conversations(server, phones):
    # G-414 … G-416
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        to_bob, to_alice = await befriend(alice, bob)
        note = await alice.send_message("me", "a note")
        assert note.saved_peer_id == types.PeerUser((await alice.get_me()).id)
        await bob.send_message(to_alice, "remember this")
        [said] = await alice.get_messages(to_bob, limit=1)
        kept = await said.forward_to("me")
        assert kept.saved_peer_id == types.PeerUser(to_bob.user_id)
        first = functions.messages.GetSavedDialogsRequest(0, 0, types.InputPeerEmpty(), 10, 0)
        found = await alice(first)
        assert [(d.peer.user_id, d.top_message) for d in found.dialogs] == [
            (to_bob.user_id, kept.id),
            (note.saved_peer_id.user_id, note.id),
        ]
        assert {m.id for m in found.messages} == {kept.id, note.id}
        history = await alice(
            functions.messages.GetSavedHistoryRequest(to_bob, 0, None, 0, 10, 0, 0, 0)
        )
        assert [m.message for m in history.messages] == ["remember this"]
        await alice(
            functions.messages.ToggleSavedDialogPinRequest(types.InputDialogPeer(to_bob), pinned=True)
        )
        pinned = await alice(functions.messages.GetPinnedSavedDialogsRequest())
        assert [d.peer.user_id for d in pinned.dialogs] == [to_bob.user_id]
        await alice(functions.messages.DeleteSavedHistoryRequest(to_bob, 0))
        left = await alice(first)
        assert [d.top_message for d in left.dialogs] == [note.id]


@needs("messages.GetOutboxReadDateRequest")
async def test_when_a_message_was_read_is_told(server, phones):
    # G-377
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        to_bob, to_alice = await befriend(alice, bob)
        sent = await alice.send_message(to_bob, "read me")
        ask = functions.messages.GetOutboxReadDateRequest(to_bob, sent.id)
        with refused("MESSAGE_NOT_READ_YET"):
            await alice(ask)
        await bob.send_read_acknowledge(to_alice)
        assert (await alice(ask)).date >= sent.date


@needs("messages.GetMessageReadParticipantsRequest", "ReadParticipantDate")
async def test_who_read_a_message_is_told_in_a_small_group(server, phones):
    # G-376
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        to_bob, _ = await befriend(alice, bob)
        await alice(functions.messages.CreateChatRequest(users=[to_bob], title="Readers"))
        [group] = [d for d in await alice.get_dialogs() if d.is_group]
        sent = await alice.send_message(group.entity, "read me")
        ask = functions.messages.GetMessageReadParticipantsRequest(group.input_entity, sent.id)
        assert await alice(ask) == []
        [theirs] = [d for d in await bob.get_dialogs() if d.is_group]
        await bob.send_read_acknowledge(theirs.entity)
        assert [reader.user_id for reader in await alice(ask)] == [to_bob.user_id]
