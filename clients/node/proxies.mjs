// Proxies that lead every connection to one address.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** `greet` gets what the client said so far; it returns the answers due, and the last one says that all is open. */
async function redirector(target, greet) {
  const proxy = { led: 0, sockets: new Set() }
  const listener = createServer(socket => {
    proxy.sockets.add(socket)
    socket.on('error', () => {}).on('close', () => proxy.sockets.delete(socket))
    let head = Buffer.alloc(0)
    let said = 0
    socket.on('data', function hear(data) {
      head = Buffer.concat([head, data])
      const answers = greet(head)
      for (const answer of answers.list.slice(said)) socket.write(answer)
      said = answers.list.length
      if (!answers.open) return
      socket.off('data', hear)
      proxy.led += 1
      const far = connect(target.port, target.address)
      far.on('error', () => socket.destroy())
      socket.on('close', () => far.destroy())
      far.write(head.subarray(answers.used))
      socket.pipe(far).pipe(socket)
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  proxy.port = listener.address().port
  proxy.close = () => {
    listener.close()
    for (const socket of proxy.sockets) socket.destroy()
  }
  return proxy
}

/** SOCKS5 without a password (RFC 1928). */
export const socksProxy = target => redirector(target, head => {
  const list = []
  const greeting = 2 + (head[1] ?? Infinity)
  if (head.length >= greeting) list.push(Buffer.from([5, 0]))
  const request = head.subarray(greeting)
  const addressBytes = { 1: 4, 3: 1 + (request[4] ?? 0), 4: 16 }[request[3]]
  const open = request.length >= 4 + addressBytes + 2
  if (open) list.push(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
  return { list, open, used: greeting + 4 + addressBytes + 2 }
})

/** HTTP that tunnels (CONNECT). */
export const httpProxy = target => redirector(target, head => {
  const end = head.indexOf('\r\n\r\n')
  const open = end >= 0
  return { list: open ? [Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n')] : [], open, used: end + 4 }
})
