// mtcute: key exchange, login, dialogs, messages in both directions, a photo, a file, logout.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { addPublicKey } from '@mtcute/node/utils.js'
import { Server, codeFor } from './server.mjs'

let server
const clients = []

before(async () => { server = await Server.start() })
after(async () => {
  for (const client of clients) await client.destroy()
  await server.stop()
})

async function makeClient() {
  const dc = { id: server.dc, ipAddress: server.address, port: server.port }
  const client = new TelegramClient({
    apiId: 1,
    apiHash: 'hash',
    storage: new MemoryStorage(),
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
    logLevel: 1,
  })
  await client.prepare()
  addPublicKey(client._client.crypto, server.key.pkcs1_pem)
  clients.push(client)
  return client
}

async function logIn(phone, firstName) {
  const client = await makeClient()
  const sent = await client.sendCode({ phone })
  try {
    await client.signIn({ phone, phoneCodeHash: sent.phoneCodeHash, phoneCode: codeFor(phone) })
  } catch (error) {
    if (!/SIGN_?UP|UNOCCUPIED|not found|authorizationSignUpRequired/i.test(String(error))) throw error
    const done = await client.call({
      _: 'auth.signUp', phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash, firstName, lastName: '',
    })
    await client.notifyLoggedIn(done)
  }
  client.phone = phone
  client.me = await client.getMe()
  await client.startUpdatesLoop()
  return client
}

async function befriend(client, other) {
  const imported = await client.call({
    _: 'contacts.importContacts',
    contacts: [{ _: 'inputPhoneContact', clientId: { low: 1, high: 0, unsigned: false }, phone: '+' + other.phone, firstName: 'Friend', lastName: '' }],
  }).catch(() => null)
  if (imported) return
  await client.importContacts([{ phone: '+' + other.phone, firstName: 'Friend', lastName: '' }])
}

function next(client, wanted, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} did not come`)), 20000)
    const handler = message => {
      if (!wanted(message)) return
      clearTimeout(timer)
      client.onNewMessage.remove(handler)
      resolve(message)
    }
    client.onNewMessage.add(handler)
  })
}

test('a conversation, a photo, a file, and the end', async (t) => {
  const alice = await logIn('9996611001', 'Alice')
  const bob = await logIn('9996622002', 'Bob')
  await befriend(alice, bob)
  await befriend(bob, alice)

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
})
