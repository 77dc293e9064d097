// A person who talks to bots, with mtcute: what bot frameworks are judged by.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Server } from './server.mjs'
import { withPair } from './mtcute_judge.mjs'

/** A client with everything that comes to it. */
class Person {
  constructor(client) {
    this.client = client
    this.me = client.me
    this.messages = []
    this.edits = []
    this.waiting = new Set()
    client.onNewMessage.add(message => this.keep(this.messages, message))
    client.onEditMessage.add(message => this.keep(this.edits, message))
  }

  keep(list, message) {
    if (message.isOutgoing) return
    list.push(message)
    for (const look of this.waiting) look()
  }

  /** The first message that fits; a text stands for its message. */
  hear(wanted, list = this.messages) {
    const fits = typeof wanted === 'function' ? wanted : message => message.text === wanted
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(look)
        reject(new Error(`"${wanted}" did not come, but: ${list.map(m => m.text).join(' | ')}`))
      }, 20000)
      const look = () => {
        const found = list.find(fits)
        if (!found) return
        clearTimeout(timer)
        this.waiting.delete(look)
        resolve(found)
      }
      this.waiting.add(look)
      look()
    })
  }

  hearEdit(wanted) {
    return this.hear(wanted, this.edits)
  }

  /** Sends a text and waits for the answer. */
  async ask(whom, text, answer) {
    const sent = await this.client.sendText(whom, text)
    return this.hear(message => message.text === answer && message.id > sent.id)
  }

  press(message, data) {
    return this.client.getCallbackAnswer({ chatId: message.chat.id, message: message.id, data })
  }
}

/** Runs `body` with a server that has a bot "Echo", and two people. */
export async function withBot(body) {
  const server = await Server.start('--bot', 'Echo')
  try {
    const [bot] = server.bots
    const url = `http://${server.address}:${server.port}`
    await withPair(server, {}, (alice, bob) => body({ token: bot.token, url, server }, new Person(alice), new Person(bob)))
  } finally {
    await server.stop()
  }
}

/** Runs `body` with the address of a handler of HTTP requests. */
export async function listening(handler, body) {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await body(`http://127.0.0.1:${server.address().port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

export const data = message => message.markup.buttons.map(row => row.map(b => [b.text, b.data && Buffer.from(b.data).toString()]))

/** A GIF of one pixel. */
export const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** A PNG of one red pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64')

export { assert }
