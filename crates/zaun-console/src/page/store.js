'use strict'
// What is kept: events, the connections they are of, and the rows they make in the timeline.

/** Events that are kept; older ones are forgotten, and counted. */
const MAX_EVENTS = 5000
/** Characters of kept events' JSON: some packets are a thousand times as long as others. */
const MAX_CHARS = 48e6
/** Connections in the list; the longest closed ones go first. */
const MAX_CONNECTIONS = 500
/** Events that wait while the page is paused; beyond it the oldest are dropped, and counted. */
const MAX_WAITING = 5000

/** Messages of the protocol itself. */
const SERVICE = new Set(['msgs_ack', 'ping', 'ping_delay_disconnect', 'pong', 'http_wait', 'new_session_created',
  'future_salts', 'get_future_salts', 'msgs_state_req', 'msgs_state_info', 'msgs_all_info', 'msg_detailed_info',
  'msg_new_detailed_info', 'msg_resend_req', 'bad_server_salt', 'bad_msg_notification', 'destroy_session',
  'destroy_session_ok', 'destroy_session_none', 'rpc_drop_answer'])

const PACKETS = { received: 'in', plain_received: 'in', sent: 'out', plain_sent: 'out' }

const store = { events: [], chars: 0, forgotten: 0, rows: [], connections: new Map() }

function clearStore() {
  store.events = []
  store.rows = []
  store.chars = 0
  store.forgotten = 0
  // Those that are open go on, and start counting again.
  for (const [id, connection] of store.connections) {
    if (!connection.open) store.connections.delete(id)
    else Object.assign(connection, { received: 0, sent: 0, refused: 0 })
  }
}

/** Takes one line of the stream; false if it is none. */
function takeLine(line) {
  let event
  try { event = JSON.parse(line) } catch { return false }
  if (typeof event !== 'object' || event === null || typeof event.kind !== 'string') return false
  if (event.kind in PACKETS && !Array.isArray(event.messages)) return false
  const kept = { event, line }
  store.events.push(kept)
  store.chars += line.length
  noteConnection(event)
  kept.rows = rowsOf(event)
  store.rows.push(...kept.rows)
  trim()
  return true
}

function trim() {
  let gone = 0
  let rows = 0
  while (store.events.length - gone > MAX_EVENTS || (store.chars > MAX_CHARS && store.events.length - gone > 1)) {
    const oldest = store.events[gone++]
    store.chars -= oldest.line.length
    rows += oldest.rows.length
  }
  if (!gone) return
  store.events.splice(0, gone)
  store.rows.splice(0, rows)
  store.forgotten += gone
}

function noteConnection(event) {
  if (!event.conn) return
  let connection = store.connections.get(event.conn)
  if (!connection) {
    connection = { id: event.conn, open: true, received: 0, sent: 0, refused: 0 }
    store.connections.set(event.conn, connection)
    if (store.connections.size > MAX_CONNECTIONS) {
      const closed = [...store.connections.values()].find(c => !c.open)
      store.connections.delete((closed || store.connections.values().next().value).id)
    }
  }
  const { kind } = event
  if (kind === 'opened') connection.peer = event.peer
  if (kind === 'transport') connection.transport = event.name
  if (kind === 'key_created') connection.key = event.key_id
  if (kind === 'closed') Object.assign(connection, { open: false, reason: event.reason })
  if (kind === 'refused') connection.refused++
  if (PACKETS[kind] === 'in') connection.received += event.messages.length
  if (PACKETS[kind] === 'out') connection.sent += event.messages.length
  if (event.header) connection.key = event.header.key_id
  if (event.account) connection.account = event.account
  for (const message of kind === 'received' ? event.messages : []) {
    const layer = layerOf(message.tree)
    if (layer) connection.layer = layer
  }
}

/** The layer that a query says it speaks. */
function layerOf(node) {
  while (node) {
    if (node.type === 'invokeWithLayer') return node.children?.find(child => child.name === 'layer')?.value
    node = node.children?.find(child => child.name === 'query' || child.name === 'unpacked')
  }
}

function rowsOf(event) {
  const base = { event, conn: event.conn, key: event.header?.key_id || event.key_id || '', phone: event.account?.phone || '' }
  const direction = PACKETS[event.kind]
  if (direction) {
    return event.messages.map((message, index) => ({
      ...base, direction, index, name: message.name, text: messageText(message), method: message.answers || message.name,
      id: message.msg_id || event.header?.msg_id || '', service: SERVICE.has(message.name),
      user: event.account?.user_id || '',
    }))
  }
  const [name, text] = eventText(event)
  return [{ ...base, direction: '', name, text, method: '', id: event.msg_id || '', refused: event.kind === 'refused' }]
}

function messageText(message) {
  if (message.answers) {
    const result = /^rpc_result\(req_msg_id: -?\d+, result: (.*)\)(…?)$/s.exec(message.text)
    return `${message.answers} → ${result ? result[1] : message.text}`
  }
  return message.text
}

function eventText(event) {
  switch (event.kind) {
    case 'opened': return ['opened', `connection from ${event.peer}`]
    case 'transport': return ['transport', event.name + (event.dc === null ? '' : `, dc ${event.dc}`)]
    case 'key_created':
      return ['key created', `${event.key_id} for dc ${event.dc}${event.expires_in === null ? '' : `, temporary: ${event.expires_in} s`}`]
    case 'refused':
      return ['refused', `${event.reason}${event.values ? `: ${event.values}` : ''}; ${event.reaction}`]
    case 'quick_ack': return ['quick ack', event.token]
    case 'closed': return ['closed', event.reason]
    case 'missed': return ['missed', `${event.count} events were lost: the viewer was too slow`]
    default: return [event.kind, '']
  }
}

/** A function that says whether a row passes: words, and words with a name in front. */
function filterOf(search, onlyRefused, service, conn) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean).map(word => {
    const named = /^(method|phone|key|conn|id):(.+)$/.exec(word)
    if (!named) return row => hay(row).includes(word)
    const [, field, wanted] = named
    if (field === 'conn') return row => String(row.conn) === wanted
    return row => String(row[field]).toLowerCase().includes(wanted)
  })
  return row => (conn === null || row.conn === conn) && (!onlyRefused || row.refused) && (service || !row.service) &&
    words.every(word => word(row))
}

function hay(row) {
  row.hay ??= `${row.name} ${row.text} ${row.method} ${row.key} ${row.phone} ${row.user || ''} ${row.id}`.toLowerCase()
  return row.hay
}
