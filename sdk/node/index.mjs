// A Telegram of a test's own: starts `zaun serve --sandbox` and steers it. Nothing but Node itself is used.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A refused call: its status, the field that is wrong, and what was seen instead of what was waited for. */
export class SandboxError extends Error {
  constructor(call, status, { error = '', field, seen }) {
    const place = field ? `${field}: ` : ''
    super(`${call}: ${place}${error} (${status})${seen === undefined ? '' : `; seen instead: ${JSON.stringify(seen)}`}`)
    Object.assign(this, { name: 'SandboxError', status, text: error, field, seen })
  }
}

/** What a call takes: people and conversations are named by their ids. */
const plain = value => {
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof User || value instanceof Chat ? value.id : value
}

/** A person of the sandbox, who acts and looks. */
export class User {
  constructor(sandbox, made) {
    Object.defineProperty(this, 'sandbox', { value: sandbox })
    Object.assign(this, made)
  }

  /** Makes a call as this person. */
  call(name, fields = {}) {
    return this.sandbox.call(name, { as: this, ...fields })
  }

  send(chat, text, more) { return this.call('send', { chat, text, ...more }) }
  edit(chat, message, text) { return this.call('edit', { chat, message, text }) }
  delete(chat, messages, more) { return this.call('delete', { chat, messages: [messages].flat(), ...more }) }
  read(chat) { return this.call('read', { chat }) }
  press(chat, button, more) { return this.call('press', { chat, button, ...more }) }
  react(chat, message, emoji) { return this.call('react', { chat, message, emoji }) }
  vote(chat, message, options) { return this.call('vote', { chat, message, options: [options ?? []].flat() }) }
  follow(link) { return this.call('follow', { link }) }
  /** Pays an invoice: `{ chat, message }` or `{ link }`. */
  pay(what) { return this.call('pay', what) }
  /** Opens a mini app: `{ bot, url, start_param, platform }`; gives its `url`, `init_data` and `query_id`. */
  openApp(chat, more) { return this.call('open_app', { chat, ...more }) }
  /** Sends what a mini app of a reply keyboard has to say. */
  sendAppData(bot, button, data) { return this.call('send_app_data', { bot, button, data }) }
  async giveStars(amount) { return (await this.sandbox.call('give_stars', { user: this, amount })).balance }
  join(chat) { return this.call('join', { chat }) }
  leave(chat) { return this.call('leave', { chat }) }
  chats() { return this.call('chats') }
  messages(chat, more) { return this.call('messages', { chat, ...more }) }
  /** Waits for a message: any of text, contains, from, button, message, after. */
  waitMessage(chat, wanted) { return this.call('wait_message', { chat, ...wanted }) }
  /** Waits until this person sees a message no more. */
  waitGone(chat, message, more) { return this.call('wait_gone', { chat, message, ...more }) }
}

/** A bot of the sandbox, with the token for its program. */
export class Bot extends User {
  /** Waits until the bot's program has taken all its updates. */
  waitIdle(more) { return this.sandbox.call('wait_idle', { bot: this, ...more }) }
}

/** A group or a channel of the sandbox. */
export class Chat {
  constructor(made) { Object.assign(this, made) }
}

/** A running server. */
export class Sandbox {
  /** Starts one: `binary` is the one given, that of the environment variable ZAUN, or the one on PATH. */
  static async start({ binary = process.env.ZAUN || 'zaun', args = [] } = {}) {
    const sandbox = new Sandbox()
    const command = ['serve', '--sandbox', '--json', '--listen', '127.0.0.1:0', ...args]
    sandbox.process = spawn(binary, command, { stdio: ['ignore', 'pipe', 'ignore'] })
    const failed = once(sandbox.process, 'exit').then(([code]) => {
      throw new Error(`the sandbox did not start (${code}): ${binary} ${command.join(' ')}`)
    })
    const lines = createInterface({ input: sandbox.process.stdout })
    const [line] = await Promise.race([once(lines, 'line'), failed])
    // That it exits later is no failure.
    failed.catch(() => {})
    sandbox.announced = JSON.parse(line)
    const { address, port, dc, key, control } = sandbox.announced
    Object.assign(sandbox, { host: address, port, dc, key: key.pkcs1_pem, botApi: `http://${address}:${port}` })
    sandbox.control = control
    return sandbox
  }

  /** Ends the server; nothing is kept. */
  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const exit = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    await exit
  }

  /** Makes a call of docs/SANDBOX.md. */
  async call(name, fields = {}) {
    const body = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]))
    const response = await fetch(this.control.url + name, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.control.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw new SandboxError(name, response.status, answer)
    return answer
  }

  async createUser(firstName, more) {
    return new User(this, await this.call('create_user', { first_name: firstName, ...more }))
  }

  async createBot(firstName, more) {
    return new Bot(this, await this.call('create_bot', { first_name: firstName, ...more }))
  }

  /** `kind` is group, supergroup or channel. */
  async createChat(kind, title, owner, members = [], more = {}) {
    return new Chat(await this.call('create_chat', { kind, title, owner, members, ...more }))
  }

  /** Waits for the bot's answer to a press that was made with `wait_ms: 0`. */
  waitAnswer(press, more) { return this.call('wait_answer', { press: press.press, ...more }) }
  async loginCode(phone) { return (await this.call('login_code', { phone })).code }
  async advance(seconds) { return (await this.call('advance', { seconds })).now }
  async fault(method, kind, more) { return (await this.call('fault', { method, kind, ...more })).fault }
  cut() { return this.call('cut') }
  missing() { return this.call('missing') }
  reset() { return this.call('reset') }
  snapshot(name) { return this.call('snapshot', { name }) }
  restore(name) { return this.call('restore', { name }) }
}
