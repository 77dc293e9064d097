// One message: its facts, its tree, and its bytes beside it.

/** Bytes of one buffer that are drawn. */
const MAX_DRAWN_BYTES = 4096
/** Nodes of a tree that are drawn; children of the others open when asked. */
const MAX_DRAWN_NODES = 1500
const BYTES_IN_ROW = 8

const detail = { buffers: [], buffer: 0, root: null, nodes: [] }

function drawDetail(row) {
  const { event } = row
  // A refusal shows what was refused, where that could be read.
  const refused = event.kind === 'refused' && event.msg_id ? refusedRow(event) : null
  const shown = refused ? refused.event : event
  const message = event.messages?.[row.index]
  $('facts').replaceChildren(...(event.kind === 'refused' ? [refusalElement(event)] : []),
    element('p', 'title', message ? message.answers ? `${message.answers} → answer` : message.name : row.name), factsElement(row, message))
  detail.buffers = shown.buffers || []
  detail.root = (refused ? refused.event.messages[refused.index] : message)?.tree || null
  detail.buffer = detail.root?.at[0] || 0
  detail.nodes = []
  drawTree()
  drawBytes()
  if (detail.root) scrollBytes(detail.root.at)
}

function refusedRow(event) {
  return store.rows.find(row => row.conn === event.conn && row.direction === 'in' &&
    (row.id === event.msg_id || row.event.header?.msg_id === event.msg_id))
}

function refusalElement(event) {
  const made = element('div', 'refusal')
  made.append(element('p', '', `${event.reason}.`))
  if (event.values) made.append(element('p', 'values', event.values))
  made.append(element('p', '', `The server ${event.reaction}.`))
  return made
}

function factsElement(row, message) {
  const { event } = row
  const { header, account } = event
  const list = element('dl')
  const add = (name, value) => {
    if (value === undefined || value === null || value === '') return
    list.append(element('dt', '', name), element('dd', '', value))
  }
  add('time', `${new Date(event.at_us / 1000).toLocaleDateString('sv')} ${timeOf(event.at_us)}`)
  add('connection', event.conn || '')
  if (!message && event.kind !== 'refused') add('what', row.text)
  add('msg_id', message?.msg_id || header?.msg_id || event.msg_id)
  add('seqno', message?.seqno ?? header?.seqno)
  add('key', header?.key_id || event.key_id)
  add('session', header?.session_id)
  if (event.container) add('container', `${header.msg_id}, ${event.messages.length} messages`)
  add('account', [account?.phone && `+${account.phone}`, account?.user_id].filter(Boolean).join(' '))
  const bytes = message && message.tree.at[2] - message.tree.at[1]
  add('length', message && `${bytes} bytes`)
  return list
}

function drawTree() {
  const tree = $('tree')
  tree.replaceChildren()
  if (detail.root) addNode(tree, detail.root, 0)
  if (detail.nodes.length) detail.nodes[0].element.tabIndex = 0
}

function addNode(parent, node, depth, before = null) {
  const children = node.children || []
  const opens = children.length > 0
  const entry = { node, depth, open: false }
  const made = element('div', 'node')
  made.setAttribute('role', 'treeitem')
  made.setAttribute('aria-level', depth + 1)
  made.tabIndex = -1
  made.style.paddingLeft = `${6 + depth * 14}px`
  made.append(element('span', 'twist', ''))
  if (node.name) made.append(element('span', 'field', `${node.name}:`))
  made.append(...valueElements(node))
  entry.element = made
  made.entry = entry
  parent.insertBefore(made, before)
  if (before) detail.nodes.splice(detail.nodes.indexOf(before.entry), 0, entry)
  else detail.nodes.push(entry)
  if (opens) {
    const automatic = detail.nodes.length + children.length < MAX_DRAWN_NODES && (children.length <= 200 || depth === 0)
    setOpen(entry, automatic)
  }
}

function valueElements(node) {
  if (node.error) {
    const bytes = node.hidden ? element('span', 'hidden', 'hidden') : element('span', 'raw', node.value || '')
    return [element('span', 'error', node.error), bytes]
  }
  if (node.hidden) return [element('span', 'hidden', 'hidden'), element('span', 'leaf', node.type)]
  if (node.value === undefined) {
    const count = node.type === 'vector' ? ` ${(node.children || []).length}` : ''
    return [element('span', 'type', node.type + count)]
  }
  if (node.type === 'string') return [element('span', 'string', JSON.stringify(node.value))]
  if (node.type === 'true') return []
  const raw = ['bytes', 'int128', 'int256'].includes(node.type)
  return [element('span', raw ? 'raw' : 'number', node.value), element('span', 'leaf', node.type + hint(node))]
}

/** What a number may mean, where it can be told. */
function hint(node) {
  const seconds = Number(node.value)
  const dated = /^(date|expires|expires_at|valid_since|valid_until|now|server_time)$/.test(node.name || '')
  return node.type === 'int' && dated && seconds > 1e9 ? `  ${new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)}` : ''
}

function setOpen(entry, open) {
  entry.open = open
  entry.element.setAttribute('aria-expanded', open)
  entry.element.querySelector('.twist').textContent = open ? '▾' : '▸'
  const at = detail.nodes.indexOf(entry) + 1
  if (open) {
    const before = detail.nodes[at]?.element || null
    for (const child of entry.node.children) addNode($('tree'), child, entry.depth + 1, before)
    return
  }
  let end = at
  while (end < detail.nodes.length && detail.nodes[end].depth > entry.depth) detail.nodes[end++].element.remove()
  detail.nodes.splice(at, end - at)
}

function drawBytes() {
  const tabs = detail.buffers.length < 2 ? [] : detail.buffers.map((buffer, index) => {
    const tab = element('button', '', index ? `unpacked ${index}` : 'packet')
    tab.type = 'button'
    tab.setAttribute('aria-pressed', index === detail.buffer)
    tab.addEventListener('click', () => { detail.buffer = index; drawBytes() })
    return tab
  })
  $('buffers').replaceChildren(...tabs)
  const buffer = detail.buffers[detail.buffer]
  const bytes = buffer ? buffer.hex.match(/../g) || [] : []
  const rows = []
  for (let start = 0; start < Math.min(bytes.length, MAX_DRAWN_BYTES); start += BYTES_IN_ROW) {
    rows.push(bytesElement(start, bytes.slice(start, start + BYTES_IN_ROW)))
  }
  if (buffer && buffer.length > MAX_DRAWN_BYTES) rows.push(element('p', 'hint', `${buffer.length - MAX_DRAWN_BYTES} more bytes are not shown.`))
  $('hex').replaceChildren(...rows)
}

function bytesElement(start, bytes) {
  const made = element('div', 'bytes')
  made.append(element('span', 'offset', start.toString(16).padStart(4, '0')))
  const ascii = element('span', 'ascii')
  bytes.forEach((byte, n) => {
    const code = parseInt(byte, 16)
    const digits = element('i', byte === '**' ? 'kept' : '', byte === '**' ? '··' : byte)
    const letter = element('s', '', code >= 32 && code < 127 ? String.fromCharCode(code) : byte === '**' ? ' ' : '.')
    digits.dataset.at = letter.dataset.at = start + n
    made.append(digits)
    ascii.append(letter)
  })
  for (let n = bytes.length; n < BYTES_IN_ROW; n++) made.append(element('i', '', '  '))
  made.append(ascii)
  return made
}

/** Marks a node and its bytes. */
function mark(entry) {
  for (const marked of document.querySelectorAll('#tree .on, #hex .on')) marked.classList.remove('on')
  if (!entry) return
  entry.element.classList.add('on')
  const [buffer, start, end] = entry.node.at
  if (buffer !== detail.buffer) {
    detail.buffer = buffer
    drawBytes()
  }
  for (const byte of $('hex').querySelectorAll('[data-at]')) {
    if (byte.dataset.at >= start && Number(byte.dataset.at) < end) byte.classList.add('on')
  }
  scrollBytes(entry.node.at)
}

function scrollBytes([, start]) {
  const line = $('hex').children[Math.floor(start / BYTES_IN_ROW)]
  if (!line) return
  const box = $('hex')
  const top = line.offsetTop - box.offsetTop
  if (top < box.scrollTop || top + 40 > box.scrollTop + box.clientHeight) box.scrollTop = Math.max(0, top - 40)
}

/** The narrowest drawn node that a byte is of. */
function nodeOfByte(at) {
  let best = null
  for (const entry of detail.nodes) {
    const [buffer, start, end] = entry.node.at
    const width = end - start
    if (buffer === detail.buffer && start <= at && at < end && (!best || width <= best.width)) best = { entry, width }
  }
  return best?.entry || null
}

function wireDetail() {
  const tree = $('tree')
  tree.addEventListener('mouseover', e => { const made = e.target.closest('.node'); if (made) mark(made.entry) })
  tree.addEventListener('mouseleave', () => mark(null))
  tree.addEventListener('focusin', e => { if (e.target.entry) mark(e.target.entry) })
  tree.addEventListener('click', e => {
    const made = e.target.closest('.node')
    if (!made) return
    focusNode(made.entry)
    if (e.target.classList.contains('twist') && made.entry.node.children) setOpen(made.entry, !made.entry.open)
  })
  tree.addEventListener('keydown', treeKey)
  $('hex').addEventListener('mouseover', e => {
    if (e.target.dataset.at === undefined) return
    const entry = nodeOfByte(Number(e.target.dataset.at))
    mark(entry)
    entry?.element.scrollIntoView({ block: 'nearest' })
  })
}

function focusNode(entry) {
  for (const other of detail.nodes) other.element.tabIndex = other === entry ? 0 : -1
  entry.element.focus({ preventScroll: false })
}

function treeKey(e) {
  const at = detail.nodes.indexOf(e.target.entry)
  if (at < 0 || e.ctrlKey || e.metaKey || e.altKey) return
  const entry = detail.nodes[at]
  const opens = (entry.node.children || []).length > 0
  const go = to => { if (detail.nodes[to]) focusNode(detail.nodes[to]) }
  if (e.key === 'ArrowDown') go(at + 1)
  else if (e.key === 'ArrowUp') go(at - 1)
  else if (e.key === 'Home') go(0)
  else if (e.key === 'End') go(detail.nodes.length - 1)
  else if (e.key === 'ArrowRight' && opens) entry.open ? go(at + 1) : setOpen(entry, true)
  else if (e.key === 'ArrowLeft' && opens && entry.open) setOpen(entry, false)
  else if (e.key === 'ArrowLeft') go(detail.nodes.findLastIndex((other, n) => n < at && other.depth < entry.depth))
  else if (e.key === 'Enter' && opens) setOpen(entry, !entry.open)
  else return
  e.preventDefault()
}
