"""A Telegram of a test's own: starts `zaun serve --sandbox` and steers it. Only the standard library is used."""

import http.client
import json
import os
import shutil
import subprocess
import urllib.parse

__all__ = ["Bot", "Chat", "Sandbox", "SandboxError", "User", "Wait"]

#: Seconds that a call may take beyond what it waits for on purpose.
CALL_TIMEOUT = 75


class SandboxError(Exception):
    """A refused call: `status`, `text`, the `field` that is wrong, and what was `seen` instead of what was waited for."""

    def __init__(self, call, status, answer):
        self.status, self.text = status, answer.get("error", "")
        self.field, self.seen = answer.get("field"), answer.get("seen")
        place = f"{self.field}: " if self.field else ""
        seen = f"; seen instead: {json.dumps(self.seen, ensure_ascii=False)}" if self.seen is not None else ""
        super().__init__(f"{call}: {place}{self.text} ({status}){seen}")


class Wait(SandboxError):
    """What was waited for did not happen in time."""


def _plain(value):
    """What a call takes: people and conversations are named by their ids."""
    if isinstance(value, (User, Chat)):
        return value.id
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


class User:
    """A person of the sandbox, who acts and looks."""

    def __init__(self, sandbox, made):
        self.sandbox, self.made = sandbox, made
        self.id, self.first_name = made["id"], made["first_name"]
        self.username, self.phone = made.get("username"), made.get("phone")

    def __repr__(self):
        return f"<{type(self).__name__} {self.first_name} {self.id}>"

    def call(self, name, /, **fields):
        """Makes a call as this person."""
        return self.sandbox.call(name, as_=self, **fields)

    def send(self, chat, text, **more):
        return self.call("send", chat=chat, text=text, **more)

    def edit(self, chat, message, text):
        return self.call("edit", chat=chat, message=message, text=text)

    def delete(self, chat, *messages, **more):
        return self.call("delete", chat=chat, messages=messages, **more)

    def read(self, chat):
        return self.call("read", chat=chat)

    def press(self, chat, button, **more):
        """Presses the newest button of this text; returns the press with the bot's `answer`."""
        return self.call("press", chat=chat, button=button, **more)

    def react(self, chat, message, emoji=None):
        """Reacts to a message; without an emoji the reaction is taken back."""
        return self.call("react", chat=chat, message=message, emoji=emoji)

    def vote(self, chat, message, *options):
        """Votes in a poll by the texts of its answers; without any the vote is taken back."""
        return self.call("vote", chat=chat, message=message, options=options)

    def follow(self, link):
        """Follows an invite link."""
        return self.call("follow", link=link)

    def pay(self, chat=None, message=None, **more):
        """Pays an invoice: that of a message, or that of a `link`."""
        return self.call("pay", chat=chat, message=message, **more)

    def open_app(self, chat, **more):
        """Opens a mini app: `bot`, `url`, `start_param`; gives its `url`, `init_data` and `query_id`."""
        return self.call("open_app", chat=chat, **more)

    def send_app_data(self, bot, button, data):
        """Sends a bot what a mini app of a reply keyboard has to say."""
        return self.call("send_app_data", bot=bot, button=button, data=data)

    def give_stars(self, amount):
        """Gives this person stars; returns how many it has then."""
        return self.sandbox.call("give_stars", user=self, amount=amount)["balance"]

    def join(self, chat):
        return self.call("join", chat=chat)

    def leave(self, chat):
        return self.call("leave", chat=chat)

    def chats(self):
        return self.call("chats")

    def messages(self, chat, **more):
        return self.call("messages", chat=chat, **more)

    def wait_message(self, chat, text=None, **more):
        """Waits for a message: `text`, or any of `contains`, `from_`, `button`, `message`, `after`."""
        return self.call("wait_message", chat=chat, text=text, **more)

    def wait_gone(self, chat, message, **more):
        """Waits until this person sees a message no more."""
        return self.call("wait_gone", chat=chat, message=message, **more)


class Bot(User):
    """A bot of the sandbox, with the `token` for its program."""

    def __init__(self, sandbox, made):
        super().__init__(sandbox, made)
        self.token = made["token"]

    def wait_idle(self, **more):
        """Waits until the bot's program has taken all its updates."""
        return self.sandbox.call("wait_idle", bot=self, **more)


class Chat:
    """A group or a channel of the sandbox."""

    def __init__(self, made):
        self.made, self.id, self.title = made, made["id"], made["title"]

    def __repr__(self):
        return f"<Chat {self.title} {self.id}>"


class Sandbox:
    """A running server. Use it in a `with`, or call `stop`."""

    def __init__(self, *args, binary=None, log=subprocess.DEVNULL):
        """`binary` is `zaun`: the one that is given, that of the environment variable ZAUN, or the one on PATH."""
        binary = binary or os.environ.get("ZAUN") or shutil.which("zaun")
        if not binary:
            raise FileNotFoundError("no zaun on PATH; put it there, or its place into the variable ZAUN")
        command = [binary, "serve", "--sandbox", "--json", "--listen", "127.0.0.1:0", *args]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
        self.announced = json.loads(line)
        self.host, self.port, self.dc = (self.announced[name] for name in ("address", "port", "dc"))
        #: The key that MTProto clients trust, in PEM form.
        self.key = self.announced["key"]["pkcs1_pem"]
        #: What bot frameworks call api_root or base URL.
        self.bot_api = f"http://{self.host}:{self.port}"
        self._url = urllib.parse.urlsplit(self.announced["control"]["url"])
        self._token = self.announced["control"]["token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the server; nothing is kept."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def call(self, name, /, **fields):
        """Makes a call of docs/SANDBOX.md; `as_` and `from_` stand for `as` and `from`, None for what is left out."""
        fields = {key.rstrip("_"): _plain(value) for key, value in fields.items() if value is not None}
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=CALL_TIMEOUT)
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            connection.request("POST", self._url.path + name, json.dumps(fields), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise (Wait if response.status == 408 else SandboxError)(name, response.status, answer)
        return answer

    def create_user(self, first_name, **more):
        return User(self, self.call("create_user", first_name=first_name, **more))

    def create_bot(self, first_name, **more):
        return Bot(self, self.call("create_bot", first_name=first_name, **more))

    def create_group(self, title, owner, *members, **more):
        return self._create_chat("group", title, owner, members, more)

    def create_supergroup(self, title, owner, *members, **more):
        return self._create_chat("supergroup", title, owner, members, more)

    def create_channel(self, title, owner, *members, **more):
        return self._create_chat("channel", title, owner, members, more)

    def _create_chat(self, kind, title, owner, members, more):
        return Chat(self.call("create_chat", kind=kind, title=title, owner=owner, members=members, **more))

    def wait_answer(self, press, **more):
        """Waits for the bot's answer to a press that was made with `wait_ms=0`."""
        return self.call("wait_answer", press=press["press"], **more)

    def login_code(self, phone):
        return self.call("login_code", phone=phone)["code"]

    def advance(self, seconds):
        """Lets time pass; what falls due meanwhile is done."""
        return self.call("advance", seconds=seconds)["now"]

    def fault(self, method, kind, **more):
        """Spoils the next calls of a method: docs/SANDBOX.md has the kinds."""
        return self.call("fault", method=method, kind=kind, **more)["fault"]

    def cut(self):
        """Closes all MTProto connections."""
        self.call("cut")

    def missing(self):
        """Methods that were asked for and that do not exist."""
        return self.call("missing")

    def reset(self):
        """Puts everything back to the start."""
        self.call("reset")

    def snapshot(self, name):
        self.call("snapshot", name=name)

    def restore(self, name):
        self.call("restore", name=name)

    async def telethon(self, user=None, **settings):
        """Returns a Telethon client for this sandbox, logged in as a user if one is given. Telethon must be installed."""
        from telethon import TelegramClient
        from telethon.crypto import rsa
        from telethon.sessions import MemorySession

        rsa._server_keys.clear()
        rsa.add_key(self.key, old=False)
        session = MemorySession()
        session.set_dc(self.dc, self.host, self.port)
        client = TelegramClient(session, 1, "hash", **({"retry_delay": 0.1, "connection_retries": 20} | settings))
        await client.connect()
        if user is not None:
            await client.send_code_request(user.phone)
            await client.sign_in(user.phone, self.login_code(user.phone))
            # From here on it is told of what happens.
            await client.get_me()
        return client
