// The stream, the buttons and the keys.

/** How long the page waits before it asks a server that was lost again. */
const RETRY_MS = 2000

const live = { paused: false, capture: null, connected: false, waiting: [], dropped: 0, dirty: false }

/** Draws at most once a frame, however much comes. */
function redrawSoon() {
  if (live.dirty) return
  live.dirty = true
  requestAnimationFrame(() => {
    live.dirty = false
    drawConnections()
    refilter()
    drawState()
  })
}

function drawState() {
  const waiting = live.waiting.length + live.dropped
  const more = waiting ? `, ${waiting} more` : ''
  const [name, text] = live.capture ? ['paused', `capture ${live.capture}${more}`]
    : live.paused ? ['paused', `paused${more}`]
    : live.connected ? ['live', 'live'] : ['lost', 'no server; trying again']
  $('state').className = `state ${name}`
  $('state').textContent = text
  $('pause').textContent = live.capture ? 'Live' : live.paused ? 'Resume' : 'Pause'
  $('pause').setAttribute('aria-pressed', live.paused)
}

function arrive(line) {
  if (!line) return
  if (live.paused) {
    live.waiting.push(line)
    if (live.waiting.length > MAX_WAITING) {
      live.waiting.shift()
      live.dropped++
    }
  } else {
    takeLine(line)
  }
  redrawSoon()
}

async function follow() {
  for (;;) {
    try {
      const response = await fetch('events', { cache: 'no-store' })
      if (!response.ok) throw new Error(await response.text())
      live.connected = true
      drawState()
      let rest = ''
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { value, done } = await reader.read()
        if (done) break
        const lines = (rest + value).split('\n')
        rest = lines.pop()
        lines.forEach(arrive)
      }
    } catch {}
    live.connected = false
    for (const connection of store.connections.values()) {
      if (connection.open && !live.capture) Object.assign(connection, { open: false, reason: 'the server is gone' })
    }
    redrawSoon()
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}

function setPaused(paused) {
  if (live.capture && !paused) {
    live.capture = null
    store.connections.clear()
    clearStore()
  }
  live.paused = paused
  if (!paused) {
    store.forgotten += live.dropped
    live.waiting.forEach(takeLine)
    live.waiting = []
    live.dropped = 0
    view.follow = true
  }
  redrawSoon()
}

function save() {
  const text = store.events.map(kept => `${kept.line}\n`).join('')
  const link = element('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }))
  link.download = `zaun-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.jsonl`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), RETRY_MS)
}

async function load(file) {
  const lines = (await file.text()).split('\n').filter(Boolean)
  live.paused = true
  live.capture = file.name
  store.connections.clear()
  clearStore()
  view.conn = null
  const bad = lines.filter(line => !takeLine(line)).length
  if (bad) live.capture += ` (${bad} lines are no events)`
  view.follow = false
  $('rows').scrollTop = 0
  redrawSoon()
}

function forget() {
  clearStore()
  view.selected = null
  view.follow = true
  live.waiting = []
  live.dropped = 0
  redrawSoon()
}

function wire() {
  $('search').addEventListener('input', refilter)
  $('only-refused').addEventListener('change', refilter)
  $('service').addEventListener('change', refilter)
  $('pause').addEventListener('click', () => setPaused(!live.paused))
  $('clear').addEventListener('click', forget)
  $('save').addEventListener('click', save)
  $('load').addEventListener('click', () => $('file').click())
  $('file').addEventListener('change', () => { if ($('file').files[0]) load($('file').files[0]); $('file').value = '' })
  $('to-end').addEventListener('click', () => { view.follow = true; drawRows() })
  const rows = $('rows')
  rows.addEventListener('scroll', () => {
    const follow = rows.scrollTop + rows.clientHeight >= rows.scrollHeight - ROW_HEIGHT
    view.follow = follow
    drawRows()
  })
  window.addEventListener('resize', drawRows)
  rows.addEventListener('keydown', rowsKey)
  document.addEventListener('keydown', pageKey)
  wireDetail()
}

function rowsKey(e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return
  const page = Math.floor($('rows').clientHeight / ROW_HEIGHT) - 1
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[e.key]
  if (by !== undefined) move(by)
  else if (e.key === 'Enter' || e.key === 'ArrowRight') $('tree').querySelector('[tabindex="0"]')?.focus()
  else return
  e.preventDefault()
}

function pageKey(e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return
  const typing = e.target instanceof HTMLInputElement
  if (e.key === 'Escape') {
    if (typing && e.target.value) { $('search').value = ''; refilter() }
    $('rows').focus()
  } else if (!typing && e.key === '/') {
    $('search').focus()
  } else if (!typing && e.key === 'p') {
    setPaused(!live.paused)
  } else {
    return
  }
  e.preventDefault()
}

wire()
redrawSoon()
follow()
