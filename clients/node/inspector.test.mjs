// The inspector's page in headless Chromium, while a real client talks to the server it watches.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { addPublicKey } from '@mtcute/node/utils.js'
import { chromium } from 'playwright-core'
import { Server, codeFor } from './server.mjs'

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium'
const PHONE = '9996620001'
/** Said in a message; found by search. */
const WORDS = 'the quick brown fox'
const shots = join(import.meta.dirname, 'screenshots')

let server, browser, page, client
const errors = []

before(async () => {
  assert(existsSync(CHROMIUM), `no browser at ${CHROMIUM}: install Debian's package chromium, or set CHROMIUM`)
  mkdirSync(shots, { recursive: true })
  server = await Server.start('--inspect=127.0.0.1:0')
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
  page.setDefaultTimeout(8000)
  page.on('pageerror', error => errors.push(String(error)))
  page.on('console', message => { if (message.type() === 'error') errors.push(message.text()) })
  await page.goto(server.inspect)
  await page.waitForSelector('#state.live')
})

after(async () => {
  await page?.screenshot({ path: join(shots, 'last.png') })
  await client?.destroy()
  await browser?.close()
  await server?.stop()
})

async function startClient() {
  const dc = { id: server.dc, ipAddress: server.address, port: server.port }
  client = new TelegramClient({
    apiId: 1, apiHash: 'very-secret-api-hash', storage: new MemoryStorage(), logLevel: 1,
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
  })
  await client.prepare()
  addPublicKey(client._client.crypto, server.key.pkcs1_pem)
  const sent = await client.sendCode({ phone: PHONE })
  try {
    await client.signIn({ phone: PHONE, phoneCodeHash: sent.phoneCodeHash, phoneCode: codeFor(PHONE) })
  } catch {
    const done = await client.call({
      _: 'auth.signUp', phoneNumber: PHONE, phoneCodeHash: sent.phoneCodeHash, firstName: 'Inspected', lastName: '',
    })
    await client.notifyLoggedIn(done)
  }
  return sent.phoneCodeHash
}

/** Sends a packet for a key that nobody has, in the intermediate framing; the server answers −404. */
async function sendStrangeKey() {
  const socket = createConnection(server.port, server.address)
  const packet = Buffer.alloc(8 + 16 + 48, 7)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(packet.length)
  socket.write(Buffer.concat([Buffer.from('eeeeeeee', 'hex'), length, packet]))
  await new Promise(resolve => socket.once('data', resolve))
  socket.destroy()
}

const row = text => page.locator('.row', { hasText: text })
/** The timeline only draws what can be seen, so a test looks with the search box. */
async function find(search) {
  await page.fill('#search', search)
  await page.waitForSelector('.row')
}

test('a conversation is followed, and its secrets are not in it', async () => {
  const codeHash = await startClient()
  await client.sendText('me', WORDS)
  await find('method:auth.signUp')
  await find(WORDS)
  const all = await page.evaluate(() => store.events.map(kept => kept.line).join('\n'))
  assert(all.includes('auth.sendCode') && all.includes(WORDS))
  for (const secret of [codeHash, codeFor(PHONE), 'very-secret-api-hash']) {
    // Numbers may well contain the digits of a code.
    assert(!new RegExp(`(?<![0-9a-f])${secret}(?![0-9a-f])`).test(all), 'a secret as text')
    assert(!all.includes(Buffer.from(secret).toString('hex')), 'a secret as hex')
  }
  await page.fill('#search', '')
  await page.waitForFunction(() => !document.querySelector('#row-count').textContent.includes('of'))
})

test('connections are listed with transport, key, layer and account', async () => {
  const open = page.locator('.connection.open', { hasText: PHONE })
  await open.first().waitFor()
  const text = await open.first().innerText()
  assert.match(text, /127\.0\.0\.1:\d+/)
  assert.match(text, /obfuscated|intermediate/)
  assert.match(text, /[0-9a-f]{16}/)
  assert.match(text, /layer \d+, user \d+/)
  assert.match(text, /\d+ in, \d+ out/)
})

test('a refusal stands out, with plain words', async () => {
  await sendStrangeKey()
  await page.check('#only-refused')
  await page.waitForFunction(() => view.rows.some(row => row.refused && /-404/.test(row.text)))
  await row('-404').first().click()
  const words = await page.locator('.refusal').innerText()
  assert.match(words, /M-\d{3}/)
  assert.match(words, /transport error -404/)
  await page.screenshot({ path: join(shots, 'refusal.png') })
  assert(await page.evaluate(() => view.rows.every(row => row.refused)))
  assert.equal(await page.locator('.connection .badge').innerText(), '1 refused')
  await page.uncheck('#only-refused')
})

test('a refusal shows the object that was refused', async () => {
  // A library that is right is not refused, so the page is told of a refusal of what it said.
  await page.evaluate(() => {
    const asked = store.rows.find(row => row.name === 'messages.sendMessage' && row.direction === 'in')
    const { conn, id: msg_id, event: { at_us } } = asked
    takeLine(JSON.stringify({ n: 0, at_us, conn, kind: 'refused', msg_id, reason: 'for the test', values: '1 is not 2', reaction: 'passed it over' }))
    refilter()
  })
  await find('for the test')
  await row('for the test').click()
  assert.match(await page.locator('.refusal').innerText(), /1 is not 2/)
  assert.match(await page.locator('.node').first().innerText(), /messages\.sendMessage/)
  assert((await page.locator('#hex i[data-at]').count()) > 20)
  await page.screenshot({ path: join(shots, 'refused-object.png') })
  await page.fill('#search', '')
})

test('search finds a message; its tree and its bytes belong together', async () => {
  await find(`method:messages.sendMessage ${WORDS}`)
  await row(WORDS).first().click()
  const node = page.locator('.node', { hasText: 'message:' }).filter({ hasText: WORDS })
  await node.hover()
  const marked = await page.locator('#hex .ascii .on').allTextContents()
  assert(marked.join('').includes(WORDS), marked.join(''))
  await page.screenshot({ path: join(shots, 'light.png') })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(shots, 'dark.png') })
  await page.emulateMedia({ colorScheme: 'light' })
  // And the other way round.
  await page.locator('#hex i[data-at]').nth(0).hover()
  assert.equal(await page.locator('.node.on').count(), 1)
  await page.fill('#search', 'nothing has these words')
  await page.waitForFunction(() => view.rows.length === 0)
  await page.fill('#search', '')
})

test('a hidden value is marked as such in tree and bytes', async () => {
  await find('method:auth.signUp')
  await page.locator('.row.in').first().click()
  await page.locator('.node .hidden').first().waitFor()
  assert((await page.locator('#hex i.kept').count()) >= 8)
  await find('method:auth.sendCode')
  await page.locator('.row.out').first().click()
  assert.equal(await page.locator('.node', { hasText: 'phone_code_hash:' }).locator('.hidden').innerText(), 'hidden')
  await page.fill('#search', '')
  await page.locator('#rows').evaluate(rows => { rows.scrollTop = 0 })
  await page.screenshot({ path: join(shots, 'hidden-light.png') })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.screenshot({ path: join(shots, 'hidden-dark.png') })
  await page.emulateMedia({ colorScheme: 'light' })
})

test('the keyboard is enough', async () => {
  await page.keyboard.press('Escape')
  await page.keyboard.press('Home')
  const first = await page.evaluate(() => view.rows.indexOf(view.selected))
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('j')
  assert.equal(await page.evaluate(() => view.rows.indexOf(view.selected)), first + 2)
  await page.keyboard.press('/')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'search')
  await page.keyboard.type('method:sendMessage')
  await page.keyboard.press('Escape')
  assert.equal(await page.inputValue('#search'), '')
  await find('method:messages.sendMessage')
  await page.keyboard.press('Tab')
  await page.focus('#rows')
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'treeitem')
  const level = await page.evaluate(() => document.activeElement.entry.depth)
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.evaluate(() => document.activeElement.entry.depth), level + 1)
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'false')
  await page.fill('#search', '')
})

test('paused, what comes is counted and shown afterwards', async () => {
  await page.click('#pause')
  const before = await page.evaluate(() => store.rows.length)
  await client.sendText('me', 'said while nobody looked')
  await page.waitForFunction(() => /paused, [1-9]\d* more/.test(document.querySelector('#state').textContent))
  assert.equal(await page.evaluate(() => store.rows.length), before)
  await page.click('#pause')
  await find('said while nobody looked')
  await page.fill('#search', '')
  assert.equal(await page.locator('#state').innerText(), 'live')
})

test('one connection can be shown alone', async () => {
  await page.locator('.connection', { hasText: PHONE }).first().click()
  const conns = await page.evaluate(() => [...new Set(view.rows.map(row => row.conn))])
  assert.equal(conns.length, 1)
  await page.locator('.connection[aria-pressed=true]').click()
})

test('a capture is saved, and read again after everything was cleared', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')])
  assert.match(download.suggestedFilename(), /^zaun-\d{8}-\d{6}\.jsonl$/)
  const file = await download.path()
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  assert(lines.length > 20 && lines.every(line => JSON.parse(line).kind))
  await page.click('#clear')
  await page.waitForFunction(() => store.events.length < 5)
  await page.setInputFiles('#file', file)
  await page.waitForFunction(wanted => store.events.length === wanted, lines.length)
  await find(WORDS)
  await page.fill('#search', '')
  assert.match(await page.locator('#state').innerText(), /^capture /)
  await page.click('#pause')
  await page.waitForSelector('#state.live')
})

test('what is kept is bounded', async () => {
  const kept = await page.evaluate(() => {
    setPaused(true)
    const line = n => JSON.stringify({ n, at_us: 1, conn: 999, kind: 'quick_ack', token: '00000000' })
    for (let n = 0; n < MAX_EVENTS + 10; n++) takeLine(line(n))
    return { events: store.events.length, rows: store.rows.length, forgotten: store.forgotten }
  })
  assert.equal(kept.events, 5000)
  assert.equal(kept.rows, 5000)
  assert(kept.forgotten >= 10)
})

test('another host name is refused', async () => {
  const url = new URL(server.inspect)
  const status = await new Promise((resolve, reject) => {
    get({ host: url.hostname, port: url.port, path: '/events', headers: { host: `evil.example:${url.port}` } },
      response => { response.destroy(); resolve(response.statusCode) }).on('error', reject)
  })
  assert.equal(status, 403)
})

test('the page made no mistake', () => assert.deepEqual(errors, []))
