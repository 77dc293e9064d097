// GramJS: every TCP connection it has, WebSocket, endpoints with secrets, an ordinary proxy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import bigInt from 'big-integer'
import { Api, Logger, TelegramClient } from 'telegram'
import { _serverKeys } from 'telegram/crypto/RSA.js'
import { NewMessage } from 'telegram/events/index.js'
import { PromisedWebSockets } from 'telegram/extensions/index.js'
import { ConnectionTCPAbridged, ConnectionTCPFull, ConnectionTCPObfuscated } from 'telegram/network/connection/index.js'
import { StringSession } from 'telegram/sessions/index.js'
import { socksProxy } from './proxies.mjs'
import { SECRETS, Server, codeFor, endpoint } from './server.mjs'

let server
let proxy

before(async () => {
  server = await Server.start(...endpoint(`secret=${SECRETS.plain}`))
  trust(server.key)
  // The library wants port 80 on its main connection whatever the session says; a proxy leads it to another.
  proxy = await socksProxy(server)
})
after(async () => {
  proxy.close()
  await server.stop()
})

function trust(key) {
  // From hex: as a number the fingerprint loses its last digits on the way through JSON.
  const fingerprint = BigInt.asIntN(64, BigInt('0x' + key.fingerprint_hex))
  _serverKeys.set(String(fingerprint), { n: bigInt(key.modulus_decimal), e: key.exponent })
}

const phones = ['9996611001', '9996622002']

async function logIn(client, phone, firstName) {
  await client.connect()
  const { phoneCodeHash } = await client.invoke(new Api.auth.SendCode({
    phoneNumber: phone, apiId: 1, apiHash: 'hash', settings: new Api.CodeSettings({}),
  }))
  const signed = await client.invoke(new Api.auth.SignIn({ phoneNumber: phone, phoneCodeHash, phoneCode: codeFor(phone) }))
  if (signed instanceof Api.auth.AuthorizationSignUpRequired) {
    await client.invoke(new Api.auth.SignUp({ phoneNumber: phone, phoneCodeHash, firstName, lastName: '' }))
  }
  client.me = await client.getMe()
}

async function contact(client, phone) {
  const { users } = await client.invoke(new Api.contacts.ImportContacts({
    contacts: [new Api.InputPhoneContact({ clientId: bigInt(1), phone: '+' + phone, firstName: 'Friend', lastName: '' })],
  }))
  return new Api.InputPeerUser({ userId: users[0].id, accessHash: users[0].accessHash })
}

function next(client, text) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`"${text}" did not come`)), 20000)
    client.addEventHandler(event => {
      if (event.message.message !== text) return
      clearTimeout(timer)
      resolve(event.message)
    }, new NewMessage({}))
  })
}

/** Logs Alice and Bob in and lets them do something. */
async function together(options, deed) {
  const clients = phones.map(() => {
    const session = new StringSession('')
    // A saved port is a signed 16-bit number here; the main connection takes 80 or 443 whatever is said.
    session.setDC(server.dc, server.address, 80)
    return new TelegramClient(session, 1, 'hash', { connectionRetries: 3, baseLogger: new Logger('none'), ...options })
  })
  try {
    const [alice, bob] = clients
    await logIn(alice, phones[0], 'Alice')
    await logIn(bob, phones[1], 'Bob')
    await deed(alice, bob)
  } finally {
    for (const client of clients) await client.destroy()
  }
}

/** Logs Alice and Bob in and sends a message in each direction. */
function converse(options) {
  return together(options, async (alice, bob) => {
    const toBob = await contact(alice, phones[1])
    const toAlice = await contact(bob, phones[0])
    const atBob = next(bob, 'hello bob')
    await alice.sendMessage(toBob, { message: 'hello bob' })
    const got = await atBob
    const atAlice = next(alice, 'hello alice')
    await bob.sendMessage(toAlice, { message: 'hello alice', replyTo: got.id })
    await atAlice
  })
}

for (const connection of [ConnectionTCPFull, ConnectionTCPAbridged, ConnectionTCPObfuscated]) {
  test(`${connection.name} through a SOCKS proxy`, async () => {
    const before = proxy.led
    await converse({ connection, proxy: { ip: '127.0.0.1', port: proxy.port, socksType: 5 } })
    assert.ok(proxy.led >= before + 2)
  })
}

test('a supergroup in an old layer', async () => {
  const options = { connection: ConnectionTCPFull, proxy: { ip: '127.0.0.1', port: proxy.port, socksType: 5 } }
  await together(options, async (alice, bob) => {
    const made = await alice.invoke(new Api.channels.CreateChannel({ title: 'The group', about: 'about', megagroup: true }))
    const [channel] = made.chats
    assert.ok(channel.creator && channel.megagroup && !channel.broadcast)
    assert.ok(await alice.invoke(new Api.channels.UpdateUsername({ channel, username: 'gramjs_group' })))
    await bob.invoke(new Api.channels.JoinChannel({ channel: 'gramjs_group' }))
    const atBob = next(bob, 'hello all')
    const sent = await alice.sendMessage(channel, { message: 'hello all' })
    assert.equal((await atBob).id, sent.id)
    const atAlice = next(alice, 'hello back')
    await bob.sendMessage('gramjs_group', { message: 'hello back', replyTo: sent.id })
    assert.equal((await atAlice).replyTo.replyToMsgId, sent.id)
    const page = await bob.getMessages('gramjs_group', { limit: 10 })
    const texts = [...page].map(message => message.message).filter(Boolean)
    assert.deepEqual(texts, ['hello back', 'hello all'])
    const dialog = (await bob.getDialogs({ limit: 10 })).find(dialog => dialog.isChannel)
    assert.equal(dialog.unreadCount, 1)
    await bob.invoke(new Api.channels.LeaveChannel({ channel: 'gramjs_group' }))
    assert.equal((await bob.getDialogs({ limit: 10 })).filter(dialog => dialog.isChannel).length, 0)
  })
})

test('an endpoint with a secret', async () => {
  const { port } = server.endpoints[1]
  await converse({ proxy: { ip: server.address, port, secret: SECRETS.plain, MTProxy: true } })
})

/** Whether this process may listen there: WebSocket addresses are fixed in the library. */
async function mayListen(port) {
  const listener = createServer().listen(port, '127.0.0.1')
  const [result] = await Promise.race([once(listener, 'listening').then(() => [true]), once(listener, 'error').then(() => [false])])
  listener.close()
  return result
}

for (const useWSS of [false, true]) {
  const port = useWSS ? 443 : 80
  test(`WebSocket on port ${port}`, async t => {
    if (!await mayListen(port)) return t.skip(`port ${port} of this machine is not ours`)
    const listen = `listen=127.0.0.1:${port}${useWSS ? ',tls' : ''}`
    const main = server
    server = await Server.start('--endpoint', listen)
    try {
      trust(server.key)
      // The library gives no way to name the certificate of a server of one's own.
      if (useWSS) process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      await converse({ connection: ConnectionTCPObfuscated, networkSocket: PromisedWebSockets, useWSS })
    } finally {
      await server.stop()
      server = main
    }
  })
}
