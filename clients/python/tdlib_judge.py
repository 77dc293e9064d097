"""TDLib from the registry's wheel, unmodified but for the server keys: texts inside the library, replaced length for
length in a temporary copy, because it offers no other way."""

import asyncio
import ctypes
import json
import pathlib
import re
import threading

import tdjson

PEM = re.compile(rb"-----BEGIN RSA PUBLIC KEY-----[^-]*-----END RSA PUBLIC KEY-----")


def patched_library(pem, folder):
    """A copy whose two MTProto keys are ours. The third PEM (other line lengths) is that of the DNS configuration."""
    libs = pathlib.Path(tdjson.__file__).parent.parent / "tdjson.libs"
    (original,) = libs.glob("libtdjson*")
    image = bytearray(original.read_bytes())
    pem = pem.strip().encode()
    keys = [m for m in PEM.finditer(bytes(image)) if m.end() - m.start() == len(pem)]
    assert len(keys) == 2, "the library holds its keys in another form"
    for key in keys:
        image[key.start() : key.end()] = pem
    copy = folder / "libtdjson.so"
    copy.write_bytes(image)
    return copy


class Library:
    """The JSON interface. One thread receives for all clients, as TDLib demands."""

    def __init__(self, path):
        lib = ctypes.CDLL(str(path))
        lib.td_create_client_id.restype = ctypes.c_int
        lib.td_send.argtypes = [ctypes.c_int, ctypes.c_char_p]
        lib.td_receive.argtypes = [ctypes.c_double]
        lib.td_receive.restype = ctypes.c_char_p
        lib.td_execute.argtypes = [ctypes.c_char_p]
        lib.td_execute.restype = ctypes.c_char_p
        self.lib = lib
        self.clients = {}
        lib.td_execute(json.dumps({"@type": "setLogVerbosityLevel", "new_verbosity_level": 1}).encode())
        self.running = True
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        while self.running:
            data = self.lib.td_receive(0.5)
            if data:
                event = json.loads(data)
                client = self.clients.get(event["@client_id"])
                if client:
                    client.loop.call_soon_threadsafe(client.take, event)

    def close(self):
        self.running = False
        self.thread.join()


def through(kind, port, **settings):
    """A proxy of TDLib's type `kind`."""
    return {"@type": "proxy", "server": "127.0.0.1", "port": port, "type": {"@type": f"proxyType{kind}", **settings}}


class TdError(Exception):
    pass


class Client:
    """One TDLib client: requests with answers, updates in a list that can be waited on."""

    def __init__(self, library, folder, proxy):
        """`proxy` is TDLib's object of that name: the way to the server under test."""
        self.library = library
        self.folder = folder
        self.proxy = proxy
        self.loop = asyncio.get_running_loop()
        self.id = library.lib.td_create_client_id()
        library.clients[self.id] = self
        self.next = 0
        self.waiting = {}
        self.updates = []
        self.changed = asyncio.Event()

    def take(self, event):
        future = self.waiting.pop(event.get("@extra"), None)
        if future:
            if not future.done():
                future.set_result(event)
        else:
            self.updates.append(event)
            self.changed.set()

    async def __call__(self, kind, timeout=30, **params):
        self.next += 1
        future = self.waiting[self.next] = self.loop.create_future()
        request = {"@type": kind, "@extra": self.next, **params}
        self.library.lib.td_send(self.id, json.dumps(request).encode())
        answer = await asyncio.wait_for(future, timeout)
        if answer["@type"] == "error":
            raise TdError(f"{kind}: {answer}")
        return answer

    async def wait(self, wanted, timeout=30, what="an update"):
        async def look():
            seen = 0
            while True:
                self.changed.clear()
                for update in self.updates[seen:]:
                    seen += 1
                    if wanted(update):
                        return update
                await self.changed.wait()

        try:
            return await asyncio.wait_for(look(), timeout)
        except TimeoutError:
            kinds = [u["@type"] for u in self.updates[-30:]]
            raise AssertionError(f"{what} did not come; last updates: {kinds}") from None

    def is_in(self, state):
        """Whether the newest authorization state is this one."""
        states = [u["authorization_state"]["@type"] for u in self.updates if u["@type"] == "updateAuthorizationState"]
        return states[-1:] == [state]

    async def state(self, name):
        await self.wait(
            lambda u: u["@type"] == "updateAuthorizationState" and u["authorization_state"]["@type"] == name, what=name
        )

    async def begin(self, use_pfs=False):
        # A client wakes up with its first request.
        await self("getOption", name="version")
        await self.state("authorizationStateWaitTdlibParameters")
        await self(
            "setTdlibParameters",
            use_test_dc=False,
            database_directory=str(self.folder),
            use_file_database=False,
            use_chat_info_database=False,
            use_message_database=False,
            use_secret_chats=False,
            api_id=1,
            api_hash="hash",
            system_language_code="en",
            device_model="judge",
            application_version="1",
        )
        await self("addProxy", proxy=self.proxy, enable=True)
        if use_pfs:
            await self("setOption", name="use_pfs", value={"@type": "optionValueBoolean", "value": True})
        await self.state("authorizationStateWaitPhoneNumber")

    async def log_in_bot(self, token):
        await self.begin()
        await self("checkAuthenticationBotToken", token=token)
        await self.state("authorizationStateReady")
        # What is written to a bot before it asked where its updates are is not new to it.
        stage = iter(["authorizationStateReady", "connectionStateReady"])
        wanted = [next(stage)]

        def in_step(update):
            states = [part["@type"] for part in update.values() if isinstance(part, dict)]
            if wanted[0] in states:
                wanted[0] = next(stage, None)
            return wanted[0] is None

        await self.wait(in_step, what="the bot's being in step")

    async def log_in(self, phone, code, first_name, use_pfs=False):
        await self.begin(use_pfs)
        await self("setAuthenticationPhoneNumber", phone_number="+" + phone)
        await self.state("authorizationStateWaitCode")
        await self("checkAuthenticationCode", code=code)
        registers = lambda u: u["@type"] == "updateAuthorizationState" and u["authorization_state"]["@type"] in (
            "authorizationStateWaitRegistration",
            "authorizationStateReady",
        )
        state = await self.wait(registers, what="the login's end")
        if state["authorization_state"]["@type"] == "authorizationStateWaitRegistration":
            await self("registerUser", first_name=first_name, last_name="")
            await self.state("authorizationStateReady")

    async def close(self):
        await self("close")
        await self.state("authorizationStateClosed")
