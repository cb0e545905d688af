// Cases of Autobahn's suite that npm's ws can say, against the server whose URL is the argument. It
// prints a line for each case that came out otherwise, and at the end how many there were.
import WebSocket from 'ws'

const url = process.argv[2]
let cases = 0

// within runs one case on a connection of its own; speak gets the socket and a list that fills with
// what it hears, and the connection ends with a close code.
function within(name, expected, code, speak) {
  cases++
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    const heard = []
    socket.on('message', (data, isBinary) => heard.push((isBinary ? 'b' : 't') + data.toString('latin1')))
    socket.on('pong', (data) => heard.push('p' + data.toString('latin1')))
    socket.on('open', () => {
      if (socket.extensions !== '') console.log(`${name}: extension ${socket.extensions} was not declined`)
      speak(socket)
    })
    socket.on('error', (error) => heard.push(`error ${error.message}`))
    socket.on('close', (got) => {
      const wrong = heard.length !== expected.length || heard.some((h, i) => h !== expected[i])
      if (wrong) console.log(`${name}: heard ${JSON.stringify(heard).slice(0, 200)}`)
      if (got !== code) console.log(`${name}: closed with ${got} instead of ${code}`)
      resolve()
    })
  })
}

const latin1 = (text) => Buffer.from(text).toString('latin1')

for (const size of [0, 125, 126, 127, 128, 65535, 65536, 1 << 20]) {
  await within(`1.1 text of ${size}`, ['t' + '*'.repeat(size)], 1000, (s) => { s.send('*'.repeat(size)); s.close(1000) })
  await within(`1.2 binary of ${size}`, ['b' + '\xfe'.repeat(size)], 1000, (s) => { s.send(Buffer.alloc(size, 0xfe)); s.close(1000) })
}
for (const payload of ['', 'Hello, world!', '\x00\xff\xfe\xfd', 'x'.repeat(125)]) {
  await within(`2 ping ${payload.length}`, ['p' + payload], 1000, (s) => { s.ping(Buffer.from(payload, 'latin1')); s.close(1000) })
  await within(`2.7 pong ${payload.length}`, [], 1000, (s) => { s.pong(Buffer.from(payload, 'latin1')); s.close(1000) })
}
await within('2.10 ten pings', Array.from({ length: 10 }, (_, i) => `p${i}`), 1000, (s) => {
  for (let i = 0; i < 10; i++) s.ping(String(i))
  s.close(1000)
})
await within('5.3 two fragments', ['tfrag1frag2'], 1000, (s) => {
  s.send('frag1', { fin: false }); s.send('frag2', { fin: true }); s.close(1000)
})
await within('5.6 a ping between', ['pbetween', 'tfrag1frag2'], 1000, (s) => {
  s.send('frag1', { fin: false }); s.ping('between'); s.send('frag2', { fin: true }); s.close(1000)
})
for (const text of ['κόσμε', 'Hello-µ@ßöäüàá-UTF-8!!', '\u0000', '\u{10ffff}', '\ufffe']) {
  await within(`6 ${JSON.stringify(text)}`, ['t' + latin1(text)], 1000, (s) => { s.send(text); s.close(1000) })
}
for (const bad of ['\xff', '\xce', '\xed\xa0\x80', '\xc0\xaf', '\xf4\x90\x80\x80']) {
  await within(`6 octets ${Buffer.from(bad, 'latin1').toString('hex')}`, [], 1007, (s) => s.send(Buffer.from(bad, 'latin1'), { binary: false }))
}
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
  await within(`7.7 close with ${code}`, [], code, (s) => s.close(code, 'bye'))
}
await within('7.1.1 a text and a close', ['tHello World!'], 1000, (s) => { s.send('Hello World!'); s.close(1000) })
await within('7.3.1 a close without a code', [], 1005, (s) => s.close())
await within('10.1.1 fragments of 1300', ['t' + '*'.repeat(65536)], 1000, (s) => {
  for (let at = 0; at < 65536; at += 1300) s.send('*'.repeat(Math.min(1300, 65536 - at)), { fin: at + 1300 >= 65536 })
  s.close(1000)
})
console.log(`${cases} cases`)
