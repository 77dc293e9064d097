// mtcute: key exchange, login, dialogs, messages in both directions, a photo, a file, logout; PFS; every transport.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  BotInline, BotInlineMessage, BotKeyboard, HttpProxyTcpTransport, MemoryStorage, MtProxyTcpTransport, SocksProxyTcpTransport,
} from '@mtcute/node'
import { converse, makeClient, next, withPair } from './mtcute_judge.mjs'
import { httpProxy, socksProxy } from './proxies.mjs'
import { Proxy, SECRETS, Server, endpoint } from './server.mjs'

let server
const proxies = []

before(async () => {
  server = await Server.start(...Object.values(SECRETS).flatMap(secret => endpoint(`secret=${secret}`)))
})
after(async () => {
  for (const proxy of proxies) proxy.close()
  await server.stop()
})

test('a conversation, a photo, a file, and the end', t => withPair(server, {}, async (alice, bob) => {

  await t.test('messages go both ways', async () => {
    const atBob = next(bob, m => m.text === 'hello bob', 'the message')
    const sent = await alice.sendText(bob.me.id, 'hello bob')
    const got = await atBob
    assert.equal(got.sender.id, alice.me.id)
    const atAlice = next(alice, m => m.text === 'hello alice', 'the answer')
    await bob.replyText(got, 'hello alice')
    assert.equal((await atAlice).replyToMessage.id, sent.id)
    await alice.editMessage({ chatId: bob.me.id, message: sent.id, text: 'changed' })
    const [newest] = await bob.getHistory(alice.me.id, { limit: 5 }).then(h => h.filter(m => m.id === got.id))
    assert.equal(newest.text, 'changed')
  })

  await t.test('the list of conversations', async () => {
    const dialogs = []
    for await (const dialog of bob.iterDialogs()) dialogs.push(dialog)
    assert.equal(dialogs[0].peer.id, alice.me.id)
  })

  await t.test('a file keeps its bytes', async () => {
    const bytes = randomBytes(300 * 1024)
    const atBob = next(bob, m => m.media?.type === 'document', 'the file')
    await alice.sendMedia(bob.me.id, { type: 'document', file: new Uint8Array(bytes), fileName: 'random.bin' })
    const down = await bob.downloadAsBuffer((await atBob).media)
    const hash = data => createHash('sha256').update(data).digest('hex')
    assert.equal(hash(down), hash(bytes))
  })

  await t.test('a photo has sizes', async () => {
    const jpeg = Buffer.from(
      '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAAQABABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAABgQF/8QAIRAAAQQCAgIDAAAAAAAAAAAAAQIDBBEABSExBkESUWH/2gAIAQEAAD8AzdX5Fs9XsW5sKdIYktKC0OIWQUkciiO8p2+42G5muTdlMfmynD8luvLK1KPuyecM/wD/2Q==',
      'base64',
    )
    const atBob = next(bob, m => m.media?.type === 'photo', 'the photo')
    await alice.sendMedia(bob.me.id, { type: 'photo', file: new Uint8Array(jpeg), fileName: 'p.jpg' })
    const photo = (await atBob).media
    assert.equal(photo.width, 16)
    assert.ok((await bob.downloadAsBuffer(photo)).length > 100)
  })

  await t.test('log out', async () => {
    assert.ok(await alice.logOut())
  })
}))

test('perfect forward secrecy', async () => {
  const storages = []
  const options = () => {
    storages.push(new MemoryStorage())
    return { storage: storages.at(-1), network: { usePfs: true } }
  }
  await withPair(server, options, converse)
  for (const { authKeys } of storages) assert.ok(await authKeys.getTemp(server.dc, 0, Date.now()), 'the temporary key')
})

for (const [n, kind] of Object.keys(SECRETS).entries()) {
  test(`an endpoint with a secret: ${kind}`, async () => {
    const secret = Buffer.from(SECRETS[kind], 'hex')
    const { port } = server.endpoints[n + 1]
    await withPair(server, () => ({ transport: new MtProxyTcpTransport({ host: server.address, port, secret }) }), converse)
  })
}

for (const kind of Object.keys(SECRETS)) {
  test(`through zaun proxy: ${kind}`, async () => {
    const proxy = await Proxy.start(server, SECRETS[kind])
    const secret = Buffer.from(SECRETS[kind], 'hex')
    const options = () => ({ transport: new MtProxyTcpTransport({ host: '127.0.0.1', port: proxy.port, secret }) })
    try {
      await withPair(server, options, converse)
    } finally {
      await proxy.stop()
    }
  })
}

for (const [kind, start, Transport] of [['SOCKS5', socksProxy, SocksProxyTcpTransport], ['HTTP', httpProxy, HttpProxyTcpTransport]]) {
  test(`a proxy: ${kind}`, async () => {
    const proxy = await start(server)
    proxies.push(proxy)
    await withPair(server, () => ({ transport: new Transport({ host: '127.0.0.1', port: proxy.port }) }), converse)
    assert.ok(proxy.led >= 2)
  })
}

test('a wrong clock is corrected', async () => {
  const real = Date.now
  for (const wrong of [-3600_000, 3600_000]) {
    Date.now = () => real() + wrong
    try {
      await withPair(server, {}, converse)
    } finally {
      Date.now = real
    }
  }
})

test('a bot', async () => {
  const home = await Server.start('--bot', 'Echo')
  const bot = await makeClient(home, {})
  try {
    const me = await bot.start({ botToken: home.bots[0].token })
    assert.deepEqual([me.username, me.isBot], ['Echo_bot', true])
    bot.onNewMessage.add(async message => {
      if (message.isOutgoing) return
      if (message.text === '/menu') {
        await bot.replyText(message, 'menu', { replyMarkup: BotKeyboard.inline([[BotKeyboard.callback('one', '1')]]) })
      } else {
        await bot.answerText(message, `echo ${message.text}`)
      }
    })
    bot.onCallbackQuery.add(async query => {
      await bot.answerCallbackQuery(query.id, { text: `took ${query.dataStr}` })
      await bot.editMessage({ chatId: query.chat.id, message: query.messageId, text: 'done' })
    })
    bot.onInlineQuery.add(query => bot.answerInlineQuery(query.id, [
      BotInline.article('1', { title: 'Upper', message: BotInlineMessage.text(query.query.toUpperCase()) }),
    ]))
    await withPair(home, {}, async alice => {
      const echoed = next(alice, m => m.text === 'echo hi', 'the echo')
      await alice.sendText('Echo_bot', 'hi')
      await echoed
      const asked = next(alice, m => m.text === 'menu', 'the menu')
      await alice.sendText('Echo_bot', '/menu')
      const menu = await asked
      const edited = new Promise(resolve => alice.onEditMessage.add(m => m.text === 'done' && resolve()))
      const answer = await alice.getCallbackAnswer({ chatId: menu.chat.id, message: menu.id, data: '1' })
      assert.equal(answer.message, 'took 1')
      await edited
      const found = await alice.call({
        _: 'messages.getInlineBotResults', bot: await alice.resolveUser('Echo_bot'), peer: { _: 'inputPeerSelf' },
        query: 'words', offset: '',
      })
      assert.deepEqual(found.results.map(r => [r.title, r.sendMessage.message]), [['Upper', 'WORDS']])
    })
  } finally {
    await bot.destroy()
    await home.stop()
  }
})
