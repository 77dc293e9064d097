"""Proxies that lead every connection to one address, so that a client with built-in addresses reaches us."""

import asyncio


class Redirector:
    """A listener on a free port; `greet` of a subclass talks to the client before bytes are passed on."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.led = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            await self.greet(reader, writer)
            far_reader, far_writer = await asyncio.open_connection(*self.target)
            self.led += 1
            await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


class Cutter(Redirector):
    """A relay that cuts every connection after `limit` bytes of the server; it begins with none."""

    limit = None

    def __init__(self, host, port):
        super().__init__(host, port)
        self.cuts = 0

    async def greet(self, reader, writer):
        pass

    async def pump(self, reader, writer):
        downwards = writer.get_extra_info("sockname")[1] == self.port
        passed = 0
        try:
            while data := await reader.read(4096):
                if downwards and self.limit:
                    passed += len(data)
                    if passed > self.limit:
                        self.cuts += 1
                        break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


class Socks5(Redirector):
    async def greet(self, reader, writer):
        version, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x00")
        version, command, _, kind = await reader.readexactly(4)
        assert (version, command) == (5, 1)
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        await reader.readexactly(length + 2)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")


class HttpConnect(Redirector):
    """An HTTP proxy that tunnels (CONNECT)."""

    async def greet(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"CONNECT "), head
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")


class HttpForward(Redirector):
    """An HTTP proxy that passes requests on; they begin with `POST http://ADDRESS:PORT/api` or with `POST /api`."""

    posts = 0

    async def greet(self, reader, writer):
        pass

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 20):
                if data.startswith(b"POST "):
                    self.posts += 1
                    if data.startswith(b"POST http://"):
                        data = b"POST /" + data[len(b"POST http://"):].split(b"/", 1)[1]
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
