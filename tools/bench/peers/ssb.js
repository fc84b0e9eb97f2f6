// ssb-db2 with ssb-ebt: signed feeds, one an author, replicated over a secret handshake between two stacks in one process.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { AUTHORS, note, say, sayCatchup, time } from './measure.js'

const require = createRequire(import.meta.url)
const SecretStack = require('secret-stack')
const caps = require('ssb-caps')
const ssbKeys = require('ssb-keys')

function stack (path, port) {
  fs.mkdirSync(path, { recursive: true })
  return SecretStack({ caps })
    .use(require('ssb-db2'))
    .use(require('ssb-db2/compat/ebt'))
    .use(require('ssb-ebt'))
    .call(null, {
      path,
      keys: ssbKeys.generate(),
      timeout: 600000,
      connections: {
        incoming: { net: [{ scope: 'device', transform: 'shs', host: '127.0.0.1', port }] },
        outgoing: { net: [{ transform: 'shs' }] }
      }
    })
}

export async function run (folder, entries, appends) {
  const from = stack(folder + '/from', 42901)
  const to = stack(folder + '/to', 42902)
  const create = promisify(from.db.create)
  const drain = promisify(from.db.onDrain)
  const keys = Array.from({ length: AUTHORS }, () => ssbKeys.generate())
  const publish = (a, i) => create({ keys: keys[a], content: { type: 'note', ...note(a, i) } })
  await drain()
  const alone = await time(async () => {
    for (let i = 0; i < appends; i++) await publish(0, i)
    await drain()
  })
  say('appends, one by one', appends / alone.seconds, 'ops/s')
  const together = await time(async () => {
    await Promise.all(keys.map(async (_, a) => {
      for (let i = 0; i < appends / AUTHORS; i++) await publish(a, i)
    }))
    await drain()
  })
  say('appends, 30 at once', appends / together.seconds, 'ops/s')

  let written = appends + AUTHORS * Math.ceil(appends / AUTHORS)
  for (; written < entries; written++) await publish(written % AUTHORS, written)
  await drain()

  let got = 0
  const took = await time(async () => {
    const whole = new Promise(resolve => to.db.onMsgAdded(() => {
      got++
      if (got === written) resolve()
    }))
    for (const key of keys) {
      from.ebt.request(key.id, true)
      to.ebt.request(key.id, true)
    }
    await promisify(to.connect)(from.getAddress('device'))
    await whole
    await promisify(to.db.onDrain)()
  })
  sayCatchup(written, took)
  process.exit(0)
}
