// A shop bot over the Bot API, tested as a user of sdk/node tests a bot of their own.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'

const { Sandbox, SandboxError } = await import(process.env.ZAUN_SDK)

/** A bot without any framework. */
class ShopBot {
  constructor(sandbox, token) {
    this.url = `${sandbox.botApi}/bot${token}/`
    this.waited = []
    this.running = this.run()
  }

  async call(method, params) {
    for (;;) {
      const response = await fetch(this.url + method, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(params),
      })
      const answer = await response.json()
      if (answer.ok) return answer.result
      if (response.status !== 429) throw new Error(answer.description)
      this.waited.push(answer.parameters.retry_after)
      await new Promise(resolve => setTimeout(resolve, 1000 * answer.parameters.retry_after))
    }
  }

  async run() {
    let offset = 0
    while (!this.ending) {
      for (const update of await this.call('getUpdates', { offset, timeout: 1 })) {
        offset = update.update_id + 1
        await this.take(update)
      }
    }
  }

  async take({ message, callback_query: query }) {
    if (message) {
      const reply_markup = { inline_keyboard: [[{ text: 'Tea', callback_data: 'tea' }]] }
      await this.call('sendMessage', { chat_id: message.chat.id, text: 'What shall it be?', reply_markup })
    } else if (query) {
      await this.call('answerCallbackQuery', { callback_query_id: query.id, text: 'It is brewing.' })
    }
  }

  async stop() {
    this.ending = true
    await this.running
  }
}

let sandbox
before(async () => { sandbox = await Sandbox.start() })
beforeEach(() => sandbox.reset())
after(() => sandbox.stop())

test('tea is sold, late after a flood wait', async () => {
  const [anna, shop] = [await sandbox.createUser('Anna'), await sandbox.createBot('Shop')]
  const program = new ShopBot(sandbox, shop.token)
  await sandbox.fault('sendMessage', 'flood_wait', { seconds: 1 })
  await anna.send(shop, '/start')
  await anna.waitMessage(shop, { button: 'Tea' })
  assert.deepEqual(program.waited, [1])
  const { answer } = await anna.press(shop, 'Tea')
  assert.equal(answer.text, 'It is brewing.')
  await program.stop()
})

test('every test has a sandbox of its own', async () => {
  const anna = await sandbox.createUser('Anna')
  assert.equal(anna.id, 1_000_001)
  assert.equal(await sandbox.loginCode(anna.phone), '22222')
  const garden = await sandbox.createChat('supergroup', 'Garden', anna, [await sandbox.createUser('Ben')])
  assert.equal((await anna.chats())[0].title, garden.title)
})

test('what is wrong is said', async () => {
  const anna = await sandbox.createUser('Anna')
  await assert.rejects(sandbox.createChat('supergroup', 'Garden', anna, [7]), refused => {
    assert.ok(refused instanceof SandboxError)
    assert.equal(refused.field, 'members[0]')
    return true
  })
})
