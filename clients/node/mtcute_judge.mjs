// mtcute, as its users point it at a server of their own.
import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { addPublicKey } from '@mtcute/node/utils.js'
import { codeFor } from './server.mjs'

/** `options` are those of the client itself: transport, network. */
export async function makeClient(server, options) {
  const dc = { id: server.dc, ipAddress: server.address, port: server.port }
  const client = new TelegramClient({
    apiId: 1,
    apiHash: 'hash',
    storage: new MemoryStorage(),
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
    logLevel: 1,
    ...options,
  })
  await client.prepare()
  addPublicKey(client._client.crypto, server.key.pkcs1_pem)
  return client
}

async function logIn(client, phone, firstName) {
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
}

async function befriend(client, other) {
  const imported = await client.call({
    _: 'contacts.importContacts',
    contacts: [{ _: 'inputPhoneContact', clientId: { low: 1, high: 0, unsigned: false }, phone: '+' + other.phone, firstName: 'Friend', lastName: '' }],
  }).catch(() => null)
  if (imported) return
  await client.importContacts([{ phone: '+' + other.phone, firstName: 'Friend', lastName: '' }])
}

export function next(client, wanted, what) {
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

/** Runs `body` with Alice and Bob, logged in, each the other's contact; `options` may be a function that makes them. */
export async function withPair(server, options, body) {
  const clients = []
  try {
    for (const [phone, name] of [['9996611001', 'Alice'], ['9996622002', 'Bob']]) {
      const client = await makeClient(server, typeof options === 'function' ? options() : options)
      clients.push(client)
      await logIn(client, phone, name)
    }
    const [alice, bob] = clients
    await befriend(alice, bob)
    await befriend(bob, alice)
    return await body(alice, bob)
  } finally {
    for (const client of clients) await client.destroy()
  }
}

/** One message in each direction. */
export async function converse(alice, bob) {
  const atBob = next(bob, m => m.text === 'hello bob', 'the message')
  await alice.sendText(bob.me.id, 'hello bob')
  const got = await atBob
  const atAlice = next(alice, m => m.text === 'hello alice', 'the answer')
  await bob.replyText(got, 'hello alice')
  await atAlice
}
