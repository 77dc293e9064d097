"""Every kind of message that people send, by any version of Telethon, and what a viewer sees of one.

As a program it is a person in a process of its own, so that another version of Telethon can be loaded: it reads one
command as JSON per line, and writes its result."""

import asyncio
import hashlib
import io
import json
import os
import sys
import types as python

from PIL import Image
from telethon import events, functions, types
from telethon.tl.alltlobjects import LAYER

from telethon_judge import Inbox, fitting, log_in, make_client

STYLES = [
    "Bold", "Italic", "Underline", "Strike", "Code", "Spoiler", "Blockquote", "Hashtag", "Mention", "Url", "Email",
]


def picture():
    out = io.BytesIO()
    Image.linear_gradient("L").resize((320, 200)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def words(text):
    """What polls ask: a plain string before layer 180."""
    return types.TextWithEntities(text, []) if LAYER >= 180 else text


class Person:
    """A client that says things in a group and hears what others say there."""

    def __init__(self, client):
        self.client = client
        self.heard = Inbox(client, events.Raw((types.UpdateNewChannelMessage, types.UpdateEditChannelMessage)))
        self.gone = Inbox(client, events.Raw(types.UpdateDeleteChannelMessages))

    async def found(self, username):
        """Creates a public group; returns its name."""
        made = await self.client(functions.channels.CreateChannelRequest("Wide", "about", megagroup=True))
        await self.client(functions.channels.UpdateUsernameRequest(made.chats[0], username))
        return username

    async def join(self, username):
        await self.client(functions.channels.JoinChannelRequest(username))

    async def layer(self):
        return LAYER

    async def kinds(self):
        return [name[4:] for name in dir(self) if name.startswith("say_")]

    async def knows(self, names):
        return [name for name in names if hasattr(types, name)]

    async def say(self, kind, group):
        """Says something of a kind; returns the ids of the messages."""
        result = await getattr(self, f"say_{kind}")(group)
        messages = result if isinstance(result, list) else [result]
        return [message if isinstance(message, int) else message.id for message in messages]

    async def hear(self, message_id):
        """What came as an update, once it did."""
        update = await self.heard.wait(lambda u: u.message.id == message_id)
        return shown(update.message)

    async def hear_edit(self, message_id, text):
        update = await self.heard.wait(lambda u: u.message.id == message_id and u.message.message == text)
        return shown(update.message)

    async def miss(self, message_id):
        await self.gone.wait(lambda u: message_id in u.messages)

    async def see(self, group, message_id):
        """What the history has."""
        return shown(await self.client.get_messages(group, ids=message_id))

    async def load(self, group, message_id):
        """The hash of a file."""
        content = await self.client.download_media(await self.client.get_messages(group, ids=message_id), bytes)
        return hashlib.sha256(content).hexdigest()

    async def edit(self, group, message_id, text):
        await self.client.edit_message(group, message_id, text)

    async def delete(self, group, message_id):
        await self.client.delete_messages(group, [message_id])

    async def leave(self):
        await self.client.disconnect()

    async def _media(self, group, media, text=""):
        result = await self.client(functions.messages.SendMediaRequest(group, media, text))
        return next(u.id for u in result.updates if isinstance(u, types.UpdateMessageID))

    async def _document(self, group, mime, *attributes, name="file.bin"):
        file = await self.client.upload_file(os.urandom(3000), file_name=name)
        media = types.InputMediaUploadedDocument(file, mime, list(attributes))
        return await self._media(group, media, "a file")

    async def say_text(self, group):
        return await self.client.send_message(group, "plain words")

    async def say_styled_text(self, group):
        """Every style that this layer has, three characters each."""
        made = [getattr(types, f"MessageEntity{name}", None) for name in STYLES]
        entities = [make(offset=4 * n, length=3) for n, make in enumerate(made) if make]
        text = "one two #ab @ab " * 6
        entities.append(types.MessageEntityTextUrl(4 * len(STYLES), 3, "https://example.org/"))
        entities.append(types.MessageEntityPre(4 * len(STYLES) + 4, 3, "rust"))
        entities.sort(key=lambda entity: entity.offset)
        result = await self.client(functions.messages.SendMessageRequest(group, text, entities=entities))
        return next(u.id for u in result.updates if isinstance(u, types.UpdateMessageID))

    async def say_photo(self, group):
        file = await self.client.upload_file(picture(), file_name="p.jpg")
        return await self._media(group, types.InputMediaUploadedPhoto(file), "a picture")

    async def say_album(self, group):
        files = [io.BytesIO(picture()) for _ in range(2)]
        for file in files:
            file.name = "p.jpg"
        return await self.client.send_file(group, files, caption=["first", "second"])

    async def say_document(self, group):
        return await self._document(group, "application/octet-stream", types.DocumentAttributeFilename("file.bin"))

    async def say_video(self, group):
        return await self._document(group, "video/mp4", types.DocumentAttributeVideo(7, 320, 200), name="v.mp4")

    async def say_round_video(self, group):
        attribute = types.DocumentAttributeVideo(7, 240, 240, round_message=True)
        return await self._document(group, "video/mp4", attribute, name="v.mp4")

    async def say_animation(self, group):
        attributes = [types.DocumentAttributeVideo(7, 320, 200), types.DocumentAttributeAnimated()]
        return await self._document(group, "video/mp4", *attributes, name="a.mp4")

    async def say_audio(self, group):
        attribute = types.DocumentAttributeAudio(60, title="Song", performer="Singer")
        return await self._document(group, "audio/mpeg", attribute, name="s.mp3")

    async def say_voice(self, group):
        attribute = types.DocumentAttributeAudio(5, voice=True, waveform=b"\x01\x02")
        return await self._document(group, "audio/ogg", attribute, name="v.ogg")

    async def say_sticker(self, group):
        attribute = types.DocumentAttributeSticker("😀", types.InputStickerSetEmpty())
        return await self._document(group, "image/webp", attribute, types.DocumentAttributeImageSize(9, 9), name="s.webp")

    async def say_contact(self, group):
        return await self._media(group, types.InputMediaContact("+15550100", "Some", "Body", ""))

    async def say_place(self, group):
        return await self._media(group, types.InputMediaGeoPoint(types.InputGeoPoint(52.5, 13.4)))

    async def say_venue(self, group):
        venue = types.InputMediaVenue(types.InputGeoPoint(1.0, 2.0), "Café", "Street", "foursquare", "x", "y")
        return await self._media(group, venue)

    async def say_dice(self, group):
        return await self._media(group, types.InputMediaDice("🎲"))

    async def say_poll(self, group):
        answers = [types.PollAnswer(words("yes"), b"1"), types.PollAnswer(words("no"), b"2")]
        poll = fitting(types.Poll, id=0, question=words("Tea?"), answers=answers, hash=0)
        return await self._media(group, types.InputMediaPoll(poll))

    async def say_reply(self, group):
        asked = await self.client.send_message(group, "asked")
        return await self.client.send_message(group, "answered", reply_to=asked.id)

    async def say_forward(self, group):
        note = await self.client.send_message("me", "a note to myself")
        return await self.client.forward_messages(group, note)

    async def say_keyboard_hidden(self, group):
        hide = types.ReplyKeyboardHide()
        result = await self.client(functions.messages.SendMessageRequest(group, "no keyboard", reply_markup=hide))
        return next(u.id for u in result.updates if isinstance(u, types.UpdateMessageID))

    async def say_pinned(self, group):
        important = await self.client.send_message(group, "important")
        return self._service(await self.client(functions.messages.UpdatePinnedMessageRequest(group, important.id)))

    async def say_title(self, group):
        return self._service(await self.client(functions.channels.EditTitleRequest(group, f"Wide {os.urandom(4).hex()}")))

    async def say_group_photo(self, group):
        photo = types.InputChatUploadedPhoto(file=await self.client.upload_file(picture(), file_name="p.jpg"))
        return self._service(await self.client(functions.channels.EditPhotoRequest(group, photo)))

    @staticmethod
    def _service(result):
        return next(u.message.id for u in result.updates if isinstance(u, types.UpdateNewChannelMessage))


def shown(message):
    """What a viewer sees, in the words that all versions have in common."""
    entities = message.entities or []
    return {
        "id": message.id,
        "text": message.message or "",
        "entities": [[type(e).__name__, e.offset, e.length] for e in entities],
        "media": type(message.media).__name__ if message.media else None,
        "details": details(message.media),
        "action": type(message.action).__name__ if message.action else None,
        "reply": message.reply_to.reply_to_msg_id if message.reply_to else None,
        "forwarded": message.fwd_from is not None,
        "together": message.grouped_id,
    }


def details(media):
    text = lambda of: getattr(of, "text", of)  # noqa: E731
    match type(media).__name__:
        case "MessageMediaPhoto":
            return [[size.type, getattr(size, "w", 0)] for size in media.photo.sizes]
        case "MessageMediaDocument":
            names = sorted(type(a).__name__ for a in media.document.attributes)
            return [media.document.mime_type, media.document.size, names]
        case "MessageMediaContact":
            return [media.phone_number, media.first_name, media.last_name]
        case "MessageMediaGeo":
            return [media.geo.lat, media.geo.long]
        case "MessageMediaVenue":
            return [media.title, media.address, media.geo.lat]
        case "MessageMediaDice":
            return [media.emoticon, media.value]
        case "MessageMediaPoll":
            return [text(media.poll.question), [text(a.text) for a in media.poll.answers]]
    return None


async def main(server, phone, name):
    person = Person(await log_in(make_client(python.SimpleNamespace(**server)), phone, name))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command, *arguments = json.loads(line)
        print(json.dumps(await getattr(person, command)(*arguments)), flush=True)
    await person.leave()


if __name__ == "__main__":
    asyncio.run(main(*json.loads(sys.argv[1])))
