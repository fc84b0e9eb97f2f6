// Yjs: one document in memory that 30 authors write, unsigned and on no disk: an upper bound for JavaScript.
import * as Y from 'yjs'
import { AUTHORS, note, say, sayCatchup, time } from './measure.js'

export async function run (_, entries, appends) {
  const doc = new Y.Doc()
  const notes = doc.getArray('notes')
  const alone = await time(async () => {
    for (let i = 0; i < appends; i++) notes.push([note(0, i)])
  })
  say('appends, one by one', appends / alone.seconds, 'ops/s')
  let written = appends
  for (let turn = 0; written < entries; turn++) {
    doc.clientID = 1 + turn % AUTHORS
    for (let i = 0; i < 100 && written < entries; i++, written++) notes.push([note(turn % AUTHORS, i)])
  }
  const copy = new Y.Doc()
  let bytes = 0
  const took = await time(async () => {
    const update = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(copy))
    bytes = update.length
    Y.applyUpdate(copy, update)
  })
  if (copy.getArray('notes').length !== written) throw new Error('the copy is not whole')
  sayCatchup(written, took, bytes)
}
