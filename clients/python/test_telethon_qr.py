"""Telethon logs in by QR code: one device shows it, another accepts it (M-462 ... M-469)."""

import asyncio

import pytest
from telethon import errors, functions

from telethon_judge import logged_in, make_client


async def accept(device, qr):
    return await device(functions.auth.AcceptLoginTokenRequest(qr.token))


async def test_a_code_that_is_accepted_logs_in(server, phones):
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        laptop = make_client(server)
        await laptop.connect()
        qr = await laptop.qr_login()
        first = qr.token
        await qr.recreate()
        assert qr.token != first
        with pytest.raises(errors.AuthTokenInvalidError):
            await alice(functions.auth.AcceptLoginTokenRequest(first))
        waiting = asyncio.ensure_future(qr.wait(20))
        await asyncio.sleep(0)
        accepted = await accept(alice, qr)
        assert accepted.api_id == 1
        assert (await waiting).first_name == "Alice"
        with pytest.raises(errors.AuthTokenInvalidError):
            await accept(alice, qr)
        sent = await laptop.send_message("me", "from the laptop")
        assert [m.id for m in await alice.get_messages("me")] == [sent.id]
        assert len((await alice(functions.account.GetAuthorizationsRequest())).authorizations) == 2
        await laptop.disconnect()


async def test_a_code_is_accepted_once_and_the_password_still_asked_for(server, phones):
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        await alice.edit_2fa(new_password="secret")
        laptop = make_client(server)
        await laptop.connect()
        qr = await laptop.qr_login()
        await accept(alice, qr)
        with pytest.raises(errors.AuthTokenAlreadyAcceptedError):
            await accept(alice, qr)
        with pytest.raises(errors.SessionPasswordNeededError):
            await laptop(functions.auth.ExportLoginTokenRequest(1, "hash", []))
        assert (await laptop.sign_in(password="secret")).first_name == "Alice"
        await laptop.disconnect()
