"""A person who talks to bots, with Telethon: what bot frameworks are judged by."""

import contextlib
import io

from PIL import Image
from telethon import events

from telethon_judge import Inbox, log_in, make_client


class Person:
    """A user and everything that comes to her."""

    def __init__(self, client, me):
        self.client = client
        self.me = me
        self.messages = Inbox(client, events.NewMessage(incoming=True))
        self.edits = Inbox(client, events.MessageEdited(incoming=True))

    async def hear(self, wanted, timeout=15):
        """The first message that fits; a text stands for its message."""
        fits = wanted if callable(wanted) else lambda m: m.raw_text == wanted
        return (await self.messages.wait(lambda event: fits(event.message), timeout)).message

    async def hear_edit(self, wanted, timeout=15):
        fits = wanted if callable(wanted) else lambda m: m.raw_text == wanted
        return (await self.edits.wait(lambda event: fits(event.message), timeout)).message

    async def ask(self, whom, text, answer, **kwargs):
        """Sends a text and waits for the answer."""
        sent = await self.client.send_message(whom, text, **kwargs)
        return await self.hear(lambda m: m.raw_text == answer and m.id > sent.id), sent


@contextlib.asynccontextmanager
async def person(server, phone, name="Alice"):
    client = await log_in(make_client(server), phone, name)
    try:
        yield Person(client, await client.get_me())
    finally:
        await client.disconnect()


def picture(width=64, height=48, colour=(200, 30, 60), kind="JPEG"):
    """An image, a JPEG unless another kind is asked for."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def data_of(message):
    """The buttons under a message: rows of (text, data)."""
    return [[(b.text, b.data) for b in row] for row in message.buttons or []]
