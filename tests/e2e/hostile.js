// A page that shows hostile text in a view, without a kernel: in every place that a model, a tool, a file or a server can fill,
// as it comes and as it is in the end; and that looks through the shadow root for whatever could act, lead or fetch.
const spoken = []
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) window[name] = (...given) => void spoken.push(`${name} ${given}`)
addEventListener('error', (event) => spoken.push(`error ${event.message}`))
addEventListener('unhandledrejection', (event) => spoken.push(`rejection ${event.reason}`))
addEventListener('securitypolicyviolation', (event) => spoken.push(`policy ${event.blockedURI}`))

const words = (text) => new Set(text.split(/\s+/).filter(Boolean))
const HTML = words(`a article b blockquote br button code del div em fieldset footer h1 h2 h3 h4 h5 h6 header hr i img input kbd label
  legend li ol option p pre s section select small span strong sub summary sup details table tbody td textarea th thead time tr ul`)
const SVG = words('svg g path circle rect line polyline polygon ellipse')
const MATHML = words(`math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
  mprescripts mtable mtr mtd mstyle mpadded mphantom menclose merror semantics annotation`)
const NAMESPACES = {
  'http://www.w3.org/1999/xhtml': HTML,
  'http://www.w3.org/2000/svg': SVG,
  'http://www.w3.org/1998/Math/MathML': MATHML,
}
// of these no value does anything; the others are looked at below
const PLAIN = words(`align alt autocapitalize autocomplete checked class cols d decoding dir disabled enterkeyhint fill for height hidden id
  lang maxlength multiple name open placeholder popover readonly role rows spellcheck start stroke stroke-linecap stroke-linejoin
  stroke-dasharray stroke-width pathLength tabindex title translate type value viewBox width wrap cx cy r x y rx ry x1 x2 y1 y2 points accept focusable draggable`)
const MATH_PLAIN = words(`accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle encoding fence
  form framespacing frame largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits
  notation rowalign rowlines rowspacing rowspan rspace scriptlevel separator stretchy symmetric voffset xmlns equalrows equalcolumns`)

function faultOf(node, { name, value }) {
  if (PLAIN.has(name) || /^(?:aria|data)-/.test(name)) return ''
  if (node.namespaceURI.endsWith('MathML') && MATH_PLAIN.has(name)) return ''
  if (name === 'style') return /url|image|expression|@|position|\\/i.test(value) ? 'style' : ''
  if (node.localName === 'a' && name === 'href') {
    const away = node.rel === 'noopener noreferrer' && node.target === '_blank'
    const note = value.startsWith('#') && node.hash === value // a footnote's
    return note || (away && /^(?:https?|mailto):$/.test(node.protocol)) ? '' : 'link'
  }
  if (node.localName === 'a' && (name === 'rel' || name === 'target')) return ''
  if (node.localName === 'img' && name === 'referrerpolicy') return ''
  if (node.localName === 'img' && name === 'src') return /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/.test(value) ? '' : 'source'
  return 'attribute'
}

function faults(root) {
  const found = []
  for (const node of root.querySelectorAll('*')) {
    if (!NAMESPACES[node.namespaceURI]?.has(node.localName)) found.push(`<${node.localName}>`)
    for (const attribute of node.attributes) {
      const fault = faultOf(node, attribute)
      if (fault) found.push(`${fault} <${node.localName} ${attribute.name}=${attribute.value}>`)
    }
    if (node.shadowRoot) found.push(...faults(node.shadowRoot))
  }
  return found
}

// without any of our code's help: what a fragment of HTML makes of the judge
function judge(html) {
  const page = new DOMParser().parseFromString(html, 'text/html')
  return faults(page)
}

class Model {
  constructor(values) {
    this.values = values
    this.listeners = {}
  }
  get(name) {
    return this.values[name]
  }
  set(name, value) {
    this.values[name] = value
    this.emit(`change:${name}`)
  }
  on(name, callback) {
    ;(this.listeners[name] ??= new Set()).add(callback)
  }
  off(name, callback) {
    this.listeners[name]?.delete(callback)
  }
  emit(name, ...given) {
    for (const callback of [...(this.listeners[name] ?? [])]) callback(...given)
  }
  async send({ op, name }) {
    if (op !== 'asset') return
    const code = await (await fetch(`./${name}.js`)).text()
    this.emit('msg:custom', { op: 'asset', name, code })
  }
}

const ANSWER = {
  role: 'assistant', parts: [], parent: 'q', status: 'streaming', finish_reason: null, model: 'lab/tiny', created: 1, usage: null,
  cost: null, error: null,
}
const usage = { input_tokens: 1, cached_tokens: 1, cache_write_tokens: 1, output_tokens: 1, reasoning_tokens: 1, certainty: 'reported' }

function values(more) {
  return {
    kind: 'thread', conversation: 'c', status: 'idle', title: 'notes', model: 'lab/tiny', usage: null, cost: '–', notice: null,
    offers: [], queue: [], approvals: [], engine: { state: 'idle', text: '', progress: null }, private: false, outlook: null,
    snapshot: { generation: 0, seq: 0, ended: true, turn: null, messages: [], more: false },
    ...more,
  }
}

// `text` in every place at once
function everywhere(kind, text) {
  const error = { kind: 'server', text, hint: text }
  const parts = [
    { type: 'text', text },
    { type: 'reasoning', text, seconds: 2 },
    { type: 'tool-call', id: 'a', name: text, arguments: text },
    { type: 'tool-call', id: 'b', name: text, arguments: JSON.stringify({ [text]: text }) },
    { type: 'tool-call', id: 'c', name: text, arguments: '' },
    { type: 'tool-result', call_id: 'a', text },
    { type: 'tool-result', call_id: 'b', text, error: true },
    { type: 'tool-result', call_id: text, text, denied: true },
    { type: 'image', url: text, alt: text },
    { type: 'image', url: `https://evil.test/${text}`, alt: text },
    { type: 'image', url: `data:image/png;base64,${text}`, alt: text },
    { type: 'image', url: `data:image/svg+xml,${text}`, alt: text },
    { type: 'file', name: text, text },
    { type: text, text },
  ]
  const facts = {
    ...ANSWER, parts, model: text, usage, cost: { text, source: text }, parameters: { [text]: text, left_out: null },
    first_token_seconds: 1, seconds: 2,
  }
  const messages = [
    { ...ANSWER, id: 'q', role: 'user', parent: null, status: 'complete', model: null, parts: parts.slice(0, 1).concat(parts.slice(8)) },
    { ...facts, id: 'a1', status: 'complete', finish_reason: text, hidden: true, omitted: 2, siblings: ['a1', text] },
    { ...ANSWER, id: 'q2', role: 'user', parent: 'a1', status: 'complete', model: null, parts: [{ type: 'text', text }] },
    { ...facts, id: text || 'a2', parent: 'q2', status: 'error', error },
  ]
  return values({
    kind, title: text, model: text, cost: text, usage, notice: { kind: 'warning', text, hint: text },
    offers: [{ id: text, text, detail: text }], queue: [{ turn: 't2', text }],
    approvals: [{ call: 'a', tool: text, arguments: text }], engine: { state: 'loading', text, progress: 0.5 },
    outlook: { tokens: 1, estimated: true, price: text, answer: text, length: 9, kept: 1, first: 'q2', omitted: 2 },
    snapshot: { generation: 1, seq: 1, ended: true, turn: 't', messages, more: true, continues: text },
  })
}

const views = document.body.appendChild(document.createElement('main'))
let widget

function show(model) {
  const definition = widget.default()
  const controller = new AbortController()
  const el = views.appendChild(document.createElement('div'))
  definition.initialize({ model, signal: controller.signal })
  const end = definition.render({ model, el })
  return {
    root: el.firstElementChild.shadowRoot ?? el,
    end() {
      end()
      controller.abort()
      el.remove()
    },
  }
}

const tick = () => new Promise((done) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = done; port2.postMessage(0) })
const frame = () => new Promise(requestAnimationFrame)

// All of the texts, one after the other, in pieces, each as an answer; returns what was wrong, with the text that made it so.
async function stream(texts, long) {
  const found = []
  for (const text of texts) {
    const model = new Model(values({}))
    const view = show(model)
    let seq = 0
    const tell = (...events) => model.emit('msg:custom', { op: 'append', generation: 1, after: seq, seq: ++seq, events })
    const open = { ...ANSWER, id: 'a' }
    tell({ type: 'turn-start', turn: 't', messages: [{ ...ANSWER, id: 'q', role: 'user', parent: null, status: 'complete', model: null }, open] })
    await tick()
    const size = text.length > long ? Math.ceil(text.length / 40) : 1
    for (let at = 0; at < text.length; at += size) {
      tell({ type: 'text-delta', text: text.slice(at, at + size) })
      await tick()
      const wrong = faults(view.root.querySelector('.message.assistant'))
      if (wrong.length) found.push([text.slice(0, at + size), wrong])
    }
    tell({ type: 'turn-end', turn: 't', message: { ...open, status: 'complete' }, checksum: 0 })
    await frame()
    if (text.trim() && !view.root.querySelector('.message.assistant .markdown')?.firstElementChild) found.push([text, ['nothing is shown']])
    const wrong = faults(view.root)
    if (wrong.length) found.push([text, wrong])
    view.end()
  }
  return found
}

// The same texts in every place at once, in both kinds of view, with all that can be opened open.
async function fill(texts) {
  const found = []
  for (const text of texts)
    for (const kind of ['thread', 'turn']) {
      const model = new Model(everywhere(kind, text))
      const view = show(model)
      await tick()
      view.root.querySelector('button.model')?.click()
      const row = { id: text, name: text, context_length: 1, price: text, can: [text], about: text, words: text, recent: true }
      model.emit('msg:custom', { op: 'models', models: [row, { ...row, recent: false }], error: { kind: text, text, hint: text } })
      await tick()
      for (const fold of view.root.querySelectorAll('details')) fold.open = true
      for (const event of [
        { type: 'turn-start', turn: 't9', messages: [{ ...ANSWER, id: 'a9', parent: null }] },
        { type: 'retry', attempt: 2, delay: 1, reason: text },
      ])
        model.emit('msg:custom', { op: 'append', generation: 2, after: event.type === 'retry' ? 1 : 0, seq: event.type === 'retry' ? 2 : 1, events: [event] })
      model.emit('msg:custom', { op: 'refused', client_id: null, error: { kind: 'x', text, hint: text } })
      await tick()
      const wrong = faults(view.root)
      if (wrong.length) found.push([kind, text, wrong])
      view.end()
    }
  return found
}

window.hostile = {
  judge, spoken, stream, fill, frame,
  async begin(withApp) {
    widget = await import('./widget.js')
    if (withApp) (await import('./app.js')).default.initialize()
  },
}
