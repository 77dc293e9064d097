"""Telethon of layer 133 and the newest, each in a process of its own, in one group: what one says the other sees."""

import asyncio
import json
import os
import pathlib
import sys

import pytest
from telethon import errors, functions, types

from telethon_judge import logged_in
from telethon_kinds import Person

OLDEST = "telethon133"


class Elsewhere:
    """A person in another process, with the methods of `Person`."""

    @classmethod
    async def begin(cls, server, phone, name):
        person = cls()
        facts = {"host": server.host, "port": server.port, "dc": server.dc, "key": server.key}
        package = os.path.join(os.environ["ZAUN_OLDER"], OLDEST)
        path = os.pathsep.join([package, os.environ["PYTHONPATH"]])
        program = pathlib.Path(__file__).with_name("telethon_kinds.py")
        person.process = await asyncio.create_subprocess_exec(
            sys.executable, program, json.dumps([facts, phone, name]),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": path},
        )
        return person

    def __getattr__(self, command):
        async def ask(*arguments):
            self.process.stdin.write(json.dumps([command, *arguments]).encode() + b"\n")
            line = await asyncio.wait_for(self.process.stdout.readline(), 60)
            assert line, f"{command} {arguments} ended the other process"
            return json.loads(line)

        return ask

    async def end(self):
        self.process.stdin.close()
        try:
            assert await asyncio.wait_for(self.process.wait(), 10) == 0
        finally:
            if self.process.returncode is None:
                self.process.kill()


@pytest.fixture
async def apart(server, phones):
    """The newest Telethon here, the oldest in another process."""
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        bob = await Elsewhere.begin(server, next(phones), "Bob")
        here = Person(alice)
        assert await here.layer() - await bob.layer() > 90
        yield here, bob
        await bob.end()


async def as_known(viewer, said):
    """What a viewer sees of a message: what its layer has no constructor for is unsupported, empty or left out."""
    names = {said["media"], said["action"], *(name for name, *_ in said["entities"])} - {None}
    known = await viewer.knows(sorted(names))
    seen = dict(said)
    seen["entities"] = [entity for entity in said["entities"] if entity[0] in known]
    if said["media"] and said["media"] not in known:
        seen["media"], seen["details"] = "MessageMediaUnsupported", None
    if said["action"] and said["action"] not in known:
        seen["action"] = "MessageActionEmpty"
    return seen


@pytest.mark.parametrize("says", ["the newest", "the oldest"])
async def test_every_kind_of_message_is_seen_or_shown_as_unsupported(apart, says):
    speaker, viewer = apart if says == "the newest" else apart[::-1]
    group = await speaker.found("wide_group")
    await viewer.join(group)
    for kind in await speaker.kinds():
        for message_id in await speaker.say(kind, group):
            said = await speaker.see(group, message_id)
            expected = await as_known(viewer, said)
            assert await viewer.hear(message_id) == expected, kind
            assert await viewer.see(group, message_id) == expected, kind
            if said["media"] in ("MessageMediaPhoto", "MessageMediaDocument"):
                assert await viewer.load(group, message_id) == await speaker.load(group, message_id), kind
    (message_id,) = await speaker.say("text", group)
    await viewer.hear(message_id)
    await speaker.edit(group, message_id, "other words")
    assert (await viewer.hear_edit(message_id, "other words"))["text"] == "other words"
    await speaker.delete(group, message_id)
    await viewer.miss(message_id)


async def test_who_joined_by_request_is_an_empty_service_message_before_layer_134(apart, server, phones):
    alice, bob = apart
    group = await alice.found("wide_group")
    await bob.join(group)
    async with logged_in(server, (next(phones), "Carol")) as (carol,):
        link = await alice.client(functions.messages.ExportChatInviteRequest(group, request_needed=True))
        with pytest.raises(errors.InviteRequestSentError):
            await carol(functions.messages.ImportChatInviteRequest(link.link.rsplit("+", 1)[1]))
        asking = await alice.client(functions.messages.GetChatInviteImportersRequest(
            group, offset_date=None, offset_user=types.InputUserEmpty(), limit=1, requested=True))
        result = await alice.client(functions.messages.HideChatJoinRequestRequest(group, asking.users[0], approved=True))
        joined = next(u.message for u in result.updates if isinstance(u, types.UpdateNewChannelMessage))
        assert isinstance(joined.action, types.MessageActionChatJoinedByRequest)
        assert (await bob.hear(joined.id))["action"] == "MessageActionEmpty"


async def test_a_reaction_leaves_an_old_viewer_with_the_message(apart):
    alice, bob = apart
    group = await alice.found("wide_group")
    await bob.join(group)
    (message_id,) = await alice.say("text", group)
    said = await bob.hear(message_id)
    reaction = [types.ReactionEmoji("👍")]
    await alice.client(functions.messages.SendReactionRequest(group, message_id, reaction=reaction))
    assert await bob.see(group, message_id) == said
