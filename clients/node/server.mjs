// Starts a Zaun server of a test's own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** `zaun proxy` with one secret, which leads clients of every data centre to a server over TCP. */
export class Proxy {
  static async start(server, secret) {
    const proxy = new Proxy()
    proxy.folder = await mkdtemp(join(tmpdir(), 'zaun-proxy-'))
    const addresses = [1, 2, 3, 4, 5, 203].map(dc => `${dc} = ['${server.address}:${server.port}']`).join(', ')
    await writeFile(join(proxy.folder, 'proxy.toml'), [
      "listen = ['127.0.0.1:0']", "cover = 'none'", '[[secret]]', "name = 'judge'", `secret = '${secret}'`,
      '[upstream]', "routes = ['direct']", `addresses = { ${addresses} }`,
    ].join('\n'))
    proxy.stderr = ''
    proxy.process = spawn(
      process.env.ZAUN, ['proxy', '--config', 'proxy.toml'],
      { cwd: proxy.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    proxy.process.stderr.on('data', data => { proxy.stderr += data })
    const [line] = await once(createInterface({ input: proxy.process.stdout }), 'line')
    proxy.port = Number(line.match(/^proxy on 127\.0\.0\.1:(\d+)$/)[1])
    return proxy
  }

  async stop() {
    this.process.kill('SIGTERM')
    const [code] = await once(this.process, 'exit')
    await rm(this.folder, { recursive: true })
    if (code !== 0 || /ERROR|panicked/.test(this.stderr)) throw new Error(this.stderr)
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
