"""What is found in plain text: TDLib's own finder is the oracle for every line of texts.txt."""

import ctypes
import json
import pathlib

import tdjson
from telethon import functions, types

from telethon_judge import logged_in

TEXTS = pathlib.Path(__file__).parent / "texts.txt"
# Found by servers and clients each in their own way, so not compared.
APART = {"MediaTimestamp", "BankCardNumber", "PhoneNumber"}
NAMES = {
    types.MessageEntityMention: "Mention",
    types.MessageEntityHashtag: "Hashtag",
    types.MessageEntityCashtag: "Cashtag",
    types.MessageEntityBotCommand: "BotCommand",
    types.MessageEntityUrl: "Url",
    types.MessageEntityEmail: "EmailAddress",
}


def oracle():
    """TDLib's getTextEntities, which needs no server."""
    (path,) = (pathlib.Path(tdjson.__file__).parent.parent / "tdjson.libs").glob("libtdjson*")
    library = ctypes.CDLL(str(path))
    library.td_execute.argtypes = [ctypes.c_char_p]
    library.td_execute.restype = ctypes.c_char_p

    def find(text):
        answer = json.loads(library.td_execute(json.dumps({"@type": "getTextEntities", "text": text}).encode()))
        entities = ((e["type"]["@type"].removeprefix("textEntityType"), e["offset"], e["length"]) for e in answer["entities"])
        return [entity for entity in entities if entity[0] not in APART]

    find("")
    return find


async def test_entities_of_plain_text_are_those_that_tdlib_finds(server, phones):
    find = oracle()
    texts = [line.replace("\\n", "\n").strip() for line in TEXTS.read_text().splitlines()]
    assert len(texts) >= 150
    differ = []
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        for number, text in enumerate(texts, 1):
            sent = await alice(functions.messages.SendMessageRequest(types.InputPeerSelf(), text, random_id=number))
            entities = getattr(sent, "entities", None)
            if isinstance(sent, types.Updates):
                (message,) = (u.message for u in sent.updates if isinstance(u, types.UpdateNewMessage))
                entities = message.entities
            ours = [(NAMES[type(e)], e.offset, e.length) for e in entities or ()]
            if ours != find(text):
                differ.append((text, ours, find(text)))
    assert not differ, differ
