"""A userbot with Telethon, tested as a user of sdk/python tests one."""

import asyncio

import pytest
from telethon import errors, events


async def call(function, *arguments, **more):
    """The sandbox is steered from a thread, so that the client goes on meanwhile."""
    return await asyncio.to_thread(function, *arguments, **more)


@pytest.fixture
async def moderator(sandbox):
    """A person whose program deletes rude words and greets everybody else."""
    person = sandbox.create_user("Moderator")
    client = await sandbox.telethon(person)

    @client.on(events.NewMessage(incoming=True))
    async def judge(event):
        if "cabbage" in event.raw_text:
            await event.delete()
        else:
            await event.reply("welcome")

    person.client = client
    yield person
    await client.disconnect()


async def test_the_moderator_greets_and_deletes(sandbox, moderator):
    anna = sandbox.create_user("Anna")
    garden = sandbox.create_supergroup("Garden", moderator, anna)
    hello = await call(anna.send, garden, "hello")
    greeting = await call(anna.wait_message, garden, "welcome", from_=moderator)
    assert greeting["reply_to_message"]["message_id"] == hello["message_id"]
    rude = await call(anna.send, garden, "you cabbage")
    await call(anna.wait_gone, garden, rude["message_id"])
    await call(anna.send, garden, "good night")
    await call(anna.wait_message, garden, "welcome", after=greeting["message_id"])
    texts = [message["text"] for message in await call(anna.messages, garden) if "text" in message]
    assert texts == ["hello", "welcome", "good night", "welcome"]


async def test_a_flood_wait_reaches_the_program(sandbox, moderator):
    anna = sandbox.create_user("Anna")
    await call(anna.send, moderator, "hello")
    await call(anna.wait_message, moderator, "welcome")
    # A short one is waited out by Telethon itself.
    sandbox.fault("messages.sendMessage", "flood_wait", seconds=1)
    await moderator.client.send_message(anna.id, "how are you?")
    await call(anna.wait_message, moderator, "how are you?")
    sandbox.fault("messages.sendMessage", "flood_wait", seconds=120)
    with pytest.raises(errors.FloodWaitError) as wait:
        await moderator.client.send_message(anna.id, "and now?")
    assert wait.value.seconds == 120


async def test_a_cut_connection_loses_nothing(sandbox, moderator):
    anna = sandbox.create_user("Anna")
    await call(sandbox.cut)
    await call(anna.send, moderator, "one")
    # Telethon comes back with a session of its own and does not ask what it missed. The answer to the first question may
    # still come over the connection that is being cut, that to the second one cannot.
    await moderator.client.get_me()
    await moderator.client.get_me()
    # This is where it sees the gap, and fetches both.
    await call(anna.send, moderator, "two")
    answers = [await call(anna.wait_message, moderator, "welcome")]
    answers.append(await call(anna.wait_message, moderator, "welcome", after=answers[0]["message_id"]))
    assert {answer["reply_to_message"]["text"] for answer in answers} == {"one", "two"}


async def test_a_client_comes_back_with_its_key_after_a_restore(sandbox, moderator):
    anna = sandbox.create_user("Anna")
    await call(anna.send, moderator, "hello")
    await call(anna.wait_message, moderator, "welcome")
    await call(sandbox.snapshot, "greeted")
    await call(anna.send, moderator, "cabbage")
    await call(sandbox.restore, "greeted")
    assert (await moderator.client.get_me()).id == moderator.id
    seen = await moderator.client.get_messages(anna.id, limit=10)
    assert [message.raw_text for message in seen] == ["welcome", "hello"]
