// @mtproto/core: layer 158, one method at a time.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import MTProto from '@mtproto/core'
import bigInt from 'big-integer'
import { Server, codeFor } from './server.mjs'

let server
let alice
let bob
const clients = []

before(async () => {
  server = await Server.start()
  alice = await logIn('9996611001', 'Alice')
  bob = await logIn('9996622002', 'Bob')
})
after(async () => {
  for (const client of clients) hangUp(client)
  await server.stop()
})

/** A client that knows this server's address and key instead of the built-in ones. */
async function connect() {
  const client = new MTProto({ api_id: 1, api_hash: 'hash', storageOptions: { instance: new Map() } })
  client.dcList = [{ id: server.dc, ip: server.address, port: server.port }]
  const key = { modulus: bigInt(server.key.modulus_decimal).toString(16), exponent: server.key.exponent.toString(16) }
  client.crypto.rsa.getRsaKeyByFingerprints = async fingerprints => {
    const fingerprint = fingerprints.find(one => bigInt(one).equals(bigInt(server.key.fingerprint_hex, 16)))
    return fingerprint && { fingerprint, ...key }
  }
  await client.setDefaultDc(server.dc)
  clients.push(client)
  return client
}

/** The library has no way to end: its transport connects again whenever it is closed. */
function hangUp(client) {
  for (const { transport } of client.rpcs.values()) {
    transport.socket.removeAllListeners('close')
    transport.socket.destroy()
  }
}

async function logIn(phone, first_name) {
  const client = await connect()
  const { phone_code_hash } = await client.call('auth.sendCode', { phone_number: phone, settings: { _: 'codeSettings' } })
  const named = { phone_number: phone, phone_code_hash }
  let signed = await client.call('auth.signIn', { ...named, phone_code: codeFor(phone) })
  if (signed._ === 'auth.authorizationSignUpRequired') {
    signed = await client.call('auth.signUp', { ...named, first_name, last_name: '' })
  }
  assert.equal(signed.user.first_name, first_name)
  client.me = signed.user
  client.seen = []
  client.waiting = []
  client.updates.on('updates', ({ updates }) => {
    client.seen.push(...updates)
    client.waiting.splice(0).forEach(look => look())
  })
  await client.call('updates.getState')
  return client
}

/** The update that fits, now or later. */
function hear(client, fits) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not among ${JSON.stringify(client.seen)}`)), 20000)
    const look = () => {
      const found = client.seen.find(fits)
      if (!found) return client.waiting.push(look)
      clearTimeout(timer)
      resolve(found)
    }
    look()
  })
}

const said = text => update => update.message?.message === text

async function contact(client, phone) {
  const { users } = await client.call('contacts.importContacts', {
    contacts: [{ _: 'inputPhoneContact', client_id: 1, phone: '+' + phone, first_name: 'Friend', last_name: '' }],
  })
  return { _: 'inputPeerUser', user_id: users[0].id, access_hash: users[0].access_hash }
}

const randomId = () => bigInt(randomBytes(7).toString('hex'), 16).toString()
const say = (client, peer, message, more) =>
  client.call('messages.sendMessage', { peer, message, random_id: randomId(), ...more })
const sentId = result => result.id ?? result.updates.find(update => update._ === 'updateMessageID').id

test('a wrong code is refused', async () => {
  const phone = '9996633003'
  const client = await connect()
  const { phone_code_hash } = await client.call('auth.sendCode', { phone_number: phone, settings: { _: 'codeSettings' } })
  const wrong = client.call('auth.signIn', { phone_number: phone, phone_code_hash, phone_code: '98765' })
  await assert.rejects(wrong, error => error.error_message === 'PHONE_CODE_INVALID')
})

test('private messages are sent, answered, edited and deleted', async () => {
  const [toBob, toAlice] = [await contact(alice, '9996622002'), await contact(bob, '9996611001')]
  const bold = { _: 'messageEntityBold', offset: 0, length: 5 }
  const id = sentId(await say(alice, toBob, 'hello bob', { entities: [bold] }))
  const { message: got } = await hear(bob, said('hello bob'))
  assert.equal(got.entities[0]._, 'messageEntityBold')
  await say(bob, toAlice, 'hello alice', { reply_to_msg_id: got.id })
  const { message: answer } = await hear(alice, said('hello alice'))
  assert.equal(answer.reply_to.reply_to_msg_id, id)
  await alice.call('messages.editMessage', { peer: toBob, id, message: 'changed' })
  assert.ok((await hear(bob, said('changed'))).message.edit_date)
  const { dialogs, messages } = await bob.call('messages.getDialogs', { offset_peer: { _: 'inputPeerEmpty' }, limit: 10 })
  const dialog = dialogs.find(dialog => dialog.peer.user_id === alice.me.id)
  assert.equal(dialog.unread_count, 1)
  assert.ok(messages.some(message => message.id === dialog.top_message))
  await bob.call('messages.readHistory', { peer: toAlice, max_id: dialog.top_message })
  await hear(alice, update => update._ === 'updateReadHistoryOutbox')
  await alice.call('messages.deleteMessages', { id: [id], revoke: true })
  await hear(bob, update => update._ === 'updateDeleteMessages' && update.messages.includes(got.id))
  const history = await bob.call('messages.getHistory', { peer: toAlice, limit: 10 })
  assert.deepEqual(history.messages.map(message => message.message), ['hello alice'])
  const { full_user } = await bob.call('users.getFullUser', { id: { ...toAlice, _: 'inputUser' } })
  assert.equal(full_user.id, alice.me.id)
})

test('a file goes up and comes down', async () => {
  const toBob = await contact(alice, '9996622002')
  const [part, file_id] = [512 * 1024, randomId()]
  const content = randomBytes(part + 1000)
  for (const [file_part, start] of [[0, 0], [1, part]]) {
    assert.ok(await alice.call('upload.saveFilePart', { file_id, file_part, bytes: content.subarray(start, start + part) }))
  }
  const attributes = [{ _: 'documentAttributeFilename', file_name: 'file.bin' }]
  const file = { _: 'inputFile', id: file_id, parts: 2, name: 'file.bin', md5_checksum: '' }
  const media = { _: 'inputMediaUploadedDocument', file, mime_type: 'application/octet-stream', attributes, force_file: true }
  await alice.call('messages.sendMedia', { peer: toBob, media, message: 'here', random_id: randomId() })
  const { message } = await hear(bob, said('here'))
  const { id, access_hash, file_reference, size } = message.media.document
  assert.equal(Number(size), content.length)
  const location = { _: 'inputDocumentFileLocation', id, access_hash, file_reference, thumb_size: '' }
  const pieces = []
  for (const offset of [0, part]) {
    pieces.push(Buffer.from((await bob.call('upload.getFile', { location, offset, limit: part })).bytes))
  }
  assert.ok(Buffer.concat(pieces).equals(content))
})

test('a basic group', async () => {
  const toBob = await contact(alice, '9996622002')
  const { chats } = await alice.call('messages.createChat', { users: [{ ...toBob, _: 'inputUser' }], title: 'Duo' })
  const peer = { _: 'inputPeerChat', chat_id: chats[0].id }
  await say(alice, peer, 'hello group')
  assert.equal((await hear(bob, said('hello group'))).message.peer_id.chat_id, chats[0].id)
  const { full_chat } = await bob.call('messages.getFullChat', { chat_id: chats[0].id })
  assert.equal(full_chat.participants.participants.length, 2)
})

test('a supergroup with reactions, and a channel', async () => {
  const group = (await alice.call('channels.createChannel', { title: 'The group', about: 'about', megagroup: true })).chats[0]
  const input = { channel_id: group.id, access_hash: group.access_hash }
  assert.ok(await alice.call('channels.updateUsername', { channel: { _: 'inputChannel', ...input }, username: 'core_group' }))
  const found = (await bob.call('contacts.resolveUsername', { username: 'core_group' })).chats[0]
  const [channel, peer] = ['inputChannel', 'inputPeerChannel'].map(_ => ({ _, channel_id: found.id, access_hash: found.access_hash }))
  await bob.call('channels.joinChannel', { channel })
  const id = sentId(await say(alice, { _: 'inputPeerChannel', ...input }, 'hello all'))
  await hear(bob, update => update._ === 'updateNewChannelMessage' && said('hello all')(update))
  await bob.call('messages.sendReaction', { peer, msg_id: id, reaction: [{ _: 'reactionEmoji', emoticon: '👍' }] })
  const { reactions } = await hear(alice, update => update._ === 'updateMessageReactions')
  assert.deepEqual(reactions.results.map(one => [one.reaction.emoticon, one.count]), [['👍', 1]])
  const news = (await alice.call('channels.createChannel', { title: 'News', about: '', broadcast: true })).chats[0]
  const post = await say(alice, { _: 'inputPeerChannel', channel_id: news.id, access_hash: news.access_hash }, 'first news')
  assert.ok(post.updates.some(update => update._ === 'updateNewChannelMessage' && update.message.post))
})

test('what was missed is in the difference', async () => {
  const toBob = await contact(alice, '9996622002')
  const { pts, date, qts } = await bob.call('updates.getState')
  for (const n of [1, 2, 3]) await say(alice, toBob, `missed ${n}`)
  const { new_messages } = await bob.call('updates.getDifference', { pts, date, qts })
  assert.deepEqual(new_messages.map(message => message.message), ['missed 1', 'missed 2', 'missed 3'])
})
