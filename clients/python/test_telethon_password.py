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


async def test_an_address_recovers_a_forgotten_password(server, phones):
    phone = next(phones)
    async with logged_in(server, (phone, "Alice")) as (alice,):
        with pytest.raises(errors.PasswordEmptyError):
            await alice(functions.auth.RequestPasswordRecoveryRequest())
        asked = []

        def code(length):
            asked.append(length)
            return code_for(phone)

        assert await alice.edit_2fa(new_password="secret", email="alice@example.org", email_code_callback=code)
        assert asked == [len(code_for(phone))]
        state = await alice(functions.account.GetPasswordRequest())
        assert state.has_recovery and state.email_unconfirmed_pattern is None

        other = await come_back(server, phone)
        found = await other(functions.auth.RequestPasswordRecoveryRequest())
        assert found.email_pattern == "a***e@example.org"
        with pytest.raises(errors.CodeInvalidError):
            await other(functions.auth.CheckRecoveryPasswordRequest("0"))
        assert await other(functions.auth.CheckRecoveryPasswordRequest(code_for(phone)))
        back = await other(functions.auth.RecoverPasswordRequest(code_for(phone)))
        assert back.user.first_name == "Alice"
        assert not (await other(functions.account.GetPasswordRequest())).has_password
        assert (await other.get_me()).id == (await alice.get_me()).id
        await other.disconnect()


async def test_a_forgotten_password_goes_after_a_week(server, phones):
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        assert await alice.edit_2fa(new_password="secret")
        with pytest.raises(errors.ResetRequestMissingError):
            await alice(functions.account.DeclinePasswordResetRequest())
        waits = await alice(functions.account.ResetPasswordRequest())
        assert isinstance(waits, types.account.ResetPasswordRequestedWait)
        assert (await alice(functions.account.GetPasswordRequest())).pending_reset_date == waits.until_date
        assert await alice(functions.account.DeclinePasswordResetRequest())
        failed = await alice(functions.account.ResetPasswordRequest())
        assert isinstance(failed, types.account.ResetPasswordFailedWait)

        from telethon.password import compute_check

        proof = compute_check(await alice(functions.account.GetPasswordRequest()), "secret")
        made = await alice(functions.account.GetTmpPasswordRequest(proof, 3600))
        assert len(made.tmp_password) == 32
        proof = compute_check(await alice(functions.account.GetPasswordRequest()), "secret")
        with pytest.raises(errors.TmpPasswordDisabledError):
            await alice(functions.account.GetTmpPasswordRequest(proof, 10))
