"""kurigram drives accounts, contacts, dialogs, messages and reconnects."""

import asyncio
import hashlib
import io
import os

import pytest
from PIL import Image
from pyrogram import enums, errors, handlers, raw, types

from kurigram_judge import Inbox, befriended, log_in, logged_in, make_client
from server import code_for


@pytest.fixture
async def pair(server, phones):
    async with befriended(server, next(phones), next(phones)) as (alice, bob):
        yield alice, bob


async def test_a_conversation_in_both_directions(pair):
    alice, bob = pair
    to_bob, to_alice = bob.me.id, alice.me.id
    at_bob, at_alice = Inbox(bob, handlers.MessageHandler), Inbox(alice, handlers.MessageHandler)
    sent = await alice.send_message(to_bob, "<b>hello</b> bob", parse_mode=enums.ParseMode.HTML)
    got = await at_bob.wait(lambda m: m.text == "hello bob")
    assert got.from_user.id == to_alice and got.entities[0].type == enums.MessageEntityType.BOLD
    reply = types.ReplyParameters(message_id=got.id)
    answer = await bob.send_message(to_alice, "hello alice", reply_parameters=reply)
    back = await at_alice.wait(lambda m: m.text == "hello alice")
    assert back.reply_to_message_id == sent.id
    edits = Inbox(bob, handlers.EditedMessageHandler)
    await alice.edit_message_text(to_bob, sent.id, "changed")
    await edits.wait(lambda m: m.text == "changed")
    with pytest.raises(errors.MessageNotModified):
        await alice.edit_message_text(to_bob, sent.id, "changed")
    deletes = Inbox(bob, handlers.DeletedMessagesHandler)
    await alice.delete_messages(to_bob, [sent.id])
    await deletes.wait(lambda ms: got.id in [m.id for m in ms])
    assert [m.text async for m in bob.get_chat_history(to_alice)] == ["hello alice"]
    assert answer.id in [m.id async for m in bob.get_chat_history(to_alice)]


async def test_forward_read_and_dialogs(pair):
    alice, bob = pair
    to_bob, to_alice = bob.me.id, alice.me.id
    sent = [await alice.send_message(to_bob, f"n{n}") for n in range(3)]
    dialogs = [d async for d in bob.get_dialogs()]
    assert dialogs[0].chat.id == to_alice and dialogs[0].unread_messages_count == 3
    saved = await alice.forward_messages("me", to_bob, sent[0].id)
    assert saved.text == "n0" and saved.forward_origin is not None
    raw_updates = Inbox(alice, handlers.RawUpdateHandler)
    assert await bob.read_chat_history(to_alice)
    assert await bob.mark_chat_unread(to_alice)
    marked = [d async for d in bob.get_dialogs() if d.chat.id == to_alice]
    assert marked[0].unread_mark
    await raw_updates.wait(lambda u: isinstance(u, raw.types.UpdateReadHistoryOutbox) and u.max_id == sent[-1].id)
    dialogs = [d async for d in bob.get_dialogs()]
    assert dialogs[0].unread_messages_count == 0
    await bob.send_chat_action(to_alice, enums.ChatAction.TYPING)
    await raw_updates.wait(lambda u: isinstance(u, raw.types.UpdateUserTyping))
    found = [m async for m in alice.search_messages(to_bob, query="n1")]
    assert [m.text for m in found] == ["n1"]
    assert await alice.get_chat_history_count(to_bob) == 3


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
    message = await alice.send_message(bob.me.id, "pin me")
    await alice.pin_chat_message(bob.me.id, message.id, both_sides=True)
    full = await alice.invoke(raw.functions.users.GetFullUser(id=await alice.resolve_peer(bob.me.id)))
    assert full.full_user.pinned_msg_id == message.id
    assert await alice.unpin_all_chat_messages(bob.me.id)


async def test_missed_messages_are_in_the_difference(server, phones):
    alice_phone, bob_phone = next(phones), next(phones)
    async with logged_in(server, (alice_phone, "Alice"), (bob_phone, "Bob")) as (alice, bob):
        user = (await alice.import_contacts([types.InputPhoneContact("+" + bob_phone, "Bob")])).users[0]
        before = await bob.invoke(raw.functions.updates.GetState())
        await bob.terminate()
        await bob.disconnect()
        for n in range(5):
            await alice.send_message(user.id, f"missed {n}")
        await bob.connect()
        difference = await bob.invoke(
            raw.functions.updates.GetDifference(pts=before.pts, date=before.date, qts=before.qts)
        )
        assert [m.message for m in difference.new_messages] == [f"missed {n}" for n in range(5)]
        assert difference.state.pts == before.pts + 5
        await bob.initialize()


async def test_log_out_ends_the_session(server, phones):
    client = await log_in(server, next(phones), "Alice")
    await client.invoke(raw.functions.auth.LogOut())
    with pytest.raises(errors.Unauthorized):
        await client.invoke(raw.functions.updates.GetState())
    await client.terminate()
    await client.disconnect()


@pytest.mark.parametrize("size", [1, 300 * 1024, 12 * 1024 * 1024])
async def test_a_file_comes_back_as_it_was_sent(pair, size):
    alice, bob = pair
    content = os.urandom(size)
    file = io.BytesIO(content)
    file.name = "file.bin"
    inbox = Inbox(bob, handlers.MessageHandler)
    sent = await alice.send_document(bob.me.id, file, caption="here", force_document=True)
    assert sent.document.file_size == size
    got = await inbox.wait(lambda m: m.caption == "here", timeout=60)
    back = await bob.download_media(got, in_memory=True)
    assert hashlib.sha256(back.getvalue()).digest() == hashlib.sha256(content).digest()


async def test_an_empty_file_is_refused_by_the_library_itself(pair):
    """kurigram does not send empty files: it says so before anything goes out."""
    alice, bob = pair
    file = io.BytesIO(b"")
    file.name = "empty.bin"
    with pytest.raises(ValueError):
        await alice.send_document(bob.me.id, file)


async def test_a_photo_has_thumbnails(pair):
    alice, bob = pair
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((1000, 600)).convert("RGB").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "picture.jpg"
    inbox = Inbox(bob, handlers.MessageHandler)
    await alice.send_photo(bob.me.id, picture, caption="look")
    got = await inbox.wait(lambda m: m.caption == "look")
    assert (got.photo.width, got.photo.height) == (1000, 600) and got.photo.thumbs
    back = await bob.download_media(got, in_memory=True)
    with Image.open(io.BytesIO(back.getvalue())) as image:
        assert image.size == (1000, 600)
    picture.seek(0)
    assert await alice.set_profile_photo(photo=types.InputChatPhotoStatic(photo=picture))
    assert (await bob.get_users(alice.me.id)).photo is not None
    photos = [p async for p in bob.get_chat_photos(alice.me.id)]
    assert len(photos) == 1
    mine = await alice.invoke(
        raw.functions.photos.GetUserPhotos(user_id=raw.types.InputUserSelf(), offset=0, max_id=0, limit=10)
    )
    (photo,) = mine.photos
    named = raw.types.InputPhoto(id=photo.id, access_hash=photo.access_hash, file_reference=photo.file_reference)
    assert await alice.invoke(raw.functions.photos.DeletePhotos(id=[named])) == [photo.id]
    assert (await bob.get_users(alice.me.id)).photo is None


async def test_two_devices_of_one_account_stay_in_step(server, phones):
    phone, other = next(phones), next(phones)
    async with logged_in(server, (phone, "Phone"), (other, "Bob")) as (mobile, bob):
        laptop = await log_in(server, phone, "Laptop")
        try:
            user = (await mobile.import_contacts([types.InputPhoneContact("+" + other, "Bob")])).users[0]
            at_laptop = Inbox(laptop, handlers.MessageHandler)
            sent = await mobile.send_message(user.id, "from my phone")
            seen = await at_laptop.wait(lambda m: m.text == "from my phone")
            assert seen.id == sent.id and seen.outgoing
            states = [await c.invoke(raw.functions.updates.GetState()) for c in (mobile, laptop)]
            assert states[0].pts == states[1].pts
            sessions = await mobile.invoke(raw.functions.account.GetAuthorizations())
            assert len(sessions.authorizations) == 2
            assert await mobile.invoke(raw.functions.auth.ResetAuthorizations())
            with pytest.raises(errors.Unauthorized):
                await laptop.invoke(raw.functions.updates.GetState())
        finally:
            await laptop.terminate()
            await laptop.disconnect()


async def test_drafts_status_and_settings(pair):
    alice, bob = pair
    peer = await alice.resolve_peer(bob.me.id)
    updates = Inbox(alice, handlers.RawUpdateHandler)
    assert await alice.invoke(raw.functions.messages.SaveDraft(peer=peer, message="later"))
    drafts = await alice.invoke(raw.functions.messages.GetAllDrafts())
    assert drafts.updates[0].draft.message == "later"
    await bob.invoke(raw.functions.account.UpdateStatus(offline=False))
    online = lambda u: isinstance(u, raw.types.UpdateUserStatus) and isinstance(u.status, raw.types.UserStatusOnline)
    await updates.wait(online)
    notify = raw.types.InputNotifyPeer(peer=peer)
    settings = raw.types.InputPeerNotifySettings(silent=True)
    assert await alice.invoke(raw.functions.account.UpdateNotifySettings(peer=notify, settings=settings))
    assert (await alice.invoke(raw.functions.account.GetNotifySettings(peer=notify))).silent


async def test_the_client_carries_on_after_a_restart(start_server, phones, tmp_path):
    server = start_server(data=tmp_path / "data")
    alice_phone, bob_phone = next(phones), next(phones)
    async with logged_in(server, (alice_phone, "Alice"), (bob_phone, "Bob")) as (alice, bob):
        user = (await alice.import_contacts([types.InputPhoneContact("+" + bob_phone, "Bob")])).users[0]
        inbox = Inbox(bob, handlers.MessageHandler)
        await alice.send_message(user.id, "before")
        await inbox.wait(lambda m: m.text == "before")
        server.stop()
        server.start()
        await asyncio.wait_for(alice.send_message(user.id, "after"), 60)
        await inbox.wait(lambda m: m.text == "after", timeout=60)


async def test_history_offsets_and_search(pair):
    alice, bob = pair
    for n in range(30):
        await alice.send_message(bob.me.id, f"message number {n}")
    peer = await alice.resolve_peer(bob.me.id)

    async def page(**kwargs):
        values = dict(offset_id=0, offset_date=0, add_offset=0, limit=5, max_id=0, min_id=0, hash=0) | kwargs
        return [m.id for m in (await alice.invoke(raw.functions.messages.GetHistory(peer=peer, **values))).messages]

    ids = await page(limit=100)
    assert len(ids) == 30 and ids == sorted(ids, reverse=True)
    assert await page(offset_id=ids[9]) == ids[10:15]
    assert await page(offset_id=ids[9], add_offset=-3) == ids[7:12]
    assert await page(offset_id=ids[9], add_offset=2) == ids[12:17]
    assert await page(max_id=ids[4]) == ids[5:10]
    assert await page(min_id=ids[2]) == ids[:2]
    assert await page(offset_date=1) == []
    assert [m.text async for m in bob.search_messages(alice.me.id, query="number 7")] == ["message number 7"]


async def test_codes_go_to_other_devices_and_wrong_ones_are_refused(server, phones):
    phone = next(phones)
    async with logged_in(server, (phone, "Alice")) as (first,):
        inbox = Inbox(first, handlers.MessageHandler)
        second = make_client(server, "second")
        await second.connect()
        sent = await second.send_code(phone)
        assert sent.type == enums.SentCodeType.APP
        message = await inbox.wait(lambda m: code_for(phone) in (m.text or ""))
        assert message.from_user.id == 777000
        with pytest.raises(errors.PhoneCodeInvalid):
            await second.sign_in(phone, sent.phone_code_hash, "98765")
        assert (await second.sign_in(phone, sent.phone_code_hash, code_for(phone))).id == first.me.id
        await second.disconnect()


async def test_outside_the_sandbox_codes_are_limited(start_server, phones, tmp_path):
    server = start_server(data=tmp_path / "data", sandbox=False)
    client = make_client(server, "outside", sleep_threshold=0)
    await client.connect()
    phone = next(phones)
    for _ in range(5):
        await client.send_code(phone)
    with pytest.raises(errors.FloodWait) as flood:
        await client.send_code(phone)
    assert 0 < flood.value.value <= 900
    await client.disconnect()


async def test_an_empty_document_through_the_raw_methods(pair):
    """The library's own helper refuses empty files, so this one is built by hand."""
    alice, bob = pair
    inbox = Inbox(bob, handlers.MessageHandler)
    media = raw.types.InputMediaUploadedDocument(
        file=raw.types.InputFile(id=77, parts=0, name="empty.bin", md5_checksum=""),
        mime_type="application/octet-stream",
        attributes=[raw.types.DocumentAttributeFilename(file_name="empty.bin")],
        force_file=True,
    )
    peer = await alice.resolve_peer(bob.me.id)
    await alice.invoke(raw.functions.messages.SendMedia(peer=peer, media=media, message="nothing", random_id=77))
    got = await inbox.wait(lambda m: m.caption == "nothing")
    assert got.document.file_size in (0, None)
    location = raw.types.InputDocumentFileLocation
    (message,) = (await bob.invoke(raw.functions.messages.GetMessages(id=[raw.types.InputMessageID(id=got.id)]))).messages
    document = message.media.document
    assert document.size == 0
    where = location(
        id=document.id, access_hash=document.access_hash, file_reference=document.file_reference, thumb_size=""
    )
    assert (await bob.invoke(raw.functions.upload.GetFile(location=where, offset=0, limit=4096))).bytes == b""
