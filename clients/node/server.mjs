// Starts a Zaun server of a test's own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export class Server {
  static async start(...args) {
    const server = new Server()
    server.stderr = ''
    server.process = spawn(
      process.env.ZAUN,
      ['serve', '--sandbox', '--sign-up', '--json', '--listen', '127.0.0.1:0', ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    server.process.stderr.on('data', data => { server.stderr += data })
    const lines = createInterface({ input: server.process.stdout })
    const [line] = await once(lines, 'line')
    Object.assign(server, JSON.parse(line))
    return server
  }

  async stop() {
    this.process.kill('SIGTERM')
    await once(this.process, 'exit')
    const errors = this.stderr.split('\n').filter(line => /ERROR|panicked/.test(line))
    if (errors.length) throw new Error(errors.join('\n'))
  }
}

const SECRET_KEY = '000102030405060708090a0b0c0d0e0f'

/** MTProxy secrets of the three kinds, in hex. */
export const SECRETS = {
  plain: SECRET_KEY,
  dd: 'dd' + SECRET_KEY,
  ee: 'ee' + SECRET_KEY + Buffer.from('example.org').toString('hex'),
}

/** Arguments for one more listener on a free port. */
export const endpoint = (...settings) => ['--endpoint', ['listen=127.0.0.1:0', ...settings].join(',')]

/** The fixed code of a test phone 99966XYYYY: the digit X five times. */
export const codeFor = phone => phone[5].repeat(5)
