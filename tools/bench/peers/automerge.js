// automerge-repo: one document that 30 authors write, unsigned, synchronised between two repos in one process.
import * as Automerge from '@automerge/automerge'
import { NetworkAdapter, Repo } from '@automerge/automerge-repo'
import { AUTHORS, note, say, sayCatchup, time } from './measure.js'

// Two ends of a wire that counts what goes over it.
class Wire extends NetworkAdapter {
  static bytes = 0
  other = null
  isReady () { return true }
  whenReady () { return Promise.resolve() }
  connect (peerId, peerMetadata) {
    this.peerId = peerId
    this.peerMetadata = peerMetadata
  }

  meet () { this.emit('peer-candidate', { peerId: this.other.peerId, peerMetadata: this.other.peerMetadata }) }
  disconnect () {}
  send (message) {
    Wire.bytes += message.data ? message.data.byteLength : 0
    setImmediate(() => this.other.emit('message', message))
  }
}

export async function run (_, entries, appends) {
  const ends = [new Wire(), new Wire()]
  ends[0].other = ends[1]
  ends[1].other = ends[0]
  const from = new Repo({ network: [ends[0]], peerId: 'from', sharePolicy: async () => true })
  const to = new Repo({ network: [ends[1]], peerId: 'to', sharePolicy: async () => true })
  let doc = Automerge.from({ notes: [] })
  const write = (a, i) => {
    doc = Automerge.change(doc, d => { d.notes.push(note(a, i)) })
  }
  const alone = await time(async () => {
    for (let i = 0; i < appends; i++) write(0, i)
  })
  say('appends, one by one', appends / alone.seconds, 'ops/s')
  let written = appends
  for (let turn = 0; written < entries; turn++) {
    doc = Automerge.clone(doc, { actor: Buffer.alloc(16, 1 + turn % AUTHORS).toString('hex') })
    for (let i = 0; i < entries / AUTHORS && written < entries; i++, written++) write(turn % AUTHORS, i)
  }
  const handle = from.import(Automerge.save(doc))
  await handle.whenReady()
  const took = await time(async () => {
    ends[0].meet()
    ends[1].meet()
    const copy = await to.find(handle.url)
    while (copy.doc().notes.length < written) await new Promise(resolve => setTimeout(resolve, 5))
  })
  sayCatchup(written, took, Wire.bytes)
  process.exit(0)
}
