"""A shop bot over the Bot API, tested as a user of sdk/python tests a bot of their own."""

import json
import threading
import time
import urllib.error
import urllib.request

import pytest

from zaun_sandbox import SandboxError, Wait

DAY = 86_400


class ShopBot(threading.Thread):
    """A bot without any framework: it sells tea, and waits when it is told to."""

    def __init__(self, sandbox, token):
        super().__init__(daemon=True)
        self.url = f"{sandbox.bot_api}/bot{token}/"
        self.waited = []
        self.ending = False
        self.start()

    def call(self, method, **params):
        request = urllib.request.Request(
            self.url + method, json.dumps(params).encode(), {"Content-Type": "application/json"}
        )
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as response:
                    return json.load(response)["result"]
            except urllib.error.HTTPError as error:
                answer = json.load(error)
                if error.code != 429:
                    raise
                self.waited.append(answer["parameters"]["retry_after"])
                time.sleep(self.waited[-1])

    def run(self):
        offset = 0
        while not self.ending:
            for update in self.call("getUpdates", offset=offset, timeout=1):
                offset = update["update_id"] + 1
                self.take(update)

    def take(self, update):
        if message := update.get("message"):
            keyboard = {"inline_keyboard": [[{"text": "Tea", "callback_data": "tea"}]]}
            self.call("sendMessage", chat_id=message["chat"]["id"], text="What shall it be?", reply_markup=keyboard)
        elif query := update.get("callback_query"):
            self.call("answerCallbackQuery", callback_query_id=query["id"], text="It is brewing.", show_alert=True)
            place = {"chat_id": query["message"]["chat"]["id"], "message_id": query["message"]["message_id"]}
            self.call("editMessageText", text="One tea.", **place)

    def stop(self):
        self.ending = True
        self.join()


@pytest.fixture
def shop(sandbox):
    bot = sandbox.create_bot("Shop")
    program = ShopBot(sandbox, bot.token)
    bot.program = program
    yield bot
    program.stop()


def test_tea_is_sold(sandbox, shop):
    anna = sandbox.create_user("Anna")
    anna.send(shop, "/start")
    menu = anna.wait_message(shop, "What shall it be?", button="Tea")
    pressed = anna.press(shop, "Tea")
    assert pressed["answer"]["text"] == "It is brewing." and pressed["answer"]["alert"]
    edited = anna.wait_message(shop, "One tea.", message=menu["message_id"])
    assert "buttons" not in edited
    shop.wait_idle()
    assert sandbox.missing() == {"mtproto": {}, "bot_api": {}}


def test_the_bot_waits_when_it_is_told_to(sandbox, shop):
    anna = sandbox.create_user("Anna")
    sandbox.fault("sendMessage", "flood_wait", seconds=1, bot=shop)
    anna.send(shop, "/start")
    anna.wait_message(shop, button="Tea")
    assert shop.program.waited == [1]


def test_tomorrow_comes_when_it_is_called(sandbox, shop):
    anna = sandbox.create_user("Anna")
    first = anna.send(shop, "/start")
    sandbox.advance(DAY)
    second = anna.send(shop, "/start")
    assert DAY <= second["date"] - first["date"] < DAY + 60


def test_every_test_has_a_sandbox_of_its_own(sandbox):
    assert sandbox.create_user("Ben").id == 1_000_001


def test_what_is_wrong_is_said(sandbox):
    anna, ben = sandbox.create_user("Anna"), sandbox.create_user("Ben")
    with pytest.raises(SandboxError) as refused:
        sandbox.create_supergroup("Garden", anna, ben, 7)
    assert refused.value.field == "members[1]" and "nobody here is 7" in str(refused.value)
    anna.send(ben, "hello")
    with pytest.raises(Wait, match="hello"):
        ben.wait_message(anna, "goodbye", wait_ms=20)


def test_resets_are_fast(sandbox):
    times = []
    for _ in range(50):
        sandbox.create_user("Anna")
        start = time.perf_counter()
        sandbox.reset()
        times.append(time.perf_counter() - start)
    print(f"median of {len(times)} resets over HTTP: {sorted(times)[25] * 1000:.1f} ms")
    assert sorted(times)[25] < 0.1
