"""A person makes bots with BotFather, and what it made works over HTTP and MTProto."""

import json
import re
import urllib.error
import urllib.request

import pytest
from telethon import functions, types

from bots_judge import person
from telethon_judge import make_client

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{35}")


@pytest.fixture
async def alice(server, phones):
    async with person(server, next(phones)) as alice:
        yield alice


def http(server, token, method):
    try:
        with urllib.request.urlopen(f"{server.url}/bot{token}/{method}") as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


async def test_a_bot_is_made_changed_and_deleted(server, alice):
    # B-004, B-010 … B-016, B-101
    father = await alice.client.get_entity("BotFather")
    assert father.bot and father.verified and father.bot_nochats
    full = await alice.client(functions.users.GetFullUserRequest(father))
    assert "newbot" in {c.command for c in full.full_user.bot_info.commands}
    async with alice.client.conversation(father, timeout=20) as talk:

        async def say(text):
            await talk.send_message(text)
            return await talk.get_response()

        assert "/newbot" in (await say("/start")).text
        assert "no bots" in (await say("/mybots")).text
        assert "called" in (await say("/newbot")).text
        assert "user name" in (await say("Tea shop")).text
        assert "ends in" in (await say("teashop")).text
        made = await say("TeaShopBot")
        token = TOKEN.search(made.raw_text)[0]
        code = next(e for e in made.entities if isinstance(e, types.MessageEntityCode))
        assert made.raw_text[code.offset :][: code.length] == token

        me = http(server, token, "getMe")["result"]
        assert (me["first_name"], me["username"]) == ("Tea shop", "TeaShopBot")
        assert (me["can_join_groups"], me["can_read_all_group_messages"], me["supports_inline_queries"]) == (True, False, False)

        assert "Somebody has" in [await say("/newbot"), await say("Another"), await say("teashopbot")][-1].text
        assert (await say("/cancel")).text == "Forgotten."

        async def change(command, value):
            offered = await say(command)
            assert [b.text for row in offered.buttons for b in row] == ["@TeaShopBot"]
            await say("@TeaShopBot")
            return (await say(value)).text

        for command, value in [
            ("/setname", "Coffee shop"), ("/setdescription", "Sells coffee"), ("/setabouttext", "A shop"),
            ("/setcommands", "start - begins anew\nmenu - what there is"), ("/setinline", "What to drink?"),
            ("/setinlinefeedback", "on"), ("/setprivacy", "off"), ("/setjoingroups", "off"),
        ]:
            assert await change(command, value) == "Done.", command
        me = http(server, token, "getMe")["result"]
        assert me["first_name"] == "Coffee shop"
        assert (me["can_join_groups"], me["can_read_all_group_messages"], me["supports_inline_queries"]) == (False, True, True)
        assert [c["command"] for c in http(server, token, "getMyCommands")["result"]] == ["start", "menu"]
        assert http(server, token, "getMyDescription")["result"]["description"] == "Sells coffee"
        assert "did not understand" in await change("/setprivacy", "perhaps")
        assert "small letters" in await change("/setcommands", "Bad Command - x")

        await say("/revoke")
        fresh = TOKEN.search((await say("@TeaShopBot")).raw_text)[0]
        assert fresh != token and http(server, token, "getMe")["error_code"] == 401
        async with bot_of(server, fresh) as bot:
            assert (await bot.get_me()).username == "TeaShopBot"
        await say("/token")
        assert TOKEN.search((await say("@TeaShopBot")).raw_text)[0] == fresh

        assert "sure" in [await say("/deletebot"), await say("@TeaShopBot")][-1].text
        assert (await say("delete")).text == "The bot is gone."
        assert http(server, fresh, "getMe")["error_code"] == 401


def bot_of(server, token):
    class Session:
        async def __aenter__(self):
            self.client = make_client(server)
            await self.client.connect()
            await self.client.sign_in(bot_token=token)
            return self.client

        async def __aexit__(self, *_):
            await self.client.disconnect()

    return Session()


async def test_nobody_touches_the_bots_of_others(server, alice, phones):
    async with person(server, next(phones), "Ben") as ben:
        for who, name in ((alice, "OneOfAliceBot"), (ben, "OneOfBenBot")):
            async with who.client.conversation("BotFather", timeout=20) as talk:
                for text in ("/newbot", "One", name):
                    await talk.send_message(text)
                    answer = await talk.get_response()
                assert TOKEN.search(answer.raw_text)
        async with ben.client.conversation("BotFather", timeout=20) as talk:
            await talk.send_message("/token")
            offered = await talk.get_response()
            assert [b.text for row in offered.buttons for b in row] == ["@OneOfBenBot"]
            await talk.send_message("@OneOfAliceBot")
            assert "no such bot" in (await talk.get_response()).text
