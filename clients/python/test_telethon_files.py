"""Telethon drives files: uploads, downloads, photos, documents, albums, profile photos."""

import hashlib
import io
import os

import pytest
from PIL import Image
from telethon import errors, events, functions, types, utils

from telethon_judge import Inbox, befriend, full_user, logged_in, refused

KIB = 1024


@pytest.fixture
async def pair(server, phones):
    async with logged_in(server, (next(phones), "Alice"), (next(phones), "Bob")) as (alice, bob):
        yield (alice, bob, *await befriend(alice, bob))


def picture(width, height, form="JPEG", **kwargs):
    """A picture with smooth gradients, so that encoders do not change it much."""
    red = Image.linear_gradient("L").resize((width, height))
    green = Image.linear_gradient("L").rotate(90).resize((width, height))
    image = Image.merge("RGB", (red, green, Image.new("L", (width, height), 128)))
    out = io.BytesIO()
    image.save(out, form, **kwargs)
    out.seek(0)
    out.name = "picture." + form.lower()
    return out


def as_file(content, name="file.bin"):
    file = io.BytesIO(content)
    file.name = name
    return file


def difference(a, b):
    """Mean difference of two pictures, per channel."""
    a, b = a.convert("RGB").resize((16, 16)), b.convert("RGB").resize((16, 16))
    x, y = a.tobytes(), b.tobytes()
    return sum(abs(p - q) for p, q in zip(x, y)) / len(x)


@pytest.mark.parametrize("size", [0, 1, 300 * KIB, 12 * 1024 * KIB])
async def test_a_file_comes_back_as_it_was_sent(pair, size):
    alice, bob, to_bob, to_alice = pair
    for sender, receiver, peer in ((alice, bob, to_bob), (bob, alice, to_alice)):
        content = os.urandom(size)
        inbox = Inbox(receiver, events.NewMessage(incoming=True))
        sent = await sender.send_file(peer, as_file(content), force_document=True, caption="here", file_size=size)
        assert sent.file.size == size and sent.file.name == "file.bin"
        got = (await inbox.wait(lambda e: e.raw_text == "here")).message
        assert got.file.size == size and got.file.id is not None
        for client, message in ((sender, sent), (receiver, got)):
            back = await client.download_media(message, bytes)
            assert hashlib.sha256(back or b"").digest() == hashlib.sha256(content).digest()
        receiver.remove_event_handler(inbox.add)


async def test_parts_of_a_file_in_the_middle(pair):
    alice, _, to_bob, _ = pair
    content = os.urandom(2500 * KIB)
    sent = await alice.send_file(to_bob, as_file(content), force_document=True)
    pieces = b""
    async for piece in alice.iter_download(sent.media, offset=1_234_567, request_size=128 * KIB, limit=5):
        pieces += piece
    assert pieces == content[1_234_567 : 1_234_567 + len(pieces)]
    location = types.InputDocumentFileLocation(
        sent.document.id, sent.document.access_hash, sent.document.file_reference, ""
    )
    hashes = await alice(functions.upload.GetFileHashesRequest(location, 0))
    assert [h.offset for h in hashes] == [n * 128 * KIB for n in range(8)]
    for h in hashes:
        assert h.hash == hashlib.sha256(content[h.offset : h.offset + h.limit]).digest()
    get_file = functions.upload.GetFileRequest
    beyond = await alice(get_file(location, 64 * 1024 * KIB, 4096))
    assert beyond.bytes == b""
    with pytest.raises(errors.OffsetInvalidError):
        await alice(get_file(location, 1, 4096))
    with pytest.raises(errors.LimitInvalidError):
        await alice(get_file(location, 0, 5000))
    location.file_reference = b""
    with pytest.raises(errors.FileReferenceEmptyError):
        await alice(get_file(location, 0, 4096))
    location.access_hash += 1
    with pytest.raises(errors.LocationInvalidError):
        await alice(get_file(location, 0, 4096))


async def test_a_photo_has_sizes_and_a_stripped_thumbnail(pair):
    alice, bob, to_bob, _ = pair
    inbox = Inbox(bob, events.NewMessage(incoming=True))
    # Uploaded as it is: given the picture itself, some versions of Telethon make it smaller.
    original = types.InputMediaUploadedPhoto(await alice.upload_file(picture(1600, 900), file_name="p.jpg"))
    sent = await alice.send_file(to_bob, original, caption="a *photo*")
    got = (await inbox.wait(lambda e: e.photo)).message
    assert got.photo.id == sent.photo.id
    sizes = got.photo.sizes
    assert [s.type for s in sizes] == ["i", "s", "m", "x", "y", "w"]
    assert [(s.w, s.h) for s in sizes[1:]] == [(100, 56), (320, 180), (800, 450), (1280, 720), (1600, 900)]
    expected = Image.open(picture(1600, 900))
    for size in sizes:
        data = await bob.download_media(got, bytes, thumb=size)
        image = Image.open(io.BytesIO(data))
        image.load()
        if size.type == "i":
            assert image.size == (40, 23) and data == utils.stripped_photo_to_jpg(size.bytes)
        else:
            assert image.size == (size.w, size.h) and len(data) == size.size
        assert image.format == "JPEG" and difference(image, expected) < 12, size.type


async def test_orientation_transparency_and_other_formats(pair):
    alice, _, to_bob, _ = pair
    exif = Image.Exif()
    exif[0x0112] = 6
    sent = await alice.send_file(to_bob, picture(400, 200, exif=exif))
    assert max((s.w, s.h) for s in sent.photo.sizes[1:]) == (200, 400)
    for form in ("PNG", "WEBP", "GIF"):
        photo = await alice.upload_file(picture(60, 50, form).getvalue(), file_name="p.jpg")
        media = types.InputMediaUploadedPhoto(photo)
        sent = await alice(functions.messages.UploadMediaRequest(to_bob, media))
        assert [s.type for s in sent.photo.sizes] == ["i", "s"]
    for content, error in (
        (b"no picture at all", errors.ImageProcessFailedError),
        (picture(4000, 20).getvalue(), errors.PhotoInvalidDimensionsError),
    ):
        uploaded = await alice.upload_file(content, file_name="p.jpg")
        with pytest.raises(error):
            await alice(functions.messages.UploadMediaRequest(to_bob, types.InputMediaUploadedPhoto(uploaded)))


async def test_documents_keep_attributes_and_get_thumbnails(pair):
    alice, bob, to_bob, _ = pair
    sent = await alice.send_file(to_bob, picture(640, 480, "PNG"), force_document=True)
    document = sent.document
    assert document.mime_type == "image/png"
    assert [t.type for t in document.thumbs] == ["i", "m"] and document.thumbs[1].w == 320
    thumb = Image.open(io.BytesIO(await alice.download_media(sent, bytes, thumb=document.thumbs[1])))
    assert thumb.size == (320, 240)
    video = await alice.send_file(
        to_bob,
        as_file(b"not really a video" * 100, "clip.mp4"),
        thumb=picture(300, 200).getvalue(),
        attributes=[types.DocumentAttributeVideo(7, 320, 200, supports_streaming=True)],
        mime_type="video/mp4",
    )
    assert video.video and [t.type for t in video.document.thumbs] == ["i", "m"]
    assert (video.document.thumbs[1].w, video.document.thumbs[1].h) == (300, 200)
    got = [m async for m in bob.iter_messages(await bob.get_input_entity((await alice.get_me()).id), filter=types.InputMessagesFilterVideo)]
    assert [m.document.id for m in got] == [video.document.id]
    voice = await alice.send_file(to_bob, as_file(b"OggS" * 50, "v.ogg"), voice_note=True)
    assert voice.voice


async def test_media_are_sent_again_by_id_and_edited(pair):
    alice, bob, to_bob, _ = pair
    inbox = Inbox(bob, events.NewMessage(incoming=True))
    first = await alice.send_file(to_bob, picture(300, 300), caption="one")
    again = await alice.send_file("me", first.photo)
    assert again.photo.id == first.photo.id
    forwarded = await alice.forward_messages(to_bob, first)
    assert forwarded.photo.id == first.photo.id
    await inbox.wait(lambda e: e.message.forward is not None)
    edits = Inbox(bob, events.MessageEdited(incoming=True))
    await alice.edit_message(to_bob, first, "two", file=as_file(b"changed", "other.txt"), force_document=True)
    changed = (await edits.wait(lambda e: e.raw_text == "two")).message
    assert await bob.download_media(changed, bytes) == b"changed"
    stolen = types.InputPhoto(first.photo.id, first.photo.access_hash + 1, first.photo.file_reference)
    with pytest.raises(errors.PhotoInvalidError):
        await alice(functions.messages.SendMediaRequest(to_bob, types.InputMediaPhoto(stolen), ""))


async def test_an_album_shares_a_group(pair):
    alice, bob, to_bob, _ = pair
    inbox = Inbox(bob, events.Album())
    sent = await alice.send_file(to_bob, [picture(200 + n, 100) for n in range(3)], caption=["a", "b", "c"])
    assert len({m.grouped_id for m in sent}) == 1 and sent[0].grouped_id
    album = await inbox.wait(lambda e: len(e) == 3)
    assert [m.raw_text for m in album.messages] == ["a", "b", "c"]
    assert [m.photo.id for m in album.messages] == [m.photo.id for m in sent]
    copies = await alice.forward_messages("me", sent)
    assert len({m.grouped_id for m in copies}) == 1 and copies[0].grouped_id != sent[0].grouped_id


async def test_contacts_and_places(pair):
    alice, bob, to_bob, _ = pair
    me = await bob.get_me()
    card = await alice.send_file(to_bob, types.InputMediaContact(me.phone, "Bob", "", ""))
    assert card.contact.user_id == me.id
    place = types.InputMediaGeoPoint(types.InputGeoPoint(52.5, 13.4))
    sent = await alice.send_file(to_bob, place)
    assert (sent.geo.lat, sent.geo.long) == (52.5, 13.4)
    venue = types.InputMediaVenue(types.InputGeoPoint(1.0, 2.0), "Café", "Street", "foursquare", "x", "y")
    assert (await alice.send_file(to_bob, venue)).venue.title == "Café"


async def test_profile_photos(pair):
    alice, bob, to_bob, to_alice = pair
    inbox = Inbox(bob, events.Raw())
    me = await alice.get_me()
    ids = []
    for side in (500, 800):
        file = await alice.upload_file(picture(side, side), file_name="me.jpg")
        result = await alice(functions.photos.UploadProfilePhotoRequest(file=file))
        ids.append(result.photo.id)
        assert result.users[0].photo.photo_id == result.photo.id
        assert [s.type for s in result.photo.sizes] == ["i", "a", "b", "c"]
    # Layers before 151 have no update for it.
    if changed := getattr(types, "UpdateUser", None):
        await inbox.wait(lambda u: isinstance(u, changed) and u.user_id == me.id)
    seen = await bob.get_entity(to_alice)
    assert seen.photo.photo_id == ids[1]
    assert Image.open(io.BytesIO(utils.stripped_photo_to_jpg(seen.photo.stripped_thumb))).size == (40, 40)
    big = Image.open(io.BytesIO(await bob.download_profile_photo(seen, bytes)))
    small = Image.open(io.BytesIO(await bob.download_profile_photo(seen, bytes, download_big=False)))
    assert big.size == (640, 640) and small.size == (160, 160)
    full = full_user(await bob(functions.users.GetFullUserRequest(to_alice)))
    assert full.profile_photo.id == ids[1]
    photos = await bob.get_profile_photos(to_alice)
    assert [p.id for p in photos] == ids[::-1] and photos.total == 2
    one = await bob(functions.photos.GetUserPhotosRequest(to_alice, -1, ids[0], 1))
    assert [p.id for p in one.photos] == [ids[0]] and one.count == 2

    mine = await alice.get_profile_photos("me")
    assert await alice(functions.photos.DeletePhotosRequest([utils.get_input_photo(mine[0])])) == [ids[1]]
    assert (await bob.get_entity(to_alice)).photo.photo_id == ids[0]
    sent = await alice.send_file("me", picture(700, 300))
    used = await alice(functions.photos.UpdateProfilePhotoRequest(utils.get_input_photo(sent.photo)))
    assert used.users[0].photo.photo_id == used.photo.id
    for left in (ids[0], None):
        gone = await alice(functions.photos.UpdateProfilePhotoRequest(types.InputPhotoEmpty()))
        assert getattr(gone.users[0].photo, "photo_id", None) == left
    assert (await bob.get_entity(to_alice)).photo is None


async def test_rules_of_uploads(pair):
    alice, _, to_bob, _ = pair
    save, save_big = functions.upload.SaveFilePartRequest, functions.upload.SaveBigFilePartRequest

    async def send(file):
        media = types.InputMediaUploadedDocument(file, "text/plain", [])
        return await alice(functions.messages.UploadMediaRequest(to_bob, media))

    await alice(save(1, 1, b"tail"))
    with pytest.raises(errors.FilePart0MissingError):
        await send(types.InputFile(1, 2, "a", ""))
    await alice(save(1, 0, b"x" * KIB))
    with pytest.raises(errors.Md5ChecksumInvalidError):
        await send(types.InputFile(1, 2, "a", "0" * 32))
    good = types.InputFile(1, 2, "a", hashlib.md5(b"x" * KIB + b"tail").hexdigest())
    assert (await send(good)).document.size == KIB + 4
    assert (await send(good)).document.size == KIB + 4, "a client may use its upload again"
    with pytest.raises(errors.FilePartsInvalidError):
        await send(types.InputFile(1, 3, "a", ""))
    for part, size in ((0, KIB), (1, KIB), (2, KIB)):
        await alice(save_big(2, part, -1, b"y" * size))
    await alice(save_big(2, 3, 4, b""))
    assert (await send(types.InputFileBig(2, 4, "b"))).document.size == 3 * KIB
    for request, error in (
        (save(3, 0, b""), "FILE_PART_EMPTY"),
        (save(3, 4000, b"z"), "FILE_PART_INVALID"),
        (save(3, 0, b"z" * (512 * KIB + 1)), "FILE_PART_TOO_BIG"),
        (save_big(3, 0, 2, b"z" * 3 * KIB), "FILE_PART_SIZE_INVALID"),
        (save_big(3, 0, 5000, b"z" * KIB), "FILE_PARTS_INVALID"),
    ):
        with refused(error):
            await alice(request)
