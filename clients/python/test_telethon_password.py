"""Telethon sets, uses, changes and removes a cloud password (M-476 ... M-496)."""

import pytest
from telethon import errors, functions, types

from server import code_for
from telethon_judge import logged_in, make_client


async def come_back(server, phone):
    """Another device: connected, with the right code given."""
    client = make_client(server)
    await client.connect()
    await client.send_code_request(phone)
    with pytest.raises(errors.SessionPasswordNeededError):
        await client.sign_in(phone, code_for(phone))
    return client


async def test_a_password_is_asked_for_after_the_code(server, phones):
    phone = next(phones)
    async with logged_in(server, (phone, "Alice")) as (alice,):
        assert await alice.edit_2fa(new_password="correct horse", hint="a horse")
        other = await come_back(server, phone)
        with pytest.raises(errors.UnauthorizedError):
            await other(functions.updates.GetStateRequest())
        assert (await other(functions.account.GetPasswordRequest())).hint == "a horse"
        with pytest.raises(errors.PasswordHashInvalidError):
            await other.sign_in(password="wrong horse")
        me = await other.sign_in(password="correct horse")
        assert me.first_name == "Alice"
        await other.disconnect()

        assert await alice.edit_2fa("correct horse", new_password="battery")
        other = await come_back(server, phone)
        with pytest.raises(errors.PasswordHashInvalidError):
            await other.sign_in(password="correct horse")
        await other.sign_in(password="battery")
        await other.disconnect()

        with pytest.raises(errors.PasswordHashInvalidError):
            await alice.edit_2fa("correct horse", new_password=None)
        assert await alice.edit_2fa("battery", new_password=None)
        third = make_client(server)
        await third.connect()
        await third.send_code_request(phone)
        assert (await third.sign_in(phone, code_for(phone))).first_name == "Alice"
        await third.disconnect()


async def test_a_check_serves_once_and_salts_are_the_servers(server, phones):
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        assert await alice.edit_2fa(new_password="secret")
        from telethon.password import compute_check

        state = await alice(functions.account.GetPasswordRequest())
        proof = compute_check(state, "secret")
        await alice(functions.account.GetPasswordSettingsRequest(proof))
        with pytest.raises(errors.SrpIdInvalidError):
            await alice(functions.account.GetPasswordSettingsRequest(proof))
        algorithm = state.new_algo
        assert len(algorithm.salt1) == 8
        algorithm.salt1 = bytes(40)
        settings = types.account.PasswordInputSettings(new_algo=algorithm, new_password_hash=bytes(255) + b"\1", hint="")
        proof = compute_check(await alice(functions.account.GetPasswordRequest()), "secret")
        with pytest.raises(errors.NewSaltInvalidError):
            await alice(functions.account.UpdatePasswordSettingsRequest(proof, settings))
        with pytest.raises(errors.PasswordHashInvalidError):
            await alice(functions.account.GetPasswordSettingsRequest(types.InputCheckPasswordEmpty()))
