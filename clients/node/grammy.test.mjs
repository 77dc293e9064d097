// grammY, with programs after its first examples; a person with mtcute is at the other end.
import test from 'node:test'
import { Bot, GrammyError, InlineKeyboard, InlineQueryResultBuilder, InputFile, InputMediaBuilder, Keyboard, session, webhookCallback } from 'grammy'
import { Long } from '@mtcute/node'
import { assert, data, listening, PNG, withBot } from './bots_judge.mjs'

const makeBot = ({ token, url }) => new Bot(token, { client: { apiRoot: url } })

async function polling(bot, body, options = {}) {
  const failures = []
  bot.catch(error => { failures.push(error) })
  let running
  await new Promise(resolve => { running = bot.start({ timeout: 10, onStart: resolve, ...options }) })
  try {
    await body()
  } finally {
    await bot.stop()
    await running
  }
  assert.deepEqual(failures, [])
}

test('an echo bot, commands and formatting', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.command('start', ctx => ctx.reply('Welcome! Up and running.'))
  bot.command('add', ctx => ctx.reply(String(ctx.match.split(' ').reduce((sum, n) => sum + Number(n), 0))))
  bot.hears(/echo *(.+)?/, ctx => ctx.reply(`<b>${ctx.match[1]}</b>`, {
    parse_mode: 'HTML', reply_parameters: { message_id: ctx.msg.message_id },
  }))
  bot.on('edited_message', ctx => ctx.reply(`edited: ${ctx.editedMessage.text}`))
  bot.on('message:entities:url', ctx => ctx.reply(`a link: ${ctx.entities('url')[0].text}`))
  bot.on('message', ctx => ctx.reply('Got another message!'))
  await polling(bot, async () => {
    await alice.ask('Echo_bot', '/start', 'Welcome! Up and running.')
    assert.equal(bot.botInfo.username, 'Echo_bot')
    await alice.ask('Echo_bot', '/add 1 2 39', '42')
    const reply = await alice.ask('Echo_bot', 'echo this', 'this')
    assert.equal(reply.entities[0].kind, 'bold')
    const asked = alice.client
    const sent = await asked.sendText('Echo_bot', 'something')
    assert.equal((await alice.hear('Got another message!')).sender.id, bot.botInfo.id)
    await asked.editMessage({ chatId: 'Echo_bot', message: sent.id, text: 'something else' })
    await alice.hear('edited: something else')
    await alice.ask('Echo_bot', 'see https://example.org/x', 'a link: https://example.org/x')
  })
}))

test('keyboards, presses and sessions', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.use(session({ initial: () => ({ count: 0 }) }))
  const keyboard = count => new InlineKeyboard().text('-', 'less').text('+', 'more').row().url('site', 'https://example.org/').text(`${count}`, 'nothing')
  bot.command('start', ctx => ctx.reply('Count: 0', { reply_markup: keyboard(0) }))
  bot.callbackQuery('more', async ctx => {
    ctx.session.count += 1
    await ctx.editMessageText(`Count: ${ctx.session.count}`, { reply_markup: keyboard(ctx.session.count) })
    await ctx.answerCallbackQuery({ text: `now ${ctx.session.count}`, show_alert: true })
  })
  bot.on('callback_query:data', ctx => ctx.answerCallbackQuery())
  bot.command('keys', ctx => ctx.reply('Choose', { reply_markup: new Keyboard().text('One').text('Two').resized().oneTime() }))
  bot.command('nokeys', ctx => ctx.reply('Gone', { reply_markup: { remove_keyboard: true } }))
  await polling(bot, async () => {
    const message = await alice.ask('Echo_bot', '/start', 'Count: 0')
    assert.deepEqual(data(message)[0], [['-', 'less'], ['+', 'more']])
    const answer = await alice.press(message, 'more')
    assert.deepEqual([answer.message, answer.alert], ['now 1', true])
    const edited = await alice.hearEdit('Count: 1')
    assert.equal(edited.id, message.id)
    await alice.press(edited, 'more')
    await alice.hearEdit('Count: 2')
    const keys = await alice.ask('Echo_bot', '/keys', 'Choose')
    assert.deepEqual([keys.markup.type, keys.markup.singleUse, keys.markup.resize], ['reply', true, true])
    assert.deepEqual(keys.markup.buttons[0].map(b => b.text), ['One', 'Two'])
    assert.equal((await alice.ask('Echo_bot', '/nokeys', 'Gone')).markup.type, 'reply_hide')
  })
}))

test('files', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  await alice.client.sendText('Echo_bot', '/start')
  const to = alice.me.id
  const photo = await bot.api.sendPhoto(to, new InputFile(PNG, 'p.png'), { caption: '*star*', parse_mode: 'MarkdownV2' })
  assert.deepEqual([photo.caption, photo.caption_entities[0].type, photo.photo[0].width], ['star', 'bold', 1])
  const words = Buffer.from('words '.repeat(3000))
  const document = await bot.api.sendDocument(to, new InputFile(words, 'words.txt'))
  assert.deepEqual([document.document.file_name, document.document.file_size], ['words.txt', words.length])
  const file = await bot.api.getFile(document.document.file_id)
  const bytes = await fetch(`${place.url}/file/bot${place.token}/${file.file_path}`).then(r => r.arrayBuffer())
  assert.deepEqual(Buffer.from(bytes), words)
  const seen = await alice.hear(m => m.media?.type === 'document')
  assert.deepEqual(Buffer.from(await alice.client.downloadAsBuffer(seen.media)), words)
  const album = await bot.api.sendMediaGroup(to, [
    InputMediaBuilder.photo(new InputFile(PNG, '1.png'), { caption: 'both' }), InputMediaBuilder.photo(photo.photo[0].file_id),
  ])
  assert.equal(album.length, 2)
  const changed = await bot.api.editMessageMedia(to, document.message_id, InputMediaBuilder.document(new InputFile(Buffer.from('other'), 'other.txt')))
  assert.equal(changed.document.file_name, 'other.txt')
  const copy = await bot.api.copyMessage(to, to, photo.message_id)
  assert.ok(copy.message_id > changed.message_id)
  assert.equal(await bot.api.deleteMessage(to, copy.message_id), true)
  const refused = await bot.api.deleteMessage(to, copy.message_id).catch(error => error)
  assert.ok(refused instanceof GrammyError)
  assert.deepEqual([refused.error_code, refused.description], [400, 'Bad Request: message to delete not found'])
}))

test('a webhook', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.on('message:text', ctx => ctx.reply(`hooked: ${ctx.message.text}`))
  const handler = webhookCallback(bot, 'http', { secretToken: 'the-secret' })
  await listening(handler, async url => {
    await bot.api.setWebhook(`${url}/hook`, { secret_token: 'the-secret', allowed_updates: ['message'] })
    assert.deepEqual((await bot.api.getWebhookInfo()).allowed_updates, ['message'])
    for (const text of ['one', 'two', 'three']) await alice.ask('Echo_bot', text, `hooked: ${text}`)
    await bot.api.deleteWebhook()
  })
}))

test('a group and its members', () => withBot(async (place, alice, bob) => {
  const bot = makeBot(place)
  const seen = []
  bot.on('my_chat_member', ctx => { seen.push(['me', ctx.myChatMember.new_chat_member.status]) })
  bot.on('chat_member', ctx => { seen.push([ctx.chatMember.new_chat_member.user.first_name, ctx.chatMember.new_chat_member.status]) })
  bot.on('message:new_chat_members', ctx => ctx.reply(`hello ${ctx.message.new_chat_members.map(u => u.first_name)}`))
  bot.command('title', async ctx => {
    await ctx.setChatTitle(ctx.match)
    await ctx.reply('renamed')
  })
  await polling(bot, async () => {
    const group = await alice.client.createSupergroup({ title: 'Club' })
    await alice.client.addChatMembers(group.id, ['Echo_bot'], {})
    await alice.client.call({
      _: 'channels.editAdmin', channel: await alice.client.resolveChannel(group.id), userId: await alice.client.resolveUser('Echo_bot'),
      adminRights: { _: 'chatAdminRights', changeInfo: true, banUsers: true, other: true }, rank: '',
    })
    await alice.client.addChatMembers(group.id, [bob.me.id], {})
    await alice.hear('hello Bob')
    await alice.ask(group.id, '/title Society', 'renamed')
    const chat = await bot.api.getChat(group.id)
    assert.deepEqual([chat.title, chat.type, chat.permissions.can_send_messages], ['Society', 'supergroup', true])
    await bot.api.restrictChatMember(group.id, bob.me.id, { can_send_messages: true })
    const member = await bot.api.getChatMember(group.id, bob.me.id)
    assert.deepEqual([member.status, member.can_send_messages, member.can_send_photos], ['restricted', true, false])
    await bot.api.banChatMember(group.id, bob.me.id)
    assert.equal((await bot.api.getChatMember(group.id, bob.me.id)).status, 'kicked')
    await bot.api.leaveChat(group.id)
    await new Promise(resolve => setTimeout(resolve, 300))
  }, { allowed_updates: ['message', 'my_chat_member', 'chat_member'] })
  assert.deepEqual(seen, [
    ['me', 'member'], ['me', 'administrator'], ['Bob', 'member'], ['Bob', 'restricted'], ['Bob', 'kicked'], ['me', 'left'],
  ])
}))

test('inline queries', () => withBot(async (place, alice) => {
  const bot = makeBot(place)
  bot.inlineQuery(/best (framework|library)/, async ctx => {
    const [, what] = ctx.match
    await ctx.answerInlineQuery([
      InlineQueryResultBuilder.article('one', `The best ${what}`, { reply_markup: new InlineKeyboard().text('why?', 'why') })
        .text(`<b>${what}</b>`, { parse_mode: 'HTML' }),
      InlineQueryResultBuilder.contact('two', '+15550100', 'Carol'),
    ], { cache_time: 10, button: { text: 'To the bot', start_parameter: 'inline' } })
  })
  bot.on('inline_query', ctx => ctx.answerInlineQuery([]))
  bot.on('chosen_inline_result', ctx => ctx.editMessageText(`chosen: ${ctx.chosenInlineResult.result_id}`))
  await polling(bot, async () => {
    const { client } = alice
    const peer = await client.resolvePeer('me')
    const ask = query => client.call({ _: 'messages.getInlineBotResults', bot: userInput, peer, query, offset: '' })
    const userInput = await client.resolveUser('Echo_bot')
    assert.equal((await ask('nothing')).results.length, 0)
    const found = await ask('best library')
    assert.deepEqual(found.results.map(r => [r.type, r.title]), [['article', 'The best library'], ['contact', undefined]])
    assert.deepEqual([found.switchPm.text, found.switchPm.startParam], ['To the bot', 'inline'])
    const edited = new Promise(resolve => client.onEditMessage.add(message => message.text === 'chosen: one' && resolve(message)))
    const sent = await client.call({
      _: 'messages.sendInlineBotResult', peer, randomId: Long.fromNumber(4711), queryId: found.queryId, id: 'one',
    })
    client.handleClientUpdate(sent, false)
    assert.equal((await edited).viaBot.username, 'Echo_bot')
    // B-106: a number must be one of the answer's.
    await assert.rejects(client.call({
      _: 'messages.sendInlineBotResult', peer, randomId: Long.fromNumber(4712), queryId: found.queryId, id: 'three',
    }), /RESULT_ID_INVALID/)
  })
}))
