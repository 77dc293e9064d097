"""What strangers see of `zaun proxy`: a real nginx, byte for byte (M-340, M-345, M-353)."""

import asyncio
import hmac
import random
import ssl
import time

import pytest

from proxy_judge import COVER_DOMAIN, Nginx, Proxy, Recorder, shape, upstream, visit
from server import SECRET_KEY, SECRETS, code_for
from tdlib_judge import Client, through
from telethon_judge import THROUGH_SECRETS, logged_in
from test_tdlib import key_file, library  # noqa: F401: fixtures

KEY = bytes.fromhex(SECRET_KEY)
EE = "ee" + SECRET_KEY + COVER_DOMAIN.encode().hex()
RANDOM = slice(11, 43)


@pytest.fixture
async def site(tmp_path):
    nginx = Nginx(tmp_path / "site")
    try:
        yield await nginx.started()
    finally:
        nginx.stop()


@pytest.fixture
async def behind(site):
    """Hears what the proxy and the site say to each other."""
    async with Recorder("127.0.0.1", site.port) as recorder:
        yield recorder


@pytest.fixture
def start_proxy(tmp_path, behind):
    proxies = []

    def start(secret, server=None):
        tcp = f"{server.host}:{server.port}" if server else None
        proxy = Proxy(tmp_path / "proxy", [secret], upstream(["direct"], tcp=tcp), cover=f"127.0.0.1:{behind.port}")
        proxies.append(proxy)
        return proxy

    yield start
    for proxy in proxies:
        proxy.stop()


def client_hello(name=COVER_DOMAIN, alpn=False):
    """The first record of a real TLS client. It offers cipher suites in the order of Telegram's applications, whose hashes
    differ in length; and with `alpn` protocols as they do."""
    context = ssl.create_default_context()
    if alpn:
        context.set_alpn_protocols(["h2", "http/1.1"])
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    usual = bytes.fromhex("130213031301")
    assert hello.count(usual) == 1
    return hello.replace(usual, bytes.fromhex("130113021303"))


def signed(hello, key=KEY, age_s=0):
    """M-342."""
    hello = bytearray(hello)
    hello[RANDOM] = bytes(32)
    mac = hmac.digest(key, hello, "sha256")
    stamp = (int(time.time()) - age_s).to_bytes(4, "little")
    hello[RANDOM] = mac[:28] + bytes(a ^ b for a, b in zip(mac[28:], stamp))
    return bytes(hello)


def is_ours(answer, hello, key=KEY):
    """Whether the answer proves that its sender knows the secret (M-347)."""
    if answer[:1] != b"\x16":
        return False
    zeroed = bytearray(answer)
    zeroed[RANDOM] = bytes(32)
    return hmac.digest(key, hello[RANDOM] + zeroed, "sha256") == answer[RANDOM]


async def sees_the_site(site, behind, proxy, bytes_sent, ends=True):
    """The stranger gets what nginx sent on this connection, nginx heard what the stranger said, and without the proxy
    the same bytes are answered alike."""
    before = len(behind.sessions)
    through_proxy = await visit(proxy.port, [bytes_sent], ends)
    (session,) = behind.sessions[before:]
    direct = await visit(site.port, [bytes_sent], ends)
    assert through_proxy == session.down
    assert bytes(session.up) == bytes_sent
    assert shape(through_proxy) == shape(direct)
    return through_proxy


STRANGERS = {
    "plain HTTP": lambda: b"GET / HTTP/1.1\r\nHost: cover.example\r\nConnection: close\r\n\r\n",
    "a request of HTTP that is none": lambda: b"POST /api\r\n\r\n",
    "random bytes": lambda: random.Random(1).randbytes(300),
    "letters at random": lambda: bytes(random.Random(1).choices(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ \r\n", k=300)) + b"\r\n\r\n",
    "random bytes that begin like TLS": lambda: b"\x16\x03\x01\x02\x00\x01" + random.Random(2).randbytes(600),
    "one byte": lambda: b"\x16",
    "half a hello": lambda: signed(client_hello())[:150],
    "a hello of TLS without a secret": client_hello,
    "a wrong secret": lambda: signed(client_hello(), key=bytes(16)),
    "another name": lambda: signed(client_hello("other.example")),
    "an old time": lambda: signed(client_hello(), age_s=700),
    "a time to come": lambda: signed(client_hello(), age_s=-60),
    "a header without TLS": lambda: random.Random(3).randbytes(64),
}

# What nginx waits for the rest of, and has no answer to when it ends.
UNFINISHED = ["random bytes", "one byte", "half a hello", "a header without TLS"]


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_a_stranger_sees_nginx(site, behind, start_proxy, stranger):
    proxy = await start_proxy(EE).has_learned()
    answer = await sees_the_site(site, behind, proxy, STRANGERS[stranger]())
    assert bool(answer) == (stranger not in UNFINISHED)
    assert proxy.metric("zaun_proxy_strangers_total") == 1


@pytest.mark.parametrize("stranger", UNFINISHED)
async def test_a_stranger_that_waits_stays_as_long_as_nginx_lets_it(site, behind, start_proxy, stranger):
    proxy = await start_proxy(EE).has_learned()
    await sees_the_site(site, behind, proxy, STRANGERS[stranger](), ends=False)


async def test_slow_bytes_are_heard_by_nginx_as_they_come(site, behind, start_proxy):
    proxy = await start_proxy(EE).has_learned()
    hello = signed(client_hello(), key=bytes(16))
    pieces = [hello[:1], hello[1:100], hello[100:150]]

    before = len(behind.sessions)

    async def session():
        while len(behind.sessions) == before:
            await asyncio.sleep(0.01)
        return behind.sessions[before]

    answer = await visit(proxy.port, pieces, session=session)
    assert answer == behind.sessions[before].down
    assert bytes(behind.sessions[before].up) == b"".join(pieces)


async def test_a_hello_of_ours_is_taken_once(site, behind, start_proxy):
    proxy = await start_proxy(EE).has_learned()
    hello, before = signed(client_hello()), len(behind.sessions)
    assert is_ours(await visit(proxy.port, [hello]), hello)
    assert len(behind.sessions) == before, "the site hears nothing of it"
    answer = await sees_the_site(site, behind, proxy, hello)
    assert not is_ours(answer, hello), "M-345: a replay"
    assert proxy.metric("zaun_proxy_replays_total") == 1


async def test_the_answer_to_a_hello_has_the_lengths_of_nginx(site, start_proxy):
    # M-349. Clients of Telegram take one record for all that a site sends encrypted.
    proxy = await start_proxy(EE).has_learned()
    hello = client_hello(alpn=True)
    look_alike(await visit(proxy.port, [signed(hello)]), await visit(site.port, [hello]))


def look_alike(ours, theirs):
    ours, theirs = shape(ours), shape(theirs)
    assert ours[:2] == theirs[:2]
    encrypted = sum(5 + length for kind, length in theirs[2:])
    assert [(kind, 5 + length) for kind, length in ours[2:]] == [(0x17, encrypted)]


async def browse(site, proxy):
    """The page as a browser reads it, and the browser's address."""
    context = ssl.create_default_context(cafile=site.certificate.file)
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, ssl=context, server_hostname=COVER_DOMAIN)
    assert writer.get_extra_info("ssl_object").getpeercert(binary_form=True) == site.certificate.der()
    own = "{}:{}".format(*writer.get_extra_info("sockname"))
    writer.write(b"GET / HTTP/1.1\r\nHost: cover.example\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nServer: nginx") and answer.endswith(site.page)
    return answer, own


async def test_a_browser_reads_the_site(site, start_proxy):
    await browse(site, start_proxy(EE))


@pytest.mark.parametrize("version", [1, 2])
async def test_nginx_is_told_who_the_browser_is(tmp_path, version):
    site = Nginx(tmp_path / "site", listens="proxy_protocol")
    proxy = Proxy(
        tmp_path / "proxy", [EE], upstream(["direct"]), cover=f"127.0.0.1:{site.port}", cover_proxy_protocol=version
    )
    try:
        await site.started()
        answer, own = await browse(site, proxy)
        assert f"\r\nVisitor: {own}\r\n".encode() in answer
    finally:
        proxy.stop()
        site.stop()


async def test_what_tdlib_said_first_is_of_no_use_to_who_overheard_it(
    site, behind, start_server, start_proxy, key_file, library, phones, tmp_path  # noqa: F811
):
    server = start_server(args=["--key", str(key_file[0])])
    proxy = await start_proxy(EE, server).has_learned()
    async with Recorder("127.0.0.1", proxy.port) as overheard:
        client = Client(library, tmp_path / "tdlib", through("Mtproto", overheard.port, secret=EE))
        client.phone = next(phones)
        await client.log_in(client.phone, code_for(client.phone), "Alice")
        await client.close()
        first = bytes(overheard.sessions[0].up)
    hello = first[: 5 + int.from_bytes(first[3:5])]
    answered = flight(overheard.sessions[0].down)
    assert is_ours(answered, hello)
    look_alike(answered, await visit(site.port, [hello]))
    for replay in (hello, first):
        answer = await sees_the_site(site, behind, proxy, replay)
        assert not is_ours(answer, hello)
    assert proxy.metric("zaun_proxy_replays_total") == 2


def flight(down):
    """ServerHello, ChangeCipherSpec and one record (M-348)."""
    at = 0
    for _ in range(3):
        at += 5 + int.from_bytes(down[at + 3 : at + 5])
    return bytes(down[:at])


async def test_what_telethon_said_first_is_of_no_use_to_who_overheard_it(
    site, behind, start_server, start_proxy, phones
):
    server = start_server()
    proxy = start_proxy(SECRETS["dd"], server)
    async with Recorder("127.0.0.1", proxy.port) as overheard:
        way = ("127.0.0.1", overheard.port, SECRETS["dd"])
        connection = dict(THROUGH_SECRETS)["dd"]
        async with logged_in(server, (next(phones), "Alice"), connection=connection, proxy=way):
            pass
    (session,) = overheard.sessions
    for replay in (session.up[:64], session.up):
        answer = await sees_the_site(site, behind, proxy, bytes(replay))
        assert answer != session.down
    assert proxy.metric("zaun_proxy_replays_total") == 2
