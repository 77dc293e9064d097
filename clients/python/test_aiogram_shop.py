"""aiogram, with a shop: invoices by card and in stars, and a mini app. The person is a Telethon client."""

import asyncio
import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineQueryResultArticle,
    InputTextMessageContent,
    LabeledPrice,
    MenuButtonWebApp,
    PreCheckoutQuery,
    ShippingOption,
    WebAppInfo,
)
from aiogram.utils.web_app import check_webapp_signature, safe_parse_webapp_init_data
from telethon import errors, functions, types

from test_aiogram import alice, bot, bot_server, polling  # noqa: F401

PRICES = [LabeledPrice(label="Tea", amount=450), LabeledPrice(label="Cup", amount=50)]
CARD = json.dumps({"type": "card", "card_number": "4242424242424242"})


def card():
    return types.InputPaymentCredentials(types.DataJSON(CARD))


@pytest.fixture
async def shop(bot, alice):  # noqa: F811
    """A shop that Alice has started, which agrees to everything but an order whose payload is `sold out`."""
    router, paid = Router(), asyncio.Queue()

    @router.shipping_query()
    async def ship(query):
        assert query.shipping_address.city == "Riga"
        await query.answer(True, [ShippingOption(id="post", title="By post", prices=[LabeledPrice(label="Post", amount=100)])])

    @router.pre_checkout_query()
    async def check(query: PreCheckoutQuery):
        if query.invoice_payload == "sold out":
            await query.answer(False, error_message="The tea is sold out")
        else:
            await query.answer(True)

    @router.message(lambda message: message.successful_payment or message.web_app_data)
    async def got(message):
        await paid.put(message)

    async with polling(bot, router):
        await alice.client.send_message("Echo_bot", "/start")
        yield paid


async def form_of(client, invoice):
    return await client(functions.payments.GetPaymentFormRequest(invoice))


async def test_a_card_pays_an_invoice(bot, alice, shop):
    # B-163 ... B-170
    sent = await bot.send_invoice(
        alice.me.id, "Tea", "A cup of tea", "order 1", "XTS", PRICES, provider_token="1:TEST:1",
        need_shipping_address=True, is_flexible=True, max_tip_amount=200, suggested_tip_amounts=[100, 200],
    )
    assert (sent.invoice.total_amount, sent.invoice.currency) == (500, "XTS")
    chat = await alice.client.get_input_entity("Echo_bot")
    message = await alice.client.get_messages(chat, limit=1)
    invoice = types.InputInvoiceMessage(chat, message[0].id)
    form = await form_of(alice.client, invoice)
    address = types.PostAddress("Street 1", "", "Riga", "", "LV", "LV-1001")
    info = types.PaymentRequestedInfo(shipping_address=address)
    checked = await alice.client(functions.payments.ValidateRequestedInfoRequest(invoice, info, save=False))
    assert [o.id for o in checked.shipping_options] == ["post"]
    await alice.client(
        functions.payments.SendPaymentFormRequest(
            form.form_id, invoice, card(), requested_info_id=checked.id, shipping_option_id="post", tip_amount=100
        )
    )
    payment = (await asyncio.wait_for(shop.get(), 20)).successful_payment
    assert (payment.total_amount, payment.invoice_payload) == (700, "order 1")
    assert (payment.shipping_option_id, payment.order_info.shipping_address.city) == ("post", "Riga")


async def test_an_order_is_refused(bot, alice, shop):
    link = await bot.create_invoice_link("Tea", "A cup of tea", "sold out", "XTS", PRICES, provider_token="1:TEST:1")
    invoice = types.InputInvoiceSlug(link.rsplit("$", 1)[-1].rsplit("/", 1)[-1])
    form = await form_of(alice.client, invoice)
    with pytest.raises(errors.RPCError, match="sold out|PAYMENT_FAILED|BOT_PRECHECKOUT_FAILED"):
        await alice.client(functions.payments.SendPaymentFormRequest(form.form_id, invoice, card()))
    assert shop.empty()


async def test_nobody_pays_with_stars_they_lack(bot, alice, shop):
    sent = await bot.send_invoice(alice.me.id, "Tea", "A cup", "order 2", "XTR", [LabeledPrice(label="Tea", amount=5)])
    assert sent.invoice.currency == "XTR"
    chat = await alice.client.get_input_entity("Echo_bot")
    message = await alice.client.get_messages(chat, limit=1)
    invoice = types.InputInvoiceMessage(chat, message[0].id)
    form = await form_of(alice.client, invoice)
    with pytest.raises(errors.RPCError, match="BALANCE_TOO_LOW"):
        await alice.client(functions.payments.SendStarsFormRequest(form.form_id, invoice))


async def test_a_mini_app_knows_who_opened_it(bot, alice, shop):
    # B-146 ... B-161
    assert (await bot.get_chat_menu_button()).type == "default"
    page = WebAppInfo(url="https://shop.example/?a=1")
    assert await bot.set_chat_menu_button(alice.me.id, MenuButtonWebApp(text="Shop", web_app=page))
    assert (await bot.get_chat_menu_button(alice.me.id)).web_app.url == page.url
    chat = await alice.client.get_input_entity("Echo_bot")
    opened = await alice.client(
        functions.messages.RequestWebViewRequest(chat, chat, "android", from_bot_menu=True, start_param="ref-1")
    )
    told = parse_qs(urlsplit(opened.url).fragment)
    assert set(told) == {"tgWebAppData", "tgWebAppVersion", "tgWebAppPlatform", "tgWebAppThemeParams"}
    data = told["tgWebAppData"][0]
    assert check_webapp_signature(bot.token, data)
    assert not check_webapp_signature(bot.token, data.replace("Alice", "Malice"))
    parsed = safe_parse_webapp_init_data(bot.token, data)
    assert (parsed.user.id, parsed.user.first_name, parsed.start_param) == (alice.me.id, "Alice", "ref-1")

    assert await alice.client(functions.messages.ProlongWebViewRequest(chat, chat, opened.query_id))
    article = InlineQueryResultArticle(
        id="1", title="Tea", input_message_content=InputTextMessageContent(message_text="I ordered <b>tea</b>")
    )
    await bot.answer_web_app_query(parsed.query_id, article)
    said = (await alice.client.get_messages(chat, limit=1))[0]
    assert (said.text, said.out) == ("I ordered **tea**", True)
    assert (await alice.client.get_entity(said.via_bot_id)).username == "Echo_bot"
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID|query is too old"):
        await bot.answer_web_app_query(parsed.query_id, article)

    await alice.client(functions.messages.SendWebViewDataRequest(chat, "Order", '{"cups": 2}'))
    message = await asyncio.wait_for(shop.get(), 20)
    assert (message.web_app_data.button_text, message.web_app_data.data) == ("Order", '{"cups": 2}')
    assert unquote(opened.url).startswith("https://shop.example/?a=1&tgWebAppStartParam=ref-1#")
