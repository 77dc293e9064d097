// The list of connections and the timeline. Only rows that can be seen exist in the document.

const ROW_HEIGHT = 22
const $ = id => document.getElementById(id)

function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

const view = { rows: [], selected: null, conn: null, follow: true }

/** Applies the filters to everything that is kept. */
function refilter() {
  const passes = filterOf($('search').value, $('only-refused').checked, $('service').checked, view.conn)
  view.rows = store.rows.filter(passes)
  drawRows()
}

function drawRows() {
  const box = $('rows')
  const inner = $('rows-inner')
  inner.style.height = `${view.rows.length * ROW_HEIGHT}px`
  if (view.follow) box.scrollTop = box.scrollHeight
  const first = Math.max(0, Math.floor(box.scrollTop / ROW_HEIGHT) - 5)
  const last = Math.min(view.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW_HEIGHT) + 5)
  inner.replaceChildren(...view.rows.slice(first, last).map((row, n) => rowElement(row, first + n)))
  const forgotten = store.forgotten ? `, ${store.forgotten} events forgotten` : ''
  const all = store.rows.length
  $('row-count').textContent = (view.rows.length === all ? `${all}` : `${view.rows.length} of ${all}`) + forgotten
  $('to-end').hidden = view.follow
  const selected = view.rows.indexOf(view.selected)
  if (selected >= 0) box.setAttribute('aria-activedescendant', `row-${selected}`)
  else box.removeAttribute('aria-activedescendant')
}

function rowElement(row, index) {
  const kind = row.refused ? 'refused' : row.direction || 'event'
  const failed = row.text.includes(' → rpc_error(')
  const made = element('div', `row ${kind}${row.service ? ' service' : ''}${failed ? ' failed' : ''}`)
  made.id = `row-${index}`
  made.setAttribute('role', 'option')
  made.setAttribute('aria-selected', row === view.selected)
  made.style.top = `${index * ROW_HEIGHT}px`
  made.append(element('span', 'time', timeOf(row.event.at_us)), element('span', 'conn', row.conn || ''),
    element('span', 'arrow', row.refused ? '✕' : { in: '→', out: '←' }[row.direction] || '·'))
  const what = element('span', 'what')
  const named = row.text.startsWith(row.method) && row.method
  what.append(element('b', '', named ? row.method : row.name), named ? row.text.slice(named.length) : ` ${row.text}`)
  made.append(what)
  made.addEventListener('mousedown', () => select(row))
  return made
}

function timeOf(at_us) {
  const at = new Date(at_us / 1000)
  const two = n => String(n).padStart(2, '0')
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function select(row) {
  view.selected = row
  drawRows()
  drawDetail(row)
}

/** Moves the choice by so many rows and keeps it in sight. */
function move(by) {
  if (!view.rows.length) return
  const at = view.rows.indexOf(view.selected)
  const to = Math.max(0, Math.min(view.rows.length - 1, at < 0 ? view.rows.length - 1 : at + by))
  const box = $('rows')
  const top = to * ROW_HEIGHT
  view.follow = false
  if (top < box.scrollTop) box.scrollTop = top
  if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_HEIGHT - box.clientHeight
  select(view.rows[to])
}

function drawConnections() {
  const all = [...store.connections.values()]
  $('connection-count').textContent = `${all.filter(c => c.open).length} open`
  const list = $('connection-list')
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.conn : null
  list.replaceChildren(...all.map(connectionElement))
  if (!all.length) list.append(element('p', 'hint none', '\u2002None since the page was opened.'))
  if (focused) list.querySelector(`[data-conn="${focused}"]`)?.focus()
}

function connectionElement(connection) {
  const made = element('button', `connection ${connection.open ? 'open' : 'closed'}`)
  made.type = 'button'
  made.dataset.conn = connection.id
  made.setAttribute('aria-pressed', view.conn === connection.id)
  const top = element('div', 'top')
  top.append(element('span', '', `${connection.id}  ${connection.account?.phone ? `+${connection.account.phone}` : connection.peer || ''}`))
  if (connection.refused) top.append(element('span', 'badge', `${connection.refused} refused`))
  made.append(top)
  const more = (text, name = '') => { if (text) made.append(element('div', `more ${name}`, text)) }
  if (connection.account?.phone) more(connection.peer)
  more(connection.transport)
  more(connection.key, 'key')
  const who = [connection.layer && `layer ${connection.layer}`, connection.account?.user_id && `user ${connection.account.user_id}`]
  more(who.filter(Boolean).join(', '))
  more(`${connection.received} in, ${connection.sent} out${connection.open ? '' : `; ${connection.reason || 'closed'}`}`)
  made.title = connection.open ? 'Show only this connection' : `Closed: ${connection.reason || ''}`
  made.addEventListener('click', () => {
    view.conn = view.conn === connection.id ? null : connection.id
    drawConnections()
    refilter()
  })
  return made
}
