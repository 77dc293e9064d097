// Telegraf, with programs after its first examples; a person with mtcute is at the other end.
import test from 'node:test'
import { Markup, Scenes, session, Telegraf, TelegramError } from 'telegraf'
import { callbackQuery, message } from 'telegraf/filters'
import { assert, data, listening, PNG, withBot } from './bots_judge.mjs'

const makeBot = ({ token, url }) => new Telegraf(token, { telegram: { apiRoot: url } })

async function polling(bot, body) {
  const failures = []
  bot.catch(error => { failures.push(error) })
  const running = new Promise((resolve, reject) => {
    bot.launch(resolve).catch(reject)
  })
  await running
  try {
    await body()
  } finally {
    bot.stop()
  }
  assert.deepEqual(failures, [])
}

test('an echo bot', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.start(ctx => ctx.reply(`Welcome ${ctx.payload}`.trim()))
  bot.help(ctx => ctx.reply('Send me a picture'))
  bot.hears('hi', ctx => ctx.reply('Hey there', { reply_parameters: { message_id: ctx.message.message_id } }))
  bot.command('quit', async ctx => {
    await ctx.replyWithHTML('<i>bye</i>')
  })
  bot.on(message('photo'), async ctx => {
    const link = await ctx.telegram.getFileLink(ctx.message.photo.at(-1))
    const bytes = await fetch(link).then(answer => answer.arrayBuffer())
    await ctx.reply(`a picture of ${bytes.byteLength === ctx.message.photo.at(-1).file_size ? 'all its' : 'other'} bytes`)
  })
  bot.on(message('text'), ctx => ctx.copyMessage(ctx.chat.id))
  await polling(bot, async () => {
    await alice.ask('Echo_bot', '/start', 'Welcome')
    await alice.ask('Echo_bot', '/start deep', 'Welcome deep')
    await alice.ask('Echo_bot', '/help', 'Send me a picture')
    await alice.ask('Echo_bot', 'hi', 'Hey there')
    assert.equal((await alice.ask('Echo_bot', '/quit', 'bye')).entities[0].kind, 'italic')
    await alice.ask('Echo_bot', 'anything', 'anything')
    await alice.client.sendMedia('Echo_bot', { type: 'photo', file: new Uint8Array(PNG), fileName: 'p.png' })
    await alice.hear('a picture of all its bytes')
  })
}))

test('keyboards', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.command('inline', ctx => ctx.reply('inline keyboard', Markup.inlineKeyboard([
    Markup.button.callback('Coke', 'Coke'), Markup.button.callback('Dr Pepper', 'Dr Pepper'),
  ])))
  bot.command('custom', ctx => ctx.reply('custom keyboard', Markup.keyboard([['A', 'B'], ['C']]).oneTime().resize()))
  bot.action('Dr Pepper', (ctx, next) => ctx.answerCbQuery('nice choice').then(() => next()))
  bot.action(/.+/, ctx => ctx.editMessageText(`You took ${ctx.match[0]}`))
  bot.on(callbackQuery('data'), ctx => ctx.answerCbQuery())
  await polling(bot, async () => {
    const asked = await alice.ask('Echo_bot', '/inline', 'inline keyboard')
    assert.deepEqual(data(asked), [[['Coke', 'Coke'], ['Dr Pepper', 'Dr Pepper']]])
    assert.equal((await alice.press(asked, 'Dr Pepper')).message, 'nice choice')
    assert.equal((await alice.hearEdit('You took Dr Pepper')).markup, null)
    const keys = await alice.ask('Echo_bot', '/custom', 'custom keyboard')
    assert.deepEqual(keys.markup.buttons.map(row => row.map(b => b.text)), [['A', 'B'], ['C']])
  })
}))

test('a wizard of scenes', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  const wizard = new Scenes.WizardScene('order',
    async ctx => {
      await ctx.reply('What would you like?')
      return ctx.wizard.next()
    },
    async ctx => {
      ctx.scene.state.what = ctx.message.text
      await ctx.reply('How many?')
      return ctx.wizard.next()
    },
    async ctx => {
      await ctx.reply(`${ctx.message.text} x ${ctx.scene.state.what}`)
      return ctx.scene.leave()
    })
  bot.use(session())
  bot.use(new Scenes.Stage([wizard]).middleware())
  bot.command('order', ctx => ctx.scene.enter('order'))
  await polling(bot, async () => {
    await alice.ask('Echo_bot', '/order', 'What would you like?')
    await alice.ask('Echo_bot', 'tea', 'How many?')
    await alice.ask('Echo_bot', '3', '3 x tea')
  })
}))

test('a webhook, and files', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.on(message('text'), ctx => ctx.reply(`hooked ${ctx.message.text}`))
  bot.botInfo = await bot.telegram.getMe()
  await listening(bot.webhookCallback('/secret-path', { secretToken: 'abc' }), async url => {
    await bot.telegram.setWebhook(`${url}/secret-path`, { secret_token: 'abc' })
    await alice.ask('Echo_bot', 'one', 'hooked one')
    await alice.ask('Echo_bot', 'two', 'hooked two')
    await bot.telegram.deleteWebhook()
  })
  const sent = await bot.telegram.sendDocument(alice.me.id, { source: Buffer.from('text'), filename: 't.txt' }, { caption: 'doc' })
  assert.equal(sent.document.file_name, 't.txt')
  const again = await bot.telegram.sendDocument(alice.me.id, sent.document.file_id)
  assert.equal(again.document.file_unique_id, sent.document.file_unique_id)
  const group = await bot.telegram.sendMediaGroup(alice.me.id, [
    { type: 'photo', media: { source: PNG }, caption: 'first' }, { type: 'photo', media: { source: PNG } },
  ])
  assert.equal(group.length, 2)
  const refused = await bot.telegram.sendMessage(123456, 'x').catch(error => error)
  assert.ok(refused instanceof TelegramError)
  assert.deepEqual([refused.code, refused.description], [400, 'Bad Request: chat not found'])
}))
