// hypercore with corestore: signed append-only logs, one an author, replicated between two stores in one process.
import fs from 'node:fs'
import Corestore from 'corestore'
import { AUTHORS, note, say, sayCatchup, time } from './measure.js'

const BATCH = 100 // of one author's blocks are signed at once: the best that it offers

export async function run (folder, entries, appends) {
  const from = new Corestore(folder + '/from')
  const to = new Corestore(folder + '/to')
  const one = from.get({ name: 'one' })
  await one.ready()
  const alone = await time(async () => {
    for (let i = 0; i < appends; i++) await one.append(JSON.stringify(note(0, i)))
  })
  say('appends, one by one', appends / alone.seconds, 'ops/s')
  const many = []
  for (let a = 0; a < AUTHORS; a++) {
    many.push(from.get({ name: 'many' + a }))
    await many[a].ready()
  }
  const together = await time(() => Promise.all(many.map(async (core, a) => {
    for (let i = 0; i < appends / AUTHORS; i++) await core.append(JSON.stringify(note(a, i)))
  })))
  say('appends, 30 at once', appends / together.seconds, 'ops/s')

  const cores = []
  const each = Math.ceil(entries / AUTHORS)
  for (let a = 0; a < AUTHORS; a++) {
    cores.push(from.get({ name: 'author' + a }))
    await cores[a].ready()
    for (let i = 0; i < each; i += BATCH) {
      await cores[a].append(Array.from({ length: Math.min(BATCH, each - i) }, (_, k) => JSON.stringify(note(a, i + k))))
    }
  }
  let bytes = 0
  const copies = cores.map(core => to.get(core.key))
  await Promise.all(copies.map(core => core.ready()))
  const took = await time(async () => {
    const a = from.replicate(true)
    const b = to.replicate(false)
    a.on('data', data => { bytes += data.length })
    a.pipe(b).pipe(a)
    await Promise.all(copies.map(core => core.download({ start: 0, end: each }).done()))
  })
  for (const core of copies) {
    if (core.contiguousLength !== each) throw new Error('a core is not whole')
  }
  sayCatchup(each * AUTHORS, took, bytes)
  fs.rmSync(folder, { recursive: true })
  process.exit(0)
}
