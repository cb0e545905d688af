// Many tabs in one process, with npm's ws. Orders come as lines of JSON on standard input, what
// happened goes out as lines of JSON: {tab, event: opened | message | closed | refused, …, at}.
//
// {"do":"open","tab":1,"url":"ws://…","token":"…"}: connect by subprotocol, as a browser would;
//     after any end that is not terminal come back in 50 ms
// {"do":"send","tab":1,"text":"…"}
import { createInterface } from 'node:readline'
import WebSocket from 'ws'

const terminal = new Set([1000, 4510, 4511, 4512, 4513, 4514, 4515, 4520, 4521, 4522])
const sockets = new Map()

const say = (tab, event, more) =>
  process.stdout.write(JSON.stringify({ tab, event, at: performance.timeOrigin + performance.now(), ...more }) + '\n')

function open({ tab, url, token }) {
  const socket = new WebSocket(url, ['hotseat.v1', `hotseat.bearer.${token}`])
  sockets.set(tab, socket)
  let opened = false
  let left = false
  const comeBack = () => {
    if (!left) setTimeout(open, 50, { tab, url, token })
    left = true
  }
  socket.on('open', () => {
    opened = true
    say(tab, 'opened', { protocol: socket.protocol })
  })
  socket.on('message', (data) => {
    const text = data.toString()
    say(tab, 'message', { text })
    const message = JSON.parse(text)
    if (message.type === 'session_terminated' && message.seq) socket.send(JSON.stringify({ type: 'ack', seq: message.seq }))
  })
  socket.on('error', () => {}) // 'close' follows
  socket.on('unexpected-response', (_, response) => {
    say(tab, 'refused', { status: response.statusCode })
    response.destroy()
    comeBack()
  })
  socket.on('close', (code) => {
    if (opened) say(tab, 'closed', { code })
    if (!terminal.has(code)) comeBack()
  })
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  if (order.do === 'open') open(order)
  if (order.do === 'send') sockets.get(order.tab).send(order.text)
}).on('close', () => process.exit(0))
