type Fields = Record<string, unknown>
/** An id, a key, `@name` or `+phone`, or what the sandbox made. */
type Who = number | string | User | Chat

export class SandboxError extends Error {
  status: number
  text: string
  field?: string
  seen?: unknown
}

export class User {
  id: number
  first_name: string
  last_name?: string
  username?: string
  phone?: string
  call(name: string, fields?: Fields): Promise<any>
  send(chat: Who, text: string, more?: Fields): Promise<any>
  edit(chat: Who, message: number, text: string): Promise<any>
  delete(chat: Who, messages: number | number[], more?: Fields): Promise<any>
  read(chat: Who): Promise<any>
  press(chat: Who, button: string, more?: Fields): Promise<any>
  react(chat: Who, message: number, emoji?: string): Promise<any>
  vote(chat: Who, message: number, options?: string | string[]): Promise<any>
  follow(link: string): Promise<any>
  pay(what: { chat?: Who; message?: number; link?: string } & Fields): Promise<any>
  openApp(chat: Who, more?: Fields): Promise<{ url: string; init_data: string; query_id?: string }>
  sendAppData(bot: Who, button: string, data: string): Promise<any>
  giveStars(amount: number): Promise<number>
  join(chat: Who): Promise<any>
  leave(chat: Who): Promise<any>
  chats(): Promise<any[]>
  messages(chat: Who, more?: Fields): Promise<any[]>
  waitMessage(chat: Who, wanted: Fields): Promise<any>
  waitGone(chat: Who, message: number, more?: Fields): Promise<any>
}

export class Bot extends User {
  token: string
  waitIdle(more?: Fields): Promise<any>
}

export class Chat {
  id: number
  type: 'group' | 'supergroup' | 'channel'
  title: string
}

export class Sandbox {
  static start(options?: { binary?: string; args?: string[] }): Promise<Sandbox>
  host: string
  port: number
  dc: number
  /** The key that MTProto clients trust, in PEM form. */
  key: string
  /** What bot frameworks call apiRoot. */
  botApi: string
  stop(): Promise<void>
  call(name: string, fields?: Fields): Promise<any>
  createUser(firstName: string, more?: Fields): Promise<User>
  createBot(firstName: string, more?: Fields): Promise<Bot>
  createChat(
    kind: 'group' | 'supergroup' | 'channel', title: string, owner: Who, members?: Who[], more?: Fields,
  ): Promise<Chat>
  waitAnswer(press: { press: number }, more?: Fields): Promise<any>
  loginCode(phone: string): Promise<string>
  advance(seconds: number): Promise<number>
  fault(method: string, kind: string, more?: Fields): Promise<number>
  cut(): Promise<any>
  missing(): Promise<{ mtproto: Record<string, number>; bot_api: Record<string, number> }>
  reset(): Promise<any>
  snapshot(name: string): Promise<any>
  restore(name: string): Promise<any>
}
