// node-telegram-bot-api, with programs after its first examples; a person with mtcute is at the other end.
import test from 'node:test'
import { Api, Bot, EntityBuilder, InlineKeyboardBuilder, InputFile, longPoll, MediaGroupBuilder, ReplyKeyboardBuilder, TelegramApiError } from 'node-telegram-bot-api'
import { createWebhookServer } from 'node-telegram-bot-api/node'
import { assert, data, listening, PNG, withBot } from './bots_judge.mjs'

const makeBot = ({ token, url }) => new Bot(token, { apiRoot: url })

async function polling(bot, body) {
  const failures = []
  bot.catch(error => { failures.push(error) })
  const running = bot.startPolling()
  try {
    await body()
  } finally {
    bot.stop()
    await running
  }
  assert.deepEqual(failures, [])
}

test('commands, texts and buttons', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.command('start', ctx => ctx.reply('Hi! Send me anything.'))
  bot.hears(/echo (.+)/, ctx => ctx.reply(ctx.match[1]))
  bot.on('message', ctx => ctx.reply('Pick one:', {
    reply_markup: new InlineKeyboardBuilder().text('👍', 'up').text('👎', 'down').build(),
  }))
  bot.on('callback_query', async ctx => {
    await ctx.answerCallbackQuery({ text: `You tapped ${ctx.callbackQuery.data}` })
  })
  await polling(bot, async () => {
    await alice.ask('Echo_bot', '/start', 'Hi! Send me anything.')
    await alice.ask('Echo_bot', 'echo one two', 'one two')
    const asked = await alice.ask('Echo_bot', 'what?', 'Pick one:')
    assert.deepEqual(data(asked), [[['👍', 'up'], ['👎', 'down']]])
    assert.equal((await alice.press(asked, 'down')).message, 'You tapped down')
  })
}))

test('the API itself', () => withBot(async (place, alice) => {
  const api = new Api(place.token, { apiRoot: place.url, maxRetries: 0 })
  const to = alice.me.id
  await alice.client.sendText('Echo_bot', '/start')
  assert.equal((await api.getMe()).username, 'Echo_bot')
  const { text, entities } = new EntityBuilder().plain('Hello ').bold('🌍 world').link('docs', 'https://example.org/').build()
  const sent = await api.sendMessage({ chat_id: to, text, entities, link_preview_options: { is_disabled: true } })
  assert.deepEqual(sent.entities.map(e => [e.type, e.offset, e.length]), [['bold', 6, 8], ['text_link', 14, 4]])
  const keyboard = new ReplyKeyboardBuilder().text('Yes').text('No').build({ resize_keyboard: true })
  await api.sendMessage({ chat_id: to, text: 'Yes or no?', reply_markup: keyboard })
  assert.equal((await alice.hear('Yes or no?')).markup.buttons[0][1].text, 'No')
  const photo = await api.sendPhoto({ chat_id: to, photo: new InputFile(PNG, { filename: 'cat.png' }), caption: 'cat' })
  assert.equal(photo.caption, 'cat')
  const album = await api.sendMediaGroup({
    chat_id: to,
    media: new MediaGroupBuilder().photo({ media: new InputFile(PNG, { filename: 'a.png' }), caption: 'A' }).photo({ media: photo.photo[0].file_id }).build(),
  })
  assert.equal(album[0].media_group_id, album[1].media_group_id)
  const document = await api.sendDocument({ chat_id: to, document: new InputFile(Buffer.from('report'), { filename: 'report.pdf' }) })
  const file = await api.getFile({ file_id: document.document.file_id })
  assert.equal(file.file_size, 6)
  const refused = await api.sendMessage({ chat_id: 1, text: 'x' }).catch(error => error)
  assert.ok(refused instanceof TelegramApiError)
  assert.deepEqual([refused.errorCode, refused.description], [400, 'Bad Request: chat not found'])
  assert.deepEqual(await api.setMyCommands({ commands: [{ command: 'go', description: 'go on' }] }), true)
  assert.deepEqual(await api.getMyCommands(), [{ command: 'go', description: 'go on' }])
  const abort = new AbortController()
  await alice.client.sendText('Echo_bot', 'to the poll')
  const texts = []
  for await (const update of longPoll(api, { timeout: 5 }, abort.signal)) {
    texts.push(update.message?.text)
    if (texts.length === 2) abort.abort()
  }
  assert.deepEqual(texts, ['/start', 'to the poll'])
}))

test('a webhook', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.on('message', ctx => ctx.reply(`hooked ${ctx.message.text}`))
  const server = createWebhookServer(bot, { path: '/telegram', secretToken: 'S' })
  await listening((request, response) => server.emit('request', request, response), async url => {
    await bot.api.setWebhook({ url: `${url}/telegram`, secret_token: 'S' })
    await alice.ask('Echo_bot', 'one', 'hooked one')
    await alice.ask('Echo_bot', 'two', 'hooked two')
    assert.equal((await bot.api.getWebhookInfo()).pending_update_count, 0)
    await bot.api.deleteWebhook()
  })
}))
