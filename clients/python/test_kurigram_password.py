"""kurigram sets, changes and removes a cloud password (M-492, M-493)."""

import pytest
from pyrogram import errors

from kurigram_judge import logged_in


async def test_a_cloud_password_is_enabled_changed_and_removed(server, phones):
    async with logged_in(server, (next(phones), "Alice")) as (alice,):
        assert await alice.enable_cloud_password("secret", hint="no hint")
        assert await alice.get_password_hint() == "no hint"
        with pytest.raises(errors.PasswordHashInvalid):
            await alice.change_cloud_password("wrong", "new")
        assert await alice.change_cloud_password("secret", "new")
        assert await alice.remove_cloud_password("new")
