"""aiogram, with sticker sets that a bot makes for a person, who finds and uses them with Telethon."""

import io

import pytest
from aiogram import Router
from aiogram.enums import StickerFormat, StickerType
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InputSticker, MaskPosition
from PIL import Image
from telethon import errors, functions, types

from test_aiogram import alice, bot, bot_server, polling  # noqa: F401


def picture(color, side=512, kind="PNG"):
    out = io.BytesIO()
    Image.new("RGBA", (side, side), color).save(out, kind)
    return BufferedInputFile(out.getvalue(), f"sticker.{kind.lower()}")


def sticker(file, *emoji, **more):
    return InputSticker(sticker=file, format=StickerFormat.STATIC, emoji_list=list(emoji), **more)


@pytest.fixture
async def started(bot, alice):  # noqa: F811
    async with polling(bot, Router()):
        await alice.client.send_message("Echo_bot", "/start")
        yield


def refused(text):
    return pytest.raises(TelegramBadRequest, match=f"^Telegram server says - Bad Request: {text}$")


async def test_a_set_is_made_used_edited_and_deleted(bot, alice, started):
    owner = alice.me.id
    red, blue = picture("red"), picture("blue", kind="WEBP")
    with refused("invalid sticker set name is specified"):
        await bot.create_new_sticker_set(owner, "cats", "Cats", [sticker(red, "😀")])
    name = "cats_by_Echo_bot"
    with refused("invalid sticker emojis"):
        await bot.create_new_sticker_set(owner, name, "Cats", [sticker(red, "cat")])
    with refused("STICKER_PNG_DIMENSIONS"):
        await bot.create_new_sticker_set(owner, name, "Cats", [sticker(picture("red", 511), "😀")])
    with refused("sticker set must contain at least one sticker"):
        await bot.create_new_sticker_set(owner, name, "Cats", [])
    with refused("STICKERSET_INVALID"):
        await bot.get_sticker_set(name)

    uploaded = await bot.upload_sticker_file(owner, blue, StickerFormat.STATIC)
    first = sticker(red, "😀", "👍", keywords=["red", "cat"])
    assert await bot.create_new_sticker_set(owner, name, "Cats", [first, sticker(uploaded.file_id, "🐈")])
    with refused("sticker set name is already occupied"):
        await bot.create_new_sticker_set(owner, name, "Cats", [sticker(red, "😀")])
    made = await bot.get_sticker_set(name)
    assert (made.name, made.title, made.sticker_type, len(made.stickers)) == (name, "Cats", StickerType.REGULAR, 2)
    one = made.stickers[0]
    assert (one.set_name, one.emoji, one.type, one.width, one.height) == (name, "😀", "regular", 512, 512)
    assert one.thumbnail is not None and not one.is_animated and not one.is_video
    file = await bot.download(one.file_id)
    assert Image.open(file).format == "WEBP"

    # The person finds the set, installs it and sends a sticker out of it.
    short = types.InputStickerSetShortName(name)
    found = await alice.client(functions.messages.GetStickerSetRequest(short, 0))
    assert found.set.creator and {p.emoticon for p in found.packs} == {"😀", "👍", "🐈"}
    assert found.keywords[0].keyword == ["red", "cat"]
    await alice.client(functions.messages.InstallStickerSetRequest(short, False))
    installed = await alice.client(functions.messages.GetAllStickersRequest(0))
    assert [s.short_name for s in installed.sets] == [name]
    await alice.client.send_file("Echo_bot", found.documents[0])
    sent = (await alice.client.get_messages("Echo_bot", limit=1))[0]
    assert sent.sticker and sent.file.emoji == "😀" and sent.file.sticker_set.id == found.set.id

    # The bot sends one, and is shown where it is from.
    echoed = await bot.send_sticker(owner, one.file_id)
    assert (echoed.sticker.set_name, echoed.sticker.emoji) == (name, "😀")

    # The bot edits it.
    assert await bot.add_sticker_to_set(owner, name, sticker(picture("green"), "🐸"))
    frog = (await bot.get_sticker_set(name)).stickers[2].file_id
    assert await bot.set_sticker_position_in_set(frog, 0)
    assert await bot.set_sticker_emoji_list(frog, ["🐸", "🐢"])
    assert await bot.set_sticker_keywords(frog, ["frog"])
    assert await bot.set_sticker_set_title(name, "Cats and a frog")
    assert await bot.set_sticker_set_thumbnail(name, owner, StickerFormat.STATIC, picture("red", 100))
    with refused("MASK_COORDS_INVALID"):
        await bot.set_sticker_mask_position(frog, MaskPosition(point="eyes", x_shift=0, y_shift=0, scale=1))
    now = await bot.get_sticker_set(name)
    assert (now.title, now.stickers[0].emoji, now.stickers[0].file_unique_id) == (
        "Cats and a frog", "🐸", (await bot.get_file(frog)).file_unique_id,
    )
    assert now.thumbnail.width == 100 and Image.open(await bot.download(now.thumbnail.file_id)).size == (100, 100)
    assert await bot.replace_sticker_in_set(owner, name, frog, sticker(picture("yellow"), "🦁"))
    with refused("STICKERSET_INVALID"):
        await bot.delete_sticker_from_set(frog)
    assert await bot.delete_sticker_from_set(now.stickers[2].file_id)
    seen = await alice.client(functions.messages.GetStickerSetRequest(short, 0))
    assert {p.emoticon for p in seen.packs} == {"🦁", "😀", "👍"} and seen.set.count == 2

    assert await bot.delete_sticker_set(name)
    with refused("STICKERSET_INVALID"):
        await bot.delete_sticker_set(name)
    with pytest.raises(errors.StickersetInvalidError):
        await alice.client(functions.messages.GetStickerSetRequest(short, 0))
    assert (await alice.client(functions.messages.GetAllStickersRequest(0))).sets == []


async def test_custom_emoji_and_masks(bot, alice, started):
    owner = alice.me.id
    name = "tiny_by_Echo_bot"
    tiny = sticker(picture("red", 100), "😀")
    assert await bot.create_new_sticker_set(
        owner, name, "Tiny", [tiny], sticker_type=StickerType.CUSTOM_EMOJI, needs_repainting=True
    )
    made = (await bot.get_sticker_set(name)).stickers[0]
    assert (made.type, made.set_name, made.needs_repainting) == ("custom_emoji", name, True)
    by_id = await bot.get_custom_emoji_stickers([made.custom_emoji_id])
    assert [s.file_unique_id for s in by_id] == [made.file_unique_id]
    assert await bot.set_custom_emoji_sticker_set_thumbnail(name, custom_emoji_id=made.custom_emoji_id)
    assert (await bot.get_sticker_set(name)).thumbnail is not None
    found = await alice.client(functions.messages.GetCustomEmojiDocumentsRequest([int(made.custom_emoji_id)]))
    assert found[0].attributes[-1].alt == "😀"

    name = "masks_by_Echo_bot"
    glasses = MaskPosition(point="eyes", x_shift=0.5, y_shift=-1, scale=2)
    mask = sticker(picture("black"), "👓", mask_position=glasses)
    assert await bot.create_new_sticker_set(owner, name, "Masks", [mask], sticker_type=StickerType.MASK)
    made = (await bot.get_sticker_set(name)).stickers[0]
    assert (made.type, made.mask_position.point, made.mask_position.scale) == ("mask", "eyes", 2)
    assert await bot.set_sticker_mask_position(made.file_id)
    assert (await bot.get_sticker_set(name)).stickers[0].mask_position is None


async def test_a_group_has_a_set(bot, alice, started):
    name = "group_by_Echo_bot"
    await bot.create_new_sticker_set(alice.me.id, name, "Group", [sticker(picture("red"), "😀")])
    created = await alice.client(functions.channels.CreateChannelRequest("Group", "", megagroup=True))
    group = created.chats[0]
    await alice.client(
        functions.channels.EditAdminRequest(group, "Echo_bot", types.ChatAdminRights(change_info=True), "")
    )
    chat = int(f"-100{group.id}")
    with refused("STICKERSET_INVALID"):
        await bot.set_chat_sticker_set(chat, "nothing")
    assert await bot.set_chat_sticker_set(chat, name)
    full = await bot.get_chat(chat)
    assert (full.sticker_set_name, full.can_set_sticker_set) == (name, True)
    seen = await alice.client(functions.channels.GetFullChannelRequest(group))
    assert seen.full_chat.stickerset.short_name == name
    assert await bot.delete_chat_sticker_set(chat)
    assert (await bot.get_chat(chat)).sticker_set_name is None
